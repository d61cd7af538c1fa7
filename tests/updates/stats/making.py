"""Events as tests need them."""

from ecrin.testing.clock import START
from ecrin.updates.apps.model import App, AppSettings
from ecrin.updates.stats.model import Delivery, Said

APP = App("com.example.notes", "default", "Notes", START, AppSettings(stats_per_minute=10_000_000))
ADDRESS = "198.51.100.7"


def ample(app_id: str) -> int:
    """Room for more devices than a test has."""
    return 1_000_000


def device(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012x}"


def delivery(
    *actions: str, by: int = 0, version: str = "1.2.0", at: int = START, platform: str = "ios", counted: bool = True
) -> Delivery:
    events = tuple(Said(action, version) for action in actions)
    return Delivery(APP.id, device(by), platform, "production", counted, at, events)

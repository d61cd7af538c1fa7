"""What a fleet is drawn from."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

PLATFORMS = {"android": 0.6, "ios": 0.4}


@dataclass(frozen=True, slots=True)
class Network:
    """How bad it is: the share (0 to 1) of requests that fail, and the seconds that one takes longer, at most.

    One failure in two is a request that never arrives, the other a reply that never comes back.
    """

    loss: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A fleet: `devices` installations of an app, all of them drawn from `seed`.

    `every` is the interval in seconds at which a device checks, `foregrounds` how often in that time, on average, its
    user opens the app besides, which makes it check too; `flush` is how often it tries to hand over its events, in
    seconds. `faults` is the share (0 to 1) of devices on which a version does not start. With `files` a device reads
    what it is offered, otherwise it takes the offer for the bundle.
    """

    app_id: str
    devices: int
    seed: int
    every: float = 60.0
    foregrounds: float = 1.0
    flush: float = 1.0
    native: str = "1.0.0"
    plugin: str = "8.51.23"
    network: Network = field(default_factory=Network)
    faults: Mapping[str, float] = field(default_factory=dict)
    files: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is drawn for a device: who it is, how many milliseconds its clock is off, when it checks (seconds)."""

    app_id: str
    device_id: str
    platform: str
    native: str
    plugin: str
    channel: str
    skew: int
    every: float
    foreground: float
    first: float


def draw(plan: Plan, number: int) -> tuple[Facts, random.Random]:
    """Return the device of a number, and the chance that it lives by."""
    chance = random.Random(f"{plan.seed}:{number}")  # noqa: S311  a simulation that can be repeated
    platform = chance.choices(list(PLATFORMS), list(PLATFORMS.values()))[0]
    spelled = str(UUID(int=chance.getrandbits(128), version=4))
    facts = Facts(
        app_id=plan.app_id,
        device_id=spelled.upper() if platform == "ios" else spelled,
        platform=platform,
        native=plan.native,
        plugin=plan.plugin,
        channel=plan.channel,
        skew=round(chance.gauss(0, 30_000)),
        every=plan.every * chance.uniform(0.9, 1.0),
        foreground=plan.every / plan.foregrounds if plan.foregrounds else 0.0,
        first=plan.every * chance.random(),
    )
    return facts, chance

"""An app: a reverse-domain id inside a project, and how its updates are kept and shown."""

from dataclasses import dataclass, field

from ecrin.base.clock import Instant


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What operators may set.

    `retention_days` is how long a bundle that nothing names is kept (0: for ever). `expose_metadata` shows link and
    comment of a bundle to devices. `stats_per_minute` is the quota of events (`stats.rules.weight`); more are refused.

    Anybody can invent devices: `max_devices` is how many are listed, `max_self_set` of how many the choice of a channel
    is kept. Those that are there go on; new ones are refused no update.
    """

    retention_days: int = 90
    expose_metadata: bool = False
    stats_per_minute: int = 60_000
    max_devices: int = 1_000_000
    max_self_set: int = 100_000


@dataclass(frozen=True, slots=True)
class App:
    """An app of a project."""

    id: str
    project_id: str
    name: str
    created_at: Instant
    settings: AppSettings = field(default_factory=AppSettings)

"""What devices say, and what is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from ecrin.base.clock import DAY, HOUR, MINUTE, Instant

STEPS = (MINUTE, HOUR, DAY)

# What is counted by the server itself: no client can say a name that begins with an asterisk.
INSTALLED = "*install"  # a version on a device for the first time
BROKEN = "*failure"  # a version that the bundle was to blame for on a device, for the first time
ACTIVE = "*active"  # a device on a day, in buckets of a day alone
OTHER = "other"  # unknown actions beyond those that an app may have


class Kind(StrEnum):
    """What became of a version on a device."""

    INSTALL = "install"
    FAILURE = "failure"  # the bundle is to blame: it counts for the automatic halt
    TROUBLE = "trouble"  # the network or the device is to blame, and it may come right


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event of a device about a version; `sent_at` is its own clock's, which is kept and not trusted.

    A struct and not a dataclass, for twenty thousand of them are made in a second.
    """

    action: str
    version: str
    old_version: str = ""
    sent_at: int | None = None
    metadata: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Delivery:
    """Events that a device handed over together; `counted` is whether it is a real device with a released build."""

    app_id: str
    device_id: str
    platform: str
    channel: str
    counted: bool
    at: Instant
    events: tuple[Said, ...]


CountKey = tuple[str, Instant, str, str, str, str]  # app, bucket of a minute, action, version, platform, channel
OutcomeKey = tuple[str, str, str, str]  # app, version, kind, device


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a version on a device, and how often it was said."""

    platform: str
    channel: str
    at: Instant
    times: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries made ready to be written in one unit."""

    deliveries: tuple[Delivery, ...]
    counts: Mapping[CountKey, int]
    outcomes: Mapping[OutcomeKey, Ended]


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """What became of a version in a period, in devices; `downloads` and `offers` are events.

    `attempts` is how many installed it or failed to; `failures` how many of them failed with it, or never got it.
    """

    version: str
    attempts: int
    installs: int
    failures: int
    downloads: int
    offers: int

    @property
    def success_rate(self) -> float | None:
        """Return the share of attempts without a failure, None where there was no attempt."""
        return 1 - self.failures / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True)
class Point:
    """A bucket of a time series."""

    at: Instant
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """How a version spread: since its first install, among the devices that were there since that day.

    `reached` is when 50, 90 and 95 percent of them had it, None where they have not; `curve` the devices that had it at
    the end of each bucket that begins at an instant.
    """

    version: str
    started_at: Instant | None
    active: int
    installed: int
    reached: Mapping[int, Instant | None]
    curve: tuple[tuple[Instant, int], ...]

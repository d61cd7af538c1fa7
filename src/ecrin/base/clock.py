"""Time as a value: whole milliseconds since the Unix epoch, in UTC.

Rules take an `Instant`; only the shell asks a `Clock` for one.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

Instant = int

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Where the shell gets the time from."""

    def now(self) -> Instant:
        """Return the current time in milliseconds since the epoch."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Instant:
        """Return the current time in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


def seconds(at: Instant) -> int:
    """Return whole seconds since the epoch, rounded down, as JWT's NumericDate wants (RFC 7519 §2)."""
    return at // SECOND


def rfc3339(at: Instant) -> str:
    """Return the instant as an RFC 3339 timestamp in UTC with milliseconds."""
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""How often the devices of one network may have something written for them.

It is counted by app and network address. Nothing that a client may choose for itself decides, as a device id would
(CVE-2026-56324): who invents another one gains nothing.
"""

from collections import Counter

from ecrin.auth.limits.rules import network
from ecrin.base.clock import MINUTE, Instant
from ecrin.updates.stats.quota import seconds_left
from ecrin.updates.stats.rules import floor
from ecrin.web.capgo.errors import TooManyChoices

MOST = 1000  # a minute


class Throttle:
    """Counts in memory, minute by minute: what is lost with the process is one of them."""

    def __init__(self) -> None:
        self._minute: Instant = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, app_id: str, address: str, now: Instant) -> None:
        """Count one more write; raises `TooManyChoices`. Loopback, which only this machine can use, is not limited."""
        source = network(address)
        if not source:
            return
        if (minute := floor(now, MINUTE)) != self._minute:
            self._minute = minute
            self._counts.clear()
        self._counts[app_id, source] += 1
        if self._counts[app_id, source] > MOST:
            raise TooManyChoices(seconds_left(now))

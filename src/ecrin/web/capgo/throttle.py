"""How often the devices of one network may have something written for them.

It is counted by app and network address. Nothing that a client may choose for itself decides, as a device id would
(CVE-2026-56324): who invents another one gains nothing.
"""

from ecrin.auth.limits.rules import Count, Limit, allowed, counted, network
from ecrin.base.clock import MINUTE, SECOND, Instant
from ecrin.web.capgo.errors import TooManyChoices

CHOICES = Limit("channel-choices", 1000, MINUTE)
MOST_KEPT = 10_000


class Throttle:
    """Counts in memory: what is lost with the process is one window."""

    def __init__(self, limit: Limit = CHOICES) -> None:
        self._limit = limit
        self._counts: dict[tuple[str, str], Count] = {}

    def count(self, app_id: str, address: str, now: Instant) -> None:
        """Count one more write; raises `TooManyChoices`. Loopback, which only this machine can use, is not limited."""
        source = network(address)
        if not source:
            return
        if len(self._counts) >= MOST_KEPT:
            self._counts = {key: c for key, c in self._counts.items() if c.resets_at > now}
        count = counted(self._counts.get((app_id, source)), self._limit, now)
        self._counts[app_id, source] = count
        if not allowed(count, self._limit):
            raise TooManyChoices(max(1, -(-(count.resets_at - now) // SECOND)))

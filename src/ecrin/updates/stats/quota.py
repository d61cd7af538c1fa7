"""How many events an app may send in a minute, on one node.

A client that is told 429 asks for nothing at all for a while, updates included, so that answer never depends on the app
id alone, which anybody can write: it goes to an address that has sent much of the flood. The others are told to come
back (503), which holds up their statistics only.
"""

from collections import Counter

from ecrin.base.clock import MINUTE, SECOND, Instant
from ecrin.errors import Overloaded
from ecrin.updates.errors import OverQuota
from ecrin.updates.stats.rules import floor

SHARE = 10  # an address with more than a tenth of the quota is part of the flood


class Quota:
    """Counts events (`rules.weight`) by app, and by app and address, minute by minute."""

    def __init__(self) -> None:
        self._minute: Instant = 0
        self._apps: Counter[str] = Counter()
        self._addresses: Counter[tuple[str, str]] = Counter()

    def take(self, app_id: str, address: str, events: int, most: int, now: Instant) -> None:
        """Count events of an app that may send `most` in a minute; what comes first in a minute is always taken.

        Raises `OverQuota` for an address that sent more than its share of too many, and `Overloaded` for the others.
        """
        if (minute := floor(now, MINUTE)) != self._minute:
            self._minute = minute
            self._apps.clear()
            self._addresses.clear()
        sender = app_id, address
        self._addresses[sender] += events
        if not self._apps[app_id] or self._apps[app_id] + events <= most:
            self._apps[app_id] += events
        elif self._addresses[sender] * SHARE > most:
            raise OverQuota(f"The app may send {most} events a minute.", retry_after=seconds_left(now))
        else:
            raise Overloaded("The app sends more events than it may; come back in the next minute.")


def seconds_left(now: Instant) -> int:
    """Return the seconds until the next minute begins, one at least."""
    return max(1, -(-(MINUTE - now % MINUTE) // SECOND))

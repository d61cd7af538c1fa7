"""When a letter is tried again, and when it is given up: at most 6 tries, within 24 hours, while its code is good."""

from ecrin.base.clock import DAY, HOUR, MINUTE, Instant

MAX_TRIES = 6
MAX_AGE = DAY
DELAYS = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR)  # after the first try, the second, ...


def last_moment(created_at: Instant, good_until: Instant | None) -> Instant:
    """Return until when a letter may be sent: a day, or as long as what it holds is good for anything."""
    return min(created_at + MAX_AGE, good_until) if good_until is not None else created_at + MAX_AGE


def may_try(attempts: int, good_until: Instant, now: Instant) -> bool:
    """Return whether a letter that was tried `attempts` times may be tried once more at `now`."""
    return attempts < MAX_TRIES and now < good_until


def next_try(attempts: int, good_until: Instant, now: Instant) -> Instant | None:
    """Return when to try again after the `attempts`-th try failed at `now`, or None to give up.

    `attempts` counts from 1. The delays grow, so an outage of minutes costs minutes and one of hours costs few tries.
    """
    if attempts >= MAX_TRIES:
        return None
    due = now + DELAYS[attempts - 1]
    return due if may_try(attempts, good_until, due) else None

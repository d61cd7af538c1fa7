"""What a vault decides: how long a failed try delays the next one, when the vault is wiped, when it locks itself.

Pure: moments and counts in, decisions out. NIST SP 800-63B-4 §3.2.10 wants guesses of a local secret bounded; attacks
A47 (a lock survives sleep, a set clock and a timer that starves) and A48 (the count survives kill -9, the delay grows).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ecrin.base.clock import MINUTE, SECOND
from ecrin.vault.device.model import Moment
from ecrin.vault.model import LockReason, Tries, VaultConfig

FREE_TRIES = 3
MAX_DELAY_MS = 5 * MINUTE


def delay_ms(failures: int) -> int:
    """Return how long the next try waits after so many failures in a row: 1 s after three, then twice as long each."""
    return 0 if failures < FREE_TRIES else min(SECOND << min(failures - FREE_TRIES, 30), MAX_DELAY_MS)


def elapsed_ms(since: Moment, now: Moment) -> int | None:
    """Return the time between two moments, sleep included, or None if a clock that was set back hides it.

    Within one boot the wall clock does not count; over a restart there is nothing else.
    """
    if since.boot == now.boot and now.since_boot_ms >= since.since_boot_ms:  # less is another boot, whatever it says
        return now.since_boot_ms - since.since_boot_ms
    return now.wall_ms - since.wall_ms if now.wall_ms >= since.wall_ms else None


def wait_ms(made: Tries, now: Moment) -> int:
    """Return how long the next try of a slot still has to wait; the whole delay if the clock was set back."""
    delay = delay_ms(made.failures)
    passed = elapsed_ms(made.last, now)
    return delay if passed is None else max(0, delay - passed)


def clock_was_set_back(made: Tries, now: Moment) -> bool:
    """Say whether the delay has to begin anew, for it could never end by the clock as it is."""
    return made.failures >= FREE_TRIES and elapsed_ms(made.last, now) is None


def counted(made: Tries, now: Moment) -> Tries:
    """Return the tries with one more, which is about to be made."""
    return Tries(made.failures + 1, now)


def attempts_left(made: Iterable[Tries], wipe_after: int | None) -> int | None:
    """Return how many tries are left before the vault is wiped, all slots together; None if it never is."""
    return None if wipe_after is None else max(0, wipe_after - sum(one.failures for one in made))


@dataclass(slots=True)
class Use:
    """When a vault that is open was last used, and since when the app is in the background."""

    last: Moment
    background: Moment | None = None


def lock_due(config: VaultConfig, use: Use, now: Moment) -> LockReason | None:
    """Return why the vault has to be locked now, or None."""
    if use.background is not None and _over(config.lock_after_background_ms, use.background, now):
        return LockReason.BACKGROUND
    return LockReason.IDLE if _over(config.lock_after_idle_ms, use.last, now) else None


def next_look_ms(config: VaultConfig, use: Use, now: Moment) -> int | None:
    """Return in how many milliseconds `lock_due` may say something else, or None if time changes nothing."""
    pairs = [(config.lock_after_idle_ms, use.last)]
    if use.background is not None:
        pairs.append((config.lock_after_background_ms, use.background))
    left = [limit - _passed(since, now) for limit, since in pairs if limit is not None]
    return max(0, min(left)) if left else None


def _over(limit: int | None, since: Moment, now: Moment) -> bool:
    return limit is not None and _passed(since, now) >= limit


def _passed(since: Moment, now: Moment) -> int:
    return max(0, now.since_boot_ms - since.since_boot_ms)  # within one process there is one boot

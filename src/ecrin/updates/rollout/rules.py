"""Who is in a rollout, and when it stops by itself. Pure.

A device's place is a hash of the rollout and the device, so every node knows it without asking: raising the share only
adds devices, and nobody flips back.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

from ecrin.base.clock import MINUTE, Instant
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.channels.rules import included
from ecrin.updates.errors import InvalidRollout, RolloutUnderWay
from ecrin.updates.rollout.model import WHOLE, Action, HaltPolicy, Rollout, Stage, State

HALTED = "halted: too many devices failed"
LONGEST = 366 * 24 * 60  # minutes
MANY = 10**9
MOST_SURE = 0.9999  # a confidence that is rounded to 1 has no z


@dataclass(frozen=True, slots=True)
class Tally:
    """What devices reported of a version within the window: `attempts` includes the failures.

    `cut` is whether reports of the app could not be taken lately, so that failures may be missing.
    """

    attempts: int
    failures: int
    cut: bool = False


def place(rollout_id: str, device_id: str) -> int:
    """Return a device's place in a rollout, 0 to 9999: it is in as soon as the share is greater."""
    digest = hashlib.sha256(f"{rollout_id}:{device_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % WHOLE


def takes(
    rollout: Rollout, device_id: str, version_name: str, custom_id: str, groups: Mapping[str, frozenset[str]]
) -> bool:
    """Return whether a device gets the rollout's bundle. One that reports it keeps it, paused or not."""
    if version_name == rollout.version:
        return True
    if rollout.state is not State.RUNNING or not included(rollout.audience, custom_id, groups):
        return False
    return place(rollout.id, device_id) < rollout.share_bps


def due_share(rollout: Rollout, now: Instant) -> int:
    """Return the share that the timetable wants by now; never less than it is."""
    minutes = (now - rollout.started_at - rollout.held_for) // MINUTE
    return max([rollout.share_bps, *(s.share_bps for s in rollout.stages if s.after_minutes <= minutes)])


def raised(rollout: Rollout, share_bps: int) -> Rollout:
    """Return the rollout with a greater share; raises `InvalidRollout` for one that is not, or beyond the whole."""
    if not rollout.share_bps < share_bps <= WHOLE:
        raise InvalidRollout("A share only grows, to 100 percent at most.")
    return replace(rollout, share_bps=share_bps)


def paused(rollout: Rollout, reason: str, now: Instant, *, halted: bool = False) -> Rollout:
    """Return the rollout as it admits nobody else; one that is paused stays as it is."""
    if rollout.state is State.PAUSED:
        return rollout
    return replace(rollout, state=State.PAUSED, reason=reason, paused_at=now, halted=halted)


def resumed(rollout: Rollout, now: Instant) -> Rollout:
    """Return the rollout as it goes on, its timetable where it stood; one that was halted has a while to cool."""
    if rollout.paused_at is None:
        return rollout
    return replace(
        rollout,
        state=State.RUNNING,
        reason="",
        paused_at=None,
        halted=False,
        held_for=rollout.held_for + max(0, now - rollout.paused_at),  # a clock may have been set back
        quiet_until=_cooled(rollout, now) if rollout.halted else rollout.quiet_until,
    )


def noted(rollout: Rollout, reason: str, now: Instant) -> Rollout:
    """Return the rollout with what its policy has to say, which is not said again for a while."""
    return replace(rollout, reason=reason, quiet_until=_cooled(rollout, now))


def ended(rollout: Rollout, state: State, reason: str, now: Instant) -> Rollout:
    """Return the rollout as it ended."""
    return replace(rollout, state=state, reason=reason, ended_at=now)


def check_free(app_id: str, channel: str, version: str, *, end: bool) -> None:
    """Raise `RolloutUnderWay` for a channel that would be pointed elsewhere under its rollout of `version`.

    Every device outside the rollout would move at once, and taking the rollout back would lead to a bundle that it did
    not begin from. `end` is whether the caller said that the rollout ends with it.
    """
    if not end:
        raise RolloutUnderWay(
            f"A rollout of {version} is under way on {channel}; the channel keeps its bundle until that has ended.",
            hint=f"End it first: `ecrin rollout promote {channel} --app {app_id}` or"
            f" `ecrin rollout rollback {channel} --app {app_id}`; or say --end-rollout.",
        )


def giving_way(rollout: Rollout, channel: str, to: str | None, now: Instant, *, end: bool) -> Rollout:
    """Return the rollout as it ends because its channel is pointed at `to`; raises as `check_free`."""
    check_free(rollout.app_id, channel, rollout.version, end=end)
    if to == rollout.version:
        return ended(rollout, State.PROMOTED, "", now)
    return ended(rollout, State.ROLLED_BACK, f"the channel was pointed at {to or 'nothing'}", now)


def end(rollout: Rollout, stable: str | None, to: str | None) -> str | None:
    """Return what the channel points at from now on: `stable` as long as the rollout has not ended."""
    if rollout.state is State.PROMOTED:
        return rollout.version
    if rollout.state is State.ROLLED_BACK:
        return to or stable or BUILTIN
    return stable


def halted(rollout: Rollout, now: Instant) -> Rollout:
    """Return the rollout after its policy found that too many devices failed."""
    if rollout.halt.action is Action.ROLL_BACK:
        return ended(rollout, State.ROLLED_BACK, HALTED, now)
    if rollout.halt.action is Action.PAUSE:
        return paused(rollout, HALTED, now, halted=True)
    return noted(rollout, HALTED, now)


def check_plan(share_bps: int, stages: Sequence[Stage], halt: HaltPolicy) -> None:
    """Raise `InvalidRollout` for shares, a timetable or a policy that make no sense."""
    shares = [share_bps, *(s.share_bps for s in stages)]
    if not all(0 <= share <= WHOLE for share in shares) or sorted(shares) != shares:
        raise InvalidRollout("Shares are 0 to 100 percent and only grow.")
    times = [s.after_minutes for s in stages]
    if not all(0 <= t <= LONGEST for t in times) or sorted(set(times)) != times:
        raise InvalidRollout("The stages of a timetable follow each other, within a year.")
    rates = 0 < halt.failure_rate_bps <= WHOLE and 0.5 <= halt.confidence <= MOST_SURE
    times = [halt.window_minutes, halt.cooldown_minutes + 1]
    numbers = [halt.min_attempts, halt.min_failures]
    if not rates or not all(0 < t <= LONGEST for t in times) or not all(0 < n <= MANY for n in numbers):
        raise InvalidRollout("The policy for halting has a number that is out of range.")


def wilson_lower(failures: int, attempts: int, confidence: float) -> float:
    """Return the lower bound of the failure rate (Wilson score interval, two-sided at `confidence`); 0 for no try."""
    if attempts == 0:
        return 0.0
    z, rate = _z(confidence), failures / attempts
    middle = rate + z * z / (2 * attempts)
    spread = z * math.sqrt(rate * (1 - rate) / attempts + z * z / (4 * attempts * attempts))
    return max(0.0, (middle - spread) / (1 + z * z / attempts))


def window(rollout: Rollout, now: Instant) -> Instant:
    """Return the instant from which on reports count; a start that lies ahead, by a clock set back, limits nothing."""
    first = now - rollout.halt.window_minutes * MINUTE
    return rollout.started_at if first < rollout.started_at <= now else first


def must_halt(rollout: Rollout, tally: Tally, now: Instant) -> bool:
    """Return whether what was reported within the window is enough to stop."""
    policy, quiet = rollout.halt, rollout.quiet_until - now
    if not policy.enabled or rollout.state is not State.RUNNING or 0 < quiet <= policy.cooldown_minutes * MINUTE:
        return False
    if tally.attempts < policy.min_attempts or tally.failures < policy.min_failures:
        return False
    return wilson_lower(tally.failures, tally.attempts, policy.confidence) * WHOLE >= policy.failure_rate_bps


def _cooled(rollout: Rollout, now: Instant) -> Instant:
    return now + rollout.halt.cooldown_minutes * MINUTE


@lru_cache
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)

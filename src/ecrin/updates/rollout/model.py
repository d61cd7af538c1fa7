"""A rollout: the move of a channel from its stable bundle to the next, by share of devices."""

from dataclasses import dataclass, field
from enum import StrEnum

from ecrin.base.clock import Instant
from ecrin.base.events import RolloutChanged
from ecrin.updates.channels.model import Audience

WHOLE = 10_000  # basis points


class State(StrEnum):
    """Where a rollout stands; the last two are ends."""

    RUNNING = "running"
    PAUSED = "paused"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


class Action(StrEnum):
    """What an automatic halt does."""

    PAUSE = "pause"
    ROLL_BACK = "rollback"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Stage:
    """Once it has run for `after_minutes` (pauses do not count), the share is at least `share_bps`."""

    after_minutes: int
    share_bps: int


@dataclass(frozen=True, slots=True)
class HaltPolicy:
    """When a rollout stops by itself: the Wilson lower bound of the failure rate reaches `failure_rate_bps`.

    For `cooldown_minutes` after somebody resumed it all the same, or after `notify`, it does not.
    """

    enabled: bool = True
    window_minutes: int = 60
    failure_rate_bps: int = 500
    confidence: float = 0.95
    min_attempts: int = 50
    min_failures: int = 5
    action: Action = Action.PAUSE
    cooldown_minutes: int = 60


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout of one channel (its number) to `version`; `previous` is the stable bundle when it began.

    `halted` says that it was paused by its policy and not by somebody; `held_for` is how long it was paused in all
    (ms), the pause that lasts since `paused_at` left out; before `quiet_until` it does not halt.
    """

    id: str
    app_id: str
    channel: int
    version: str
    previous: str | None
    started_at: Instant
    changed_at: Instant
    state: State = State.RUNNING
    share_bps: int = 0
    stages: tuple[Stage, ...] = ()
    halt: HaltPolicy = field(default_factory=HaltPolicy)
    audience: Audience = field(default_factory=Audience)
    reason: str = ""
    paused_at: Instant | None = None
    halted: bool = False
    held_for: int = 0
    quiet_until: Instant = 0
    ended_at: Instant | None = None

    @property
    def under_way(self) -> bool:
        """Return whether devices may still be on it because of it."""
        return self.ended_at is None

    def event(self, project_id: str, channel: str) -> RolloutChanged:
        """Return what is told of it; `channel` is the name."""
        return RolloutChanged(
            project_id, self.app_id, channel, self.id, self.version, self.state, self.share_bps, self.reason
        )

"""/api/v1/apps/{app}/channels/{channel}/rollout: the move of a channel to its next bundle, by share of devices."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from ecrin.errors import InvalidRequest
from ecrin.updates.channels import rules as channel_rules
from ecrin.updates.errors import InvalidRollout
from ecrin.updates.rollout.model import Action, HaltPolicy, Rollout, Stage, State
from ecrin.updates.rollout.service import RolloutService
from ecrin.web.api.channels import CHANNEL, MANY
from ecrin.web.api.units import BasisPoints, Minutes, Percent, Rate, Time, Version
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import APP_READ, APP_UPLOAD, Route

ROLLOUT = f"{CHANNEL}/rollout"
Reason = Annotated[str, msgspec.Meta(max_length=500)]


class Share(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A share of devices, in percent (two decimals) or in basis points; one of the two."""

    share_percent: float | UnsetType = UNSET
    share_bps: int | UnsetType = UNSET


class StageFields(Share, kw_only=True):
    """A stage of the timetable: the share once the rollout has run for so many minutes."""

    after_minutes: int


class Halt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """When a rollout stops by itself, and how."""

    enabled: bool = True
    window_minutes: int = 60
    failure_rate_bps: int = 500
    confidence: float = 0.95
    min_attempts: int = 50
    min_failures: int = 5
    action: Action = Action.PAUSE
    cooldown_minutes: int = 60


class NewRollout(Share, kw_only=True):
    """A rollout to start; without a share it begins at nothing, for its timetable or for later."""

    version: str
    stages: list[StageFields] = []
    halt: Halt = msgspec.field(default_factory=Halt)
    audience_custom_ids: list[str] = []
    audience_groups: list[str] = []


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """What to note down as the reason."""

    reason: Reason = ""


class BackTo(msgspec.Struct, forbid_unknown_fields=True):
    """The bundle to go back to, or `builtin`; without it the stable bundle of the channel."""

    version: str | None = None
    reason: Reason = ""


class StageShown(msgspec.Struct):
    """A stage of the timetable."""

    after_minutes: Annotated[Minutes, msgspec.Meta(description="Minutes that the rollout ran; pauses do not count.")]
    share_percent: Percent
    share_bps: BasisPoints


class HaltShown(msgspec.Struct, kw_only=True):
    """When the rollout stops by itself, and how."""

    enabled: bool
    window_minutes: Minutes
    failure_rate_bps: Annotated[BasisPoints, msgspec.Meta(description="Hundredths of a percent of devices.")]
    confidence: Rate
    min_attempts: Annotated[int, msgspec.Meta(description="Devices.")]
    min_failures: Annotated[int, msgspec.Meta(description="Devices.")]
    action: Action
    cooldown_minutes: Minutes


class RolloutShown(msgspec.Struct, kw_only=True):
    """A rollout: `previous` is the channel's bundle when it began, `halted` whether it was paused by its policy."""

    id: str
    channel: str
    version: str
    previous: Version | None
    state: State
    share_percent: Percent
    share_bps: BasisPoints
    stages: list[StageShown]
    halt: HaltShown
    audience_custom_ids: list[str]
    audience_groups: list[str]
    reason: str
    halted: bool
    started_at: Time
    changed_at: Time
    paused_at: Time | None
    quiet_until: Time | None
    ended_at: Time | None


class RolloutList(msgspec.Struct):
    """The rollout that is under way, or null, and those that have ended, the newest first."""

    rollout: RolloutShown | None
    ended: list[RolloutShown]


class RolloutEndpoints:
    """Start, follow, move and end rollouts. Each is a move among bundles, so `upload` is enough."""

    def __init__(self, rollouts: RolloutService) -> None:
        self._rollouts = rollouts

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", ROLLOUT, APP_READ, self.show, reply=RolloutList),
            Route("POST", ROLLOUT, APP_UPLOAD, self.start, NewRollout, MANY, reply=RolloutShown, status=201),
            Route("POST", f"{ROLLOUT}:raise", APP_UPLOAD, self.raise_share, Share, reply=RolloutShown),
            Route("POST", f"{ROLLOUT}:pause", APP_UPLOAD, self.pause, Why, reply=RolloutShown),
            Route("POST", f"{ROLLOUT}:resume", APP_UPLOAD, self.resume, reply=RolloutShown),
            Route("POST", f"{ROLLOUT}:promote", APP_UPLOAD, self.promote, reply=RolloutShown),
            Route("POST", f"{ROLLOUT}:rollback", APP_UPLOAD, self.roll_back, BackTo, reply=RolloutShown),
        ]

    async def show(self, call: Call) -> Reply:
        """Return the rollout of a channel that is under way, and those before."""
        found = await self._rollouts.history(*_line(call))
        all_shown = [shown(r, call.params["channel"]) for r in found]
        ended = [view for view, rollout in zip(all_shown, found, strict=True) if not rollout.under_way]
        current = next((view for view, rollout in zip(all_shown, found, strict=True) if rollout.under_way), None)
        return json_reply(RolloutList(current, ended))

    async def start(self, call: Call) -> Reply:
        """Begin to move a channel to a bundle."""
        body: NewRollout = call.body
        made = await self._rollouts.start(
            *_line(call),
            body.version,
            call.origin,
            share_bps=_bps(body, 0),
            stages=tuple(Stage(s.after_minutes, _bps(s)) for s in body.stages),
            halt=HaltPolicy(**msgspec.structs.asdict(body.halt)),
            audience=channel_rules.audience(body.audience_custom_ids, body.audience_groups),
        )
        return json_reply(shown(made, call.params["channel"]), 201)

    async def raise_share(self, call: Call) -> Reply:
        """Let more devices in; a share is never lowered."""
        return self._shown(call, await self._rollouts.raise_share(*_line(call), _bps(call.body), call.origin))

    async def pause(self, call: Call) -> Reply:
        """Let nobody else in; devices that have the bundle keep it."""
        return self._shown(call, await self._rollouts.pause(*_line(call), call.origin, call.body.reason))

    async def resume(self, call: Call) -> Reply:
        """Go on after a pause."""
        return self._shown(call, await self._rollouts.resume(*_line(call), call.origin))

    async def promote(self, call: Call) -> Reply:
        """Make the rollout's bundle the stable one of the channel."""
        return self._shown(call, await self._rollouts.promote(*_line(call), call.origin))

    async def roll_back(self, call: Call) -> Reply:
        """End the rollout and take its bundle back."""
        body: BackTo = call.body
        made = await self._rollouts.roll_back(*_line(call), call.origin, to=body.version, reason=body.reason)
        return self._shown(call, made)

    def _shown(self, call: Call, rollout: Rollout) -> Reply:
        return json_reply(shown(rollout, call.params["channel"]))


def shown(rollout: Rollout, channel: str) -> RolloutShown:
    """Return a rollout as the API shows it."""
    policy: dict[str, Any] = {name: getattr(rollout.halt, name) for name in HaltShown.__struct_fields__}
    return RolloutShown(
        id=rollout.id,
        channel=channel,
        version=rollout.version,
        previous=rollout.previous,
        state=rollout.state,
        share_percent=rollout.share_bps / 100,
        share_bps=rollout.share_bps,
        stages=[StageShown(s.after_minutes, s.share_bps / 100, s.share_bps) for s in rollout.stages],
        halt=HaltShown(**policy),
        audience_custom_ids=sorted(rollout.audience.custom_ids),
        audience_groups=sorted(rollout.audience.groups),
        reason=rollout.reason,
        halted=rollout.halted,
        started_at=rollout.started_at,
        changed_at=rollout.changed_at,
        paused_at=rollout.paused_at,
        quiet_until=rollout.quiet_until or None,
        ended_at=rollout.ended_at,
    )


def _line(call: Call) -> tuple[str, str]:
    return call.params["app"], call.params["channel"]


def _bps(share: Share, unsaid: int | None = None) -> int:
    """Return a share in basis points; raises `InvalidRequest` where it is said twice, not at all, or too finely."""
    percent, bps = share.share_percent, share.share_bps
    if percent is not UNSET and bps is not UNSET:
        raise InvalidRequest("Say share_percent or share_bps, not both.")
    if bps is not UNSET:
        return bps
    if percent is UNSET:
        if unsaid is None:
            raise InvalidRequest("Say the share by share_percent or share_bps.")
        return unsaid
    if not 0 <= percent <= 100:
        raise InvalidRollout("Shares are 0 to 100 percent.")
    found = round(percent * 100)
    if abs(percent * 100 - found) > 1e-6:
        raise InvalidRequest("A share has two decimals of a percent at most.")
    return found

"""The verbs of rollouts. What a rollout does by itself (`tick`) is the same verbs, by the system."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from ecrin.base.clock import Clock, Instant
from ecrin.base.events import Events
from ecrin.base.origin import SYSTEM, Origin
from ecrin.errors import Conflict, EcrinError
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.service import AppService, Changed
from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.channels import store as channels
from ecrin.updates.channels.model import Audience, Channel
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.errors import BundleNotFound, InvalidRollout, NoRollout, RolloutUnderWay
from ecrin.updates.rollout import rules, store
from ecrin.updates.rollout.model import HaltPolicy, Rollout, Stage, State
from ecrin.updates.rollout.rules import Tally

Counts = Callable[[Rollout, Instant], Awaitable[Tally]]  # what devices reported of its version since an instant
_Step = Callable[[Rollout, Instant], Rollout]
log = structlog.get_logger("ecrin.rollouts")


class RolloutService:
    """Starts, moves and ends rollouts; `changed` is told after each commit."""

    def __init__(
        self,
        database: Database,
        apps: AppService,
        channels: ChannelService,
        events: Events[Tx],
        clock: Clock,
        changed: Changed,
    ) -> None:
        self._database = database
        self._apps = apps
        self._channels = channels
        self._events = events
        self._clock = clock
        self._changed = changed

    async def history(self, app_id: str, channel: str) -> list[Rollout]:
        """Return the rollouts of a channel, the newest first; raises `ChannelNotFound`."""

        async def unit(tx: Tx) -> list[Rollout]:
            found = await self._channels.get_in(tx, app_id, channel)
            return await store.history(tx, app_id, found.number)

        return await self._database.scan(unit)

    async def under_way(self, app_id: str) -> dict[int, Rollout]:
        """Return the rollouts of an app that have not ended, by the numbers of their channels."""
        return {rollout.channel: rollout for rollout in await self._database.scan(lambda tx: store.of_app(tx, app_id))}

    async def current(self, app_id: str, channel: str) -> Rollout:
        """Return the rollout of a channel that is under way; raises `ChannelNotFound` and `NoRollout`."""

        async def unit(tx: Tx) -> Rollout:
            return await self._current_in(tx, await self._channels.get_in(tx, app_id, channel))

        return await self._database.scan(unit)

    async def start(
        self,
        app_id: str,
        channel: str,
        version: str,
        by: Origin,
        *,
        share_bps: int,
        stages: tuple[Stage, ...] = (),
        halt: HaltPolicy | None = None,
        audience: Audience | None = None,
    ) -> Rollout:
        """Begin to move a channel to a bundle.

        Raises `ChannelNotFound`, `BundleNotFound`, `InvalidRollout`, and `RolloutUnderWay` while another one is.
        """
        now, halt = self._clock.now(), halt or HaltPolicy()
        rules.check_plan(share_bps, stages, halt)

        async def unit(tx: Tx) -> Rollout:
            app = await self._apps.get_in(tx, app_id)
            found = await self._channels.get_in(tx, app_id, channel)
            await self._require(tx, app_id, version)
            if version == found.version:
                raise InvalidRollout(f"{version} is what the channel has already.")
            rollout = Rollout(
                id=secrets.token_hex(16),
                app_id=app_id,
                channel=found.number,
                version=version,
                previous=found.version,
                started_at=now,
                changed_at=now,
                share_bps=share_bps,
                stages=stages,
                halt=halt,
                audience=audience or Audience(),
            )
            await store.insert(tx, rollout)
            await self._events.emit(tx, rollout.event(app.project_id, channel), by, now)
            return rollout

        try:
            rollout = await self._database.write(unit)
        except Conflict:
            raise RolloutUnderWay from None
        await self._changed(app_id)
        return rollout

    async def raise_share(self, app_id: str, channel: str, share_bps: int, by: Origin) -> Rollout:
        """Let more devices in; raises `NoRollout`, and `InvalidRollout` for a share that is not greater."""
        return await self._move(app_id, channel, by, lambda r, _: rules.raised(r, share_bps))

    async def pause(self, app_id: str, channel: str, by: Origin, reason: str = "") -> Rollout:
        """Let nobody else in; who has it keeps it. Raises `NoRollout`."""
        return await self._move(app_id, channel, by, lambda r, now: rules.paused(r, reason, now))

    async def resume(self, app_id: str, channel: str, by: Origin) -> Rollout:
        """Go on after a pause; raises `NoRollout`."""
        return await self._move(app_id, channel, by, rules.resumed)

    async def promote(self, app_id: str, channel: str, by: Origin) -> Rollout:
        """Make the rollout's bundle the stable one of its channel; raises `NoRollout`."""

        def step(rollout: Rollout, now: Instant) -> Rollout:
            return rules.ended(rollout, State.PROMOTED, "", now)

        return await self._move(app_id, channel, by, step)

    async def roll_back(
        self, app_id: str, channel: str, by: Origin, *, to: str | None = None, reason: str = ""
    ) -> Rollout:
        """End the rollout; its devices go back to the stable bundle, or to the bundle (or `builtin`) that `to` names.

        A channel without a stable bundle points at `builtin` then, for otherwise they would keep what was taken back.
        Raises `NoRollout`, `BundleNotFound`, and `InvalidRollout` for going back to what is taken back.
        """

        def step(rollout: Rollout, now: Instant) -> Rollout:
            if to == rollout.version:
                raise InvalidRollout(f"{to} is what is being taken back.")
            return rules.ended(rollout, State.ROLLED_BACK, reason, now)

        return await self._move(app_id, channel, by, step, to)

    async def tick(self, counts: Counts) -> None:
        """Do what is due: halts, and stages of the timetable. One that cannot be judged holds no other up."""
        for rollout in await self._database.scan(store.running):
            try:
                await self._tick(rollout, counts)
            except EcrinError as error:
                log.warning("a rollout was not judged", rollout=rollout.id, code=error.code, detail=str(error))
            except Exception:
                log.exception("a rollout was not judged", rollout=rollout.id)

    async def _tick(self, rollout: Rollout, counts: Counts) -> None:
        now = self._clock.now()
        tally = await counts(rollout, rules.window(rollout, now))
        share = rules.due_share(rollout, now)
        if rules.must_halt(rollout, tally, now):
            await self._by_itself(rollout, rules.halted)
        elif share > rollout.share_bps and not tally.cut:
            await self._by_itself(rollout, lambda r, _: rules.raised(r, share))

    async def _by_itself(self, seen: Rollout, step: _Step) -> None:
        """Take a step unless somebody ended the rollout or moved it meanwhile."""
        now = self._clock.now()

        async def unit(tx: Tx) -> bool:
            channel = await channels.by_number(tx, seen.app_id, seen.channel)
            if channel is None or await store.under_way(tx, seen.app_id, seen.channel) != seen:
                return False
            await self._step_in(tx, channel, seen, step, None, SYSTEM, now)
            return True

        if await self._database.write(unit):
            await self._changed(seen.app_id)

    async def _move(self, app_id: str, channel: str, by: Origin, step: _Step, to: str | None = None) -> Rollout:
        now = self._clock.now()

        async def unit(tx: Tx) -> Rollout:
            found = await self._channels.get_in(tx, app_id, channel)
            current = await self._current_in(tx, found)
            return await self._step_in(tx, found, current, step, to, by, now)

        rollout = await self._database.write(unit)
        await self._changed(app_id)
        return rollout

    async def _current_in(self, tx: Tx, channel: Channel) -> Rollout:
        current = await store.under_way(tx, channel.app_id, channel.number)
        if current is None:
            raise NoRollout
        return current

    async def _step_in(
        self, tx: Tx, channel: Channel, current: Rollout, step: _Step, to: str | None, by: Origin, now: Instant
    ) -> Rollout:
        """Take a step, and point the channel where it leads if it ends the rollout."""
        after = step(current, now)
        if after == current:
            return current
        after = replace(after, changed_at=now)
        await store.update(tx, after)
        app = await self._apps.get_in(tx, channel.app_id)
        end = rules.end(after, channel.version, to)
        if end != channel.version:
            await self._require(tx, channel.app_id, end)
            await self._channels.point_in(tx, app, channel, end, by, now)
        await self._events.emit(tx, after.event(app.project_id, channel.name), by, now)
        return after

    async def _require(self, tx: Tx, app_id: str, version: str | None) -> None:
        if version not in {None, BUILTIN} and await bundles.by_version(tx, app_id, version or "") is None:
            raise BundleNotFound(f"There is no bundle {version}.")

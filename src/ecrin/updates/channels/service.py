"""The verbs of channels and of the groups that audiences name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from ecrin.base.clock import Clock, Instant
from ecrin.base.events import ChannelCreated, ChannelDeleted, ChannelUpdated, Events, GroupUpdated
from ecrin.base.origin import Origin
from ecrin.errors import Conflict
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.service import AppService, Changed
from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.channels import rules, store
from ecrin.updates.channels.model import Channel, ChannelSettings
from ecrin.updates.channels.ports import Hold
from ecrin.updates.errors import BundleNotFound, ChannelExists, ChannelNotFound

FIRST = "production"


class ChannelService:
    """Creates, changes, points and removes channels; `changed` is told after each commit."""

    def __init__(
        self, database: Database, apps: AppService, events: Events[Tx], clock: Clock, changed: Changed, hold: Hold
    ) -> None:
        self._database = database
        self._apps = apps
        self._events = events
        self._clock = clock
        self._changed = changed
        self._hold = hold

    async def all(self, app_id: str) -> list[Channel]:
        """Return an app's channels by name."""
        return await self._database.scan(lambda tx: store.of_app(tx, app_id))

    async def get(self, app_id: str, name: str) -> Channel:
        """Return a channel; raises `ChannelNotFound`."""
        return await self._database.glance(lambda tx: self.get_in(tx, app_id, name))

    async def get_in(self, tx: Tx, app_id: str, name: str) -> Channel:
        """Return a channel as the unit sees it; raises `ChannelNotFound`."""
        channel = await store.by_name(tx, app_id, name)
        if channel is None:
            raise ChannelNotFound
        return channel

    async def create(
        self,
        app_id: str,
        name: str,
        by: Origin,
        changes: Mapping[str, object] = rules.NOTHING,
        version: str | None = None,
    ) -> Channel:
        """Create a channel; raises `InvalidChannelName`, `ChannelExists`, `BundleNotFound` and as `rules.changed`."""
        now = self._clock.now()

        async def unit(tx: Tx) -> Channel:
            app = await self._apps.get_in(tx, app_id)
            settings = rules.changed(ChannelSettings(), changes)
            return await self.create_in(tx, app, name, by, now, settings, version)

        try:
            channel = await self._database.write(unit)
        except Conflict:
            raise ChannelExists from None
        await self._changed(app_id)
        return channel

    async def create_in(
        self,
        tx: Tx,
        app: App,
        name: str,
        by: Origin,
        now: Instant,
        settings: ChannelSettings,
        version: str | None = None,
    ) -> Channel:
        """Create a channel in the caller's unit."""
        rules.check_name(name)
        await self._require(tx, app.id, version)
        channel = await store.insert(tx, Channel(app.id, 0, name, now, version, settings))
        await self._events.emit(tx, ChannelCreated(app.project_id, app.id, name), by, now)
        return channel

    async def first_in(self, tx: Tx, app: App, by: Origin) -> None:
        """Make the channel `production`, the public default of a new app."""
        await self.create_in(tx, app, FIRST, by, app.created_at, ChannelSettings(public=True))

    async def update(
        self, app_id: str, name: str, by: Origin, changes: Mapping[str, object], *, end_rollout: bool = False
    ) -> Channel:
        """Change settings by name, and what the channel points at by `version`; `end_rollout` ends its rollout.

        Raises `ChannelNotFound`, `BundleNotFound`, `RolloutUnderWay`, and as `rules.changed`.
        """
        now = self._clock.now()
        settings = {key: value for key, value in changes.items() if key != "version"}

        async def unit(tx: Tx) -> Channel:
            app = await self._apps.get_in(tx, app_id)
            channel = await self.get_in(tx, app_id, name)
            version = cast("str | None", changes.get("version", channel.version))
            after = replace(channel, version=version, settings=rules.changed(channel.settings, settings))
            if version != channel.version:
                await self._require(tx, app_id, version)
            if version != channel.version or end_rollout:
                await self._hold.release(tx, app, channel, version, by, now, end=end_rollout)
            await store.update(tx, after)
            await self._events.emit(tx, ChannelUpdated(app.project_id, app_id, name, tuple(sorted(changes))), by, now)
            return after

        channel = await self._database.write(unit)
        await self._changed(app_id)
        return channel

    async def point(self, app_id: str, name: str, version: str | None, by: Origin) -> Channel:
        """Point a channel at a bundle, at `builtin`, or at nothing; raises as `update`."""
        return await self.update(app_id, name, by, {"version": version})

    async def point_in(
        self,
        tx: Tx,
        app: App,
        channel: Channel,
        version: str | None,
        by: Origin,
        now: Instant,
        *,
        end_rollout: bool = False,
    ) -> Channel:
        """Point a channel in the caller's unit, which knows that the bundle is there; raises `RolloutUnderWay`."""
        await self._hold.release(tx, app, channel, version, by, now, end=end_rollout)
        after = replace(channel, version=version)
        await store.update(tx, after)
        await self._events.emit(tx, ChannelUpdated(app.project_id, app.id, channel.name, ("version",)), by, now)
        return after

    async def delete(self, app_id: str, name: str, by: Origin) -> None:
        """Remove a channel; devices that follow it find the public one. Raises `ChannelNotFound`."""
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            app = await self._apps.get_in(tx, app_id)
            await store.delete(tx, await self.get_in(tx, app_id, name))
            await self._events.emit(tx, ChannelDeleted(app.project_id, app_id, name), by, now)

        await self._database.write(unit)
        await self._changed(app_id)

    async def groups(self, app_id: str) -> dict[str, frozenset[str]]:
        """Return the custom ids of each group."""
        return await self._database.scan(lambda tx: store.groups(tx, app_id))

    async def set_group(self, app_id: str, name: str, members: Iterable[str], by: Origin) -> frozenset[str]:
        """Replace the members of a group; raises `InvalidChannelName` and `InvalidRequest`."""
        rules.check_name(name)
        found, now = rules.custom_ids_of(members), self._clock.now()

        async def unit(tx: Tx) -> None:
            app = await self._apps.get_in(tx, app_id)
            await store.set_group(tx, app_id, name, found)
            await self._events.emit(tx, GroupUpdated(app.project_id, app_id, name, len(found)), by, now)

        await self._database.write(unit)
        await self._changed(app_id)
        return found

    async def _require(self, tx: Tx, app_id: str, version: str | None) -> None:
        if version not in {None, BUILTIN} and await bundles.by_version(tx, app_id, version or "") is None:
            raise BundleNotFound(f"There is no bundle {version}.")

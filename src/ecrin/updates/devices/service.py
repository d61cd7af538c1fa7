"""The verbs of devices: put one on a channel, take it off again."""

from collections.abc import Awaitable, Callable

from ecrin.base.clock import DAY, Clock
from ecrin.base.events import DeviceMoved, Events
from ecrin.base.origin import Origin
from ecrin.errors import NotFound
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.service import AppService
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.devices import rules, store
from ecrin.updates.devices.model import Override
from ecrin.updates.errors import DeviceHeld

SELF_SET_FOR = 90 * DAY
Moved = Callable[[str, str], Awaitable[None]]  # told app and device after a commit that concerns this device alone


class DeviceService:
    """Overrides of devices; `moved` is told after each commit."""

    def __init__(
        self,
        database: Database,
        apps: AppService,
        channels: ChannelService,
        events: Events[Tx],
        clock: Clock,
        moved: Moved,
    ) -> None:
        self._database = database
        self._apps = apps
        self._channels = channels
        self._events = events
        self._clock = clock
        self._moved = moved

    async def overrides(self, app_id: str) -> list[Override]:
        """Return an app's overrides."""
        return await self._database.scan(lambda tx: store.of_app(tx, app_id))

    async def page(self, app_id: str, after: str, limit: int) -> list[Override]:
        """Return overrides that hold, of devices whose ids come after one, in the order of their ids."""
        now = self._clock.now()
        return await self._database.scan(lambda tx: store.after(tx, app_id, after, now, limit))

    async def between(self, app_id: str, first: str, last: str) -> dict[str, Override]:
        """Return the overrides that hold by device, of devices from one id to another."""
        now = self._clock.now()
        found = await self._database.scan(lambda tx: store.between(tx, app_id, first, last, now))
        return {override.device_id: override for override in found}

    async def put(self, app_id: str, device_id: str, channel: str, by: Origin) -> Override:
        """Put a device on a channel for good.

        Raises `InvalidRequest` for what is no device id, `AppNotFound`, `ChannelNotFound`.
        """
        device_id, now = rules.device_id(device_id), self._clock.now()

        async def unit(tx: Tx) -> Override:
            app = await self._apps.get_in(tx, app_id)
            found = await self._channels.get_in(tx, app_id, channel)
            override = Override(app_id, device_id, found.number, self_set=False, set_at=now)
            await store.save(tx, override)
            await self._events.emit(tx, DeviceMoved(app.project_id, app_id, device_id, channel), by, now)
            return override

        override = await self._database.write(unit)
        await self._moved(app_id, device_id)
        return override

    async def take_off(self, app_id: str, device_id: str, by: Origin) -> None:
        """Let a device follow what it asks for again; raises `NotFound` where it was not put anywhere."""
        device_id, now = rules.device_id(device_id), self._clock.now()

        async def unit(tx: Tx) -> None:
            app = await self._apps.get_in(tx, app_id)
            if not await store.delete(tx, app_id, device_id):
                raise NotFound("The device was not put on a channel.")
            await self._events.emit(tx, DeviceMoved(app.project_id, app_id, device_id, ""), by, now)

        await self._database.write(unit)
        await self._moved(app_id, device_id)

    async def choose(self, app_id: str, device_id: str, channel: str) -> None:
        """Put a device on a channel for 90 days, by its own wish; whether it may have it is checked by the caller.

        It is no operator's deed, so the audit does not hear of it. Raises `ChannelNotFound`, `DeviceHeld`.
        """
        device_id, now = rules.device_id(device_id), self._clock.now()

        async def unit(tx: Tx) -> None:
            await self._free_in(tx, app_id, device_id)
            found = await self._channels.get_in(tx, app_id, channel)
            expires = now + SELF_SET_FOR
            await store.save(tx, Override(app_id, device_id, found.number, True, now, expires))  # noqa: FBT003

        await self._database.write(unit)
        await self._moved(app_id, device_id)

    async def forget_choice(self, app_id: str, device_id: str) -> None:
        """Undo `choose`, or do nothing where nothing was chosen; raises `DeviceHeld`."""
        device_id = rules.device_id(device_id)

        async def unit(tx: Tx) -> bool:
            await self._free_in(tx, app_id, device_id)
            return await store.delete(tx, app_id, device_id)

        if await self._database.write(unit):
            await self._moved(app_id, device_id)

    async def _free_in(self, tx: Tx, app_id: str, device_id: str) -> None:
        override = await store.get(tx, app_id, device_id)
        if override is not None and not override.self_set:
            raise DeviceHeld

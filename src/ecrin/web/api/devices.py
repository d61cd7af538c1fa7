"""/api/v1/apps/{app}/devices: what is known of devices, and the channel that an operator puts one on."""

from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from ecrin.updates.channels.service import ChannelService
from ecrin.updates.devices.model import Device, Override, Platform
from ecrin.updates.devices.service import DeviceService
from ecrin.web.api import paging
from ecrin.web.api.units import Time
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
from ecrin.web.routing import APP_READ, APP_WRITE, Route

DEVICES = "/api/v1/apps/{app}/devices"
OVERRIDES = "/api/v1/apps/{app}/overrides"
CHANNEL = f"{DEVICES}/{{device}}/channel"


class Inventory(Protocol):
    """Where devices that reported themselves are known: the statistics."""

    async def inventory(self, app_id: str, after: str, limit: int) -> list[Device]:
        """Return devices of an app whose ids come after one, in the order of their ids, `limit` at most."""
        ...


class OnChannel(msgspec.Struct, forbid_unknown_fields=True):
    """The channel to put the device on."""

    channel: str


class OverrideShown(msgspec.Struct):
    """A device that was put on a channel, by itself or by an operator; `expires_at` is null where that never ends."""

    device_id: str
    channel: str
    self_set: bool
    set_at: Time
    expires_at: Time | None


class OverrideList(msgspec.Struct):
    """Some overrides, and the cursor of the next."""

    overrides: list[OverrideShown]
    next_cursor: str | None


class DeviceShown(msgspec.Struct, kw_only=True):
    """A device as it last described itself, and the channel that it was put on (null: it follows what it asks for)."""

    device_id: str
    platform: Platform
    version_name: str
    version_build: str
    version_os: str
    plugin_version: str
    custom_id: str
    default_channel: str
    key_id: str
    is_emulator: bool
    is_prod: bool
    seen_at: Annotated[Time, Meta(description="Milliseconds since 1970-01-01T00:00:00Z, exact to the day.")]
    channel: str | None
    self_set: bool


class DeviceList(msgspec.Struct):
    """Some devices, and the cursor of the next."""

    devices: list[DeviceShown]
    next_cursor: str | None


class DeviceEndpoints:
    """List devices and overrides; put a device on a channel and take it off again."""

    def __init__(self, devices: DeviceService, channels: ChannelService, inventory: Inventory | None = None) -> None:
        self._devices = devices
        self._channels = channels
        self._inventory = inventory

    def routes(self) -> list[Route]:
        """Return the routes; the list of devices only where something keeps one."""
        routes = [
            Route("GET", OVERRIDES, APP_READ, self.overrides, reply=OverrideList, query=paging.PageQuery),
            Route("PUT", CHANNEL, APP_WRITE, self.put, OnChannel, reply=OverrideShown),
            Route("DELETE", CHANNEL, APP_WRITE, self.take_off),
        ]
        if self._inventory is not None:
            routes.append(Route("GET", DEVICES, APP_READ, self.list, reply=DeviceList, query=paging.PageQuery))
        return routes

    async def list(self, call: Call) -> Reply:
        """Return devices that reported themselves, in the order of their ids."""
        assert self._inventory is not None  # noqa: S101  the route is not there without it
        app, wanted = call.params["app"], paging.page(call)
        found = await self._inventory.inventory(app, wanted.after, wanted.limit + 1)
        some, following = paging.cut(found, wanted.limit, lambda d: d.device_id)
        put = await self._devices.between(app, some[0].device_id, some[-1].device_id) if some else {}
        names = await self._names(app)
        return json_reply(DeviceList([_device(d, put.get(d.device_id), names) for d in some], following))

    async def overrides(self, call: Call) -> Reply:
        """Return the devices that were put on a channel, in the order of their ids."""
        app, wanted = call.params["app"], paging.page(call)
        found = await self._devices.page(app, wanted.after, wanted.limit + 1)
        some, following = paging.cut(found, wanted.limit, lambda o: o.device_id)
        names = await self._names(app)
        return json_reply(OverrideList([_override(o, names[o.channel]) for o in some if o.channel in names], following))

    async def put(self, call: Call) -> Reply:
        """Put a device on a channel for good, whatever it asks for."""
        body: OnChannel = call.body
        made = await self._devices.put(call.params["app"], call.params["device"], body.channel, call.origin)
        return json_reply(_override(made, body.channel))

    async def take_off(self, call: Call) -> Reply:
        """Let a device follow what it asks for again."""
        await self._devices.take_off(call.params["app"], call.params["device"], call.origin)
        return NO_CONTENT

    async def _names(self, app_id: str) -> dict[int, str]:
        return {channel.number: channel.name for channel in await self._channels.all(app_id)}


def _override(override: Override, channel: str) -> OverrideShown:
    return OverrideShown(override.device_id, channel, override.self_set, override.set_at, override.expires_at)


def _device(device: Device, override: Override | None, names: dict[int, str]) -> DeviceShown:
    own = {name: getattr(device, name) for name in DeviceShown.__struct_fields__ if hasattr(device, name)}
    channel = names.get(override.channel) if override else None
    return DeviceShown(**own, channel=channel, self_set=override is not None and override.self_set)

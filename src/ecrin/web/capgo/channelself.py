"""`/channel_self`: a device asks which channel it follows, chooses one, and lets it go (protocol sheet §4).

Newer plugins keep their choice themselves and send it as their default channel, so that it is only checked here; for
older ones, and for Electron, it is kept here for 90 days.
"""

from dataclasses import replace

from ecrin.base.clock import DAY, Instant
from ecrin.updates.channels.model import Channel
from ecrin.updates.channels.rules import included
from ecrin.updates.devices.model import Platform
from ecrin.updates.devices.service import DeviceService
from ecrin.updates.errors import ChannelNotFound, DeviceHeld
from ecrin.updates.resolution import selfset
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.model import AppView, Ask, Refusal, Via
from ecrin.updates.resolution.rules import held, resolve
from ecrin.web.capgo.asking import UNKNOWN_APP, app_of, identity, question
from ecrin.web.capgo.decoding import from_query
from ecrin.web.capgo.errors import InvalidJsonBody, InvalidQueryParameters, NoChannelForDevice
from ecrin.web.capgo.messages import SelfInfo
from ecrin.web.capgo.problem import soft
from ecrin.web.capgo.throttle import Throttle
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route

PATH = "/channel_self"
OK = {"status": "ok"}


class ChannelSelfEndpoints:
    """The channel of a device, by its own wish."""

    def __init__(self, catalog: Catalog, devices: DeviceService) -> None:
        self._catalog = catalog
        self._devices = devices
        self._throttle = Throttle()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", PATH, OPEN, self.post, SelfInfo),
            Route("PUT", PATH, OPEN, self.put, SelfInfo),
            Route("DELETE", PATH, OPEN, self.delete),
            Route("GET", PATH, OPEN, self.get),
        ]

    async def post(self, call: Call) -> Reply:
        """Choose a channel; Electron lets go of it by the same call."""
        info: SelfInfo = call.body
        if info.action not in {None, "", "set", "unset"}:
            raise InvalidJsonBody("The action is `set` or `unset` - at `$.action`")
        if info.action == "unset":
            return await self._unset(info, call)
        asked = self._asked(info)
        if isinstance(asked, Refusal):
            return _refused(asked, info)
        ask, view = asked
        channel = selfset.chosen(ask, view, info.channel or "", call.now)
        if isinstance(channel, Refusal):
            return _refused(channel, info)
        return await self._choose(ask, view, channel, call)

    async def put(self, call: Call) -> Reply:
        """Say which channel the device really follows, for the client keeps what it is told."""
        return self._current(call.body, call.now)

    async def delete(self, call: Call) -> Reply:
        """Let go of a choice that was kept here."""
        return await self._unset(_queried(call), call)

    async def get(self, call: Call) -> Reply:
        """List the channels that a device may choose; Electron asks by the same call for the one that it follows."""
        info = _queried(call)
        if info.platform is None:
            raise InvalidQueryParameters("The platform is missing - at `$.platform`")
        electron = info.platform is Platform.ELECTRON
        if electron and info.action != "list":
            return self._current(info, call.now)
        view = self._catalog.view(app_of(info))
        if view is None:
            return soft(UNKNOWN_APP)
        listed = [_listed(c) for c in view.channels_by_name.values() if _may_choose(info, c, view)]
        return json_reply({"channels": listed} if electron else listed)

    def _asked(self, info: SelfInfo) -> tuple[Ask, AppView] | Refusal:
        app_id, device_id = identity(info)
        view = self._catalog.view(app_id)
        if view is None:
            return UNKNOWN_APP
        ask = question(info, app_id, device_id, info.channel)
        return ask if isinstance(ask, Refusal) else (ask, view)

    def _current(self, info: SelfInfo, now: Instant) -> Reply:
        """Answer with the channel that is resolved; raises `NoChannelForDevice`."""
        asked = self._asked(info)
        if isinstance(asked, Refusal):
            return soft(asked)
        found = resolve(*asked, now)
        if found is None:
            raise NoChannelForDevice
        channel, via = found
        chosen = via in {Via.OVERRIDE, Via.SELF_SET} or (via is Via.NAMED and bool(info.channel))
        free = via is not Via.OVERRIDE and channel.settings.allow_device_self_set
        status = "override" if chosen else "default"
        return json_reply({"channel": channel.name, "status": status, "allowSet": free})

    async def _choose(self, ask: Ask, view: AppView, channel: Channel, call: Call) -> Reply:
        """Keep a choice that may be made, if there is room for it; raises `TooManyChoices`."""
        local = selfset.keeps_own(ask)
        keep = not (local or selfset.is_main(ask, view, channel))
        before = held(view, ask.device_id, call.now)
        fresh = before and before.channel == channel.number and call.now - before.set_at < DAY
        if keep and selfset.full(ask.device_id, view):
            return _refused(selfset.FULL, call.body)
        if (keep and not fresh) or (before and not keep):
            self._throttle.count(ask.app_id, call.address, call.now)
            try:
                if keep:
                    await self._devices.choose(ask.app_id, ask.device_id, channel.name)
                else:  # what was kept here for it goes before what it keeps itself
                    await self._devices.forget_choice(ask.app_id, ask.device_id)
            except DeviceHeld:
                return _refused(selfset.CANNOT_OVERRIDE, call.body)
            except ChannelNotFound:
                return _refused(selfset.NOT_FOUND, call.body)
        told = local or ask.platform is Platform.ELECTRON
        return json_reply({**OK, "allowSet": True} if told else OK)

    async def _unset(self, info: SelfInfo, call: Call) -> Reply:
        app_id, device_id = identity(info)
        view = self._catalog.view(app_id)
        if view is None:
            return soft(UNKNOWN_APP)
        if held(view, device_id, call.now):
            self._throttle.count(app_id, call.address, call.now)
            try:
                await self._devices.forget_choice(app_id, device_id)
            except DeviceHeld:
                return soft(selfset.CANNOT_OVERRIDE)
        return json_reply(OK)


def _refused(refusal: Refusal, info: SelfInfo) -> Reply:
    """Refuse a choice. Electron's updater keeps the channel unless `status` says that it was refused."""
    if info.platform is not Platform.ELECTRON or refusal is UNKNOWN_APP:
        return soft(refusal)
    return soft(replace(refusal, extra={**refusal.extra, "status": "error"}))


def _queried(call: Call) -> SelfInfo:
    """Return what stands in the address; raises `InvalidQueryParameters`, and `MissingAppId` as for a body."""
    info = from_query(call.query, SelfInfo)
    try:
        if info.device_id:
            identity(info)
        app_of(info)
    except InvalidJsonBody as error:
        raise InvalidQueryParameters(str(error)) from None
    return info


def _may_choose(info: SelfInfo, channel: Channel, view: AppView) -> bool:
    settings = channel.settings
    fits = selfset.fits(settings, info.platform or "", info.is_emulator is True, info.is_prod is not False)
    open_to = settings.public or settings.allow_device_self_set
    return fits and open_to and included(settings.audience, info.custom_id or "", view.groups)


def _listed(channel: Channel) -> dict[str, object]:
    return {
        "id": channel.number,
        "name": channel.name,
        "public": channel.settings.public,
        "allow_self_set": channel.settings.allow_device_self_set,
    }

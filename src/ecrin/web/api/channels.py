"""/api/v1/apps/{app}/channels and /groups: which bundle devices follow, and for whom it is."""

from dataclasses import fields
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ecrin.errors import InvalidRequest, NotFound
from ecrin.governance.callers import Verb
from ecrin.updates.channels.model import Channel, ChannelSettings, Limit, Package
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.devices.model import Platform
from ecrin.updates.rollout.model import Rollout, State
from ecrin.updates.rollout.service import RolloutService
from ecrin.web.api.units import Percent, Time, Version
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
from ecrin.web.routing import APP_PART_READ, APP_PART_WRITE, APP_READ, APP_UPLOAD, APP_WRITE, Route

CHANNELS = "/api/v1/apps/{app}/channels"
CHANNEL = f"{CHANNELS}/{{channel}}"
GROUPS = "/api/v1/apps/{app}/groups"
GROUP = f"{GROUPS}/{{group}}"
MANY = 8 * 1024 * 1024  # the longest list of custom ids
_FOLLOWED = {"public", "audience_custom_ids", "audience_groups", *(platform.value for platform in Platform)}


class ChannelFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a channel can be set to; `version` is a bundle, `builtin`, or null for none."""

    version: str | UnsetType | None = UNSET
    public: bool | UnsetType = UNSET
    ios: bool | UnsetType = UNSET
    android: bool | UnsetType = UNSET
    electron: bool | UnsetType = UNSET
    allow_device_self_set: bool | UnsetType = UNSET
    allow_emulator: bool | UnsetType = UNSET
    allow_device: bool | UnsetType = UNSET
    allow_dev: bool | UnsetType = UNSET
    allow_prod: bool | UnsetType = UNSET
    disable_auto_update: Limit | UnsetType = UNSET
    disable_auto_update_under_native: bool | UnsetType = UNSET
    update_package: Package | UnsetType = UNSET
    audience_custom_ids: list[str] | UnsetType = UNSET
    audience_groups: list[str] | UnsetType = UNSET


class NewChannel(ChannelFields, kw_only=True):
    """A channel to create; what is not said is as in a new channel of Capgo."""

    name: str


class ChannelChange(ChannelFields, kw_only=True):
    """What to change; with `end_rollout` a rollout that is under way ends in the same transaction."""

    end_rollout: bool = False


class UnderWay(msgspec.Struct):
    """The rollout of a channel, in brief."""

    version: Version
    state: State
    share_percent: Percent


class ChannelShown(msgspec.Struct, kw_only=True):
    """A channel, in the order in which people read it: what devices get, which of them, and for whom it is."""

    name: str
    version: Version | None
    rollout: UnderWay | None
    public: bool
    ios: bool
    android: bool
    electron: bool
    allow_device_self_set: bool
    allow_prod: bool
    allow_dev: bool
    allow_device: bool
    allow_emulator: bool
    disable_auto_update: Limit
    disable_auto_update_under_native: bool
    update_package: Package
    audience_custom_ids: list[str]
    audience_groups: list[str]
    created_at: Time


class ChannelList(msgspec.Struct):
    """The channels that the caller may read, by name."""

    channels: list[ChannelShown]


class Members(msgspec.Struct, forbid_unknown_fields=True):
    """The custom ids of a group: all of them, in place of those that it has."""

    custom_ids: list[str]


class GroupShown(msgspec.Struct):
    """A group with its custom ids."""

    group: str
    custom_ids: list[str]


class GroupSize(msgspec.Struct):
    """A group, and how many custom ids it has."""

    group: str
    members: int


class GroupList(msgspec.Struct):
    """The groups of an app, by name."""

    groups: list[GroupSize]


class ChannelEndpoints:
    """Create, list, show, change and remove channels, and the groups that audiences name."""

    def __init__(self, channels: ChannelService, rollouts: RolloutService) -> None:
        self._channels = channels
        self._rollouts = rollouts

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", CHANNELS, APP_PART_READ, self.list, reply=ChannelList),
            Route("POST", CHANNELS, APP_PART_WRITE, self.create, NewChannel, MANY, reply=ChannelShown, status=201),
            Route("GET", CHANNEL, APP_READ, self.show, reply=ChannelShown),
            Route("PATCH", CHANNEL, APP_UPLOAD, self.update, ChannelChange, MANY, reply=ChannelShown),
            Route("DELETE", CHANNEL, APP_WRITE, self.delete),
            Route("GET", GROUPS, APP_READ, self.list_groups, reply=GroupList),
            Route("GET", GROUP, APP_READ, self.show_group, reply=GroupShown),
            Route("PUT", GROUP, APP_WRITE, self.set_group, Members, MANY, reply=GroupShown),
            Route("DELETE", GROUP, APP_WRITE, self.delete_group),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the channels that the caller may read."""
        found = await self._channels.all(call.params["app"])
        seen = [c for c in found if call.caller.may(call.channel_scope(c.name, Verb.READ))]
        under_way = await self._rollouts.under_way(call.params["app"])
        return json_reply(ChannelList([shown(c, under_way.get(c.number)) for c in seen]))

    async def create(self, call: Call) -> Reply:
        """Create a channel."""
        body: NewChannel = call.body
        call.caller.require(call.channel_scope(body.name, Verb.WRITE))
        if body.public is True:
            call.caller.require(call.app_scope(Verb.WRITE))
        changes = _changes(body)
        version = changes.pop("version", None)
        made = await self._channels.create(call.params["app"], body.name, call.origin, changes, version)
        return json_reply(shown(made), 201)

    async def show(self, call: Call) -> Reply:
        """Return a channel."""
        return json_reply(await self._shown(await self._channels.get(call.params["app"], call.params["channel"])))

    async def update(self, call: Call) -> Reply:
        """Change a channel; `upload` is enough to point it at another bundle, and to end its rollout by that."""
        app, name, changes = call.params["app"], call.params["channel"], _changes(call.body)
        ends: bool = call.body.end_rollout
        if ends and "version" not in changes:
            raise InvalidRequest("end_rollout goes with a version; `rollout:rollback` ends a rollout alone.")
        if changes.keys() - {"version"}:
            call.caller.require(call.channel_scope(name, Verb.WRITE))
            await self._require_app(call, changes)
        made = await self._channels.update(app, name, call.origin, changes, end_rollout=ends)
        return json_reply(await self._shown(made))

    async def delete(self, call: Call) -> Reply:
        """Remove a channel with its rollouts and the overrides that name it."""
        await self._require_app(call, {"public": False})
        await self._channels.delete(call.params["app"], call.params["channel"], call.origin)
        return NO_CONTENT

    async def list_groups(self, call: Call) -> Reply:
        """Return the groups of an app."""
        found = await self._channels.groups(call.params["app"])
        return json_reply(GroupList([GroupSize(name, len(found[name])) for name in sorted(found)]))

    async def show_group(self, call: Call) -> Reply:
        """Return a group with its custom ids."""
        return json_reply(GroupShown(call.params["group"], sorted(await self._members(call))))

    async def set_group(self, call: Call) -> Reply:
        """Replace the custom ids of a group."""
        body: Members = call.body
        group = call.params["group"]
        members = await self._channels.set_group(call.params["app"], group, body.custom_ids, call.origin)
        return json_reply(GroupShown(group, sorted(members)))

    async def delete_group(self, call: Call) -> Reply:
        """Remove a group; an audience that names it is not widened by that."""
        await self._members(call)
        await self._channels.set_group(call.params["app"], call.params["group"], (), call.origin)
        return NO_CONTENT

    async def _shown(self, channel: Channel) -> ChannelShown:
        under_way = await self._rollouts.under_way(channel.app_id)
        return shown(channel, under_way.get(channel.number))

    async def _members(self, call: Call) -> frozenset[str]:
        found = await self._channels.groups(call.params["app"])
        if call.params["group"] not in found:
            raise NotFound("There is no such group.")
        return found[call.params["group"]]

    async def _require_app(self, call: Call, changes: dict[str, Any]) -> None:
        """Demand a scope on the app for what decides about devices that chose no channel, and so about other channels.

        Otherwise who may write `beta` alone could make it public and have every device of the app follow it, or those
        of another platform, if it is public for one.
        """
        if call.caller.may(call.app_scope(Verb.WRITE)):
            return
        channel = await self._channels.get(call.params["app"], call.params["channel"])
        if changes.get("public") or (channel.settings.public and _FOLLOWED & changes.keys()):
            call.caller.require(call.app_scope(Verb.WRITE))


def shown(channel: Channel, rollout: Rollout | None = None) -> ChannelShown:
    """Return a channel as the API shows it, its settings flat, with the rollout that is under way."""
    plain = {f.name: getattr(channel.settings, f.name) for f in fields(ChannelSettings) if f.name != "audience"}
    return ChannelShown(
        name=channel.name,
        version=channel.version,
        rollout=UnderWay(rollout.version, rollout.state, rollout.share_bps / 100) if rollout else None,
        created_at=channel.created_at,
        audience_custom_ids=sorted(channel.settings.audience.custom_ids),
        audience_groups=sorted(channel.settings.audience.groups),
        **plain,
    )


def _changes(body: ChannelFields) -> dict[str, Any]:
    said = {name: getattr(body, name) for name in ChannelFields.__struct_fields__}
    return {name: value for name, value in said.items() if value is not UNSET}

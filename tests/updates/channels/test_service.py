"""The verbs of channels on each engine: what is kept, and what devices see of it at once."""

import asyncio

import pytest

from auth.sharing import audited, rows
from ecrin.base.origin import SYSTEM
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.channels.model import Audience, ChannelSettings, Limit
from ecrin.updates.channels.rules import audience
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.errors import BundleNotFound, ChannelExists, ChannelNotFound, InvalidChannelName
from harness import Instance
from updates.line import Line, line

DEVICE = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.fixture
async def notes(serve: Instance) -> Line:
    return await line(serve, "1.0.0", "1.1.0", stable="1.0.0")


@pytest.fixture
def channels(serve: Instance) -> ChannelService:
    return serve.app.updates.channels


async def test_a_channel_is_kept_as_it_was_made(notes: Line, channels: ChannelService) -> None:
    wanted = {"public": True, "disable_auto_update": "none", "audience": audience(["ada"], ["staff"])}
    made = await channels.create(notes.id, "beta", SYSTEM, wanted, "1.1.0")
    assert await channels.get(notes.id, "beta") == made
    assert made.version == "1.1.0"
    assert made.settings == ChannelSettings(
        public=True, disable_auto_update=Limit.NONE, audience=Audience(frozenset({"ada"}), frozenset({"staff"}))
    )


async def test_channels_have_numbers_of_their_own(notes: Line, channels: ChannelService) -> None:
    numbers = [(await channels.create(notes.id, f"c{n}", SYSTEM)).number for n in range(3)]
    assert len({1, *numbers}) == 4


async def test_a_name_is_given_once_in_an_app(serve: Instance, notes: Line, channels: ChannelService) -> None:
    with pytest.raises(ChannelExists):
        await channels.create(notes.id, "production", SYSTEM)
    other = await line(serve)
    await channels.create(other.id, "beta", SYSTEM)
    await channels.create(notes.id, "beta", SYSTEM)


async def test_a_name_that_fits_nowhere_is_refused(notes: Line, channels: ChannelService) -> None:
    with pytest.raises(InvalidChannelName):
        await channels.create(notes.id, "../x", SYSTEM)


async def test_of_many_who_make_one_channel_one_does(notes: Line, channels: ChannelService) -> None:
    async def make() -> bool:
        try:
            await channels.create(notes.id, "beta", SYSTEM)
        except ChannelExists:
            return False
        return True

    assert sum(await asyncio.gather(*(make() for _ in range(8)))) == 1


@pytest.mark.parametrize("version", ["1.1.0", BUILTIN, None])
async def test_a_channel_is_pointed(notes: Line, channels: ChannelService, version: str | None) -> None:
    await channels.point(notes.id, "production", version, SYSTEM)
    assert (await channels.get(notes.id, "production")).version == version


@pytest.mark.parametrize("version", ["9.9.9", "", "1.1", "unknown"])
async def test_a_channel_is_not_pointed_at_what_is_not_there(
    notes: Line, channels: ChannelService, version: str
) -> None:
    with pytest.raises(BundleNotFound):
        await channels.point(notes.id, "production", version, SYSTEM)
    assert (await channels.get(notes.id, "production")).version == "1.0.0"


async def test_what_is_changed_is_in_the_working_set_when_the_call_returns(
    serve: Instance, notes: Line, channels: ChannelService
) -> None:
    await channels.update(notes.id, "production", SYSTEM, {"ios": False})
    view = serve.app.updates.catalog.view(notes.id)
    assert view is not None
    assert view.channels_by_name["production"].settings.ios is False


async def test_a_deleted_channel_takes_its_devices_along(
    serve: Instance, notes: Line, channels: ChannelService
) -> None:
    await channels.create(notes.id, "beta", SYSTEM)
    await serve.app.updates.devices.put(notes.id, DEVICE, "beta", SYSTEM)
    await channels.delete(notes.id, "beta", SYSTEM)
    assert await rows(serve, "overrides", "app_id = :a", a=notes.id) == []
    with pytest.raises(ChannelNotFound):
        await channels.get(notes.id, "beta")


async def test_a_group_is_replaced_as_a_whole(notes: Line, channels: ChannelService) -> None:
    await channels.set_group(notes.id, "staff", ["ada", "bob", "ada"], SYSTEM)
    await channels.set_group(notes.id, "staff", ["bob", "eve"], SYSTEM)
    assert await channels.groups(notes.id) == {"staff": frozenset({"bob", "eve"})}


async def test_a_group_without_members_is_gone(notes: Line, channels: ChannelService) -> None:
    await channels.set_group(notes.id, "staff", ["ada"], SYSTEM)
    await channels.set_group(notes.id, "staff", [], SYSTEM)
    assert await channels.groups(notes.id) == {}


async def test_groups_belong_to_their_app(serve: Instance, notes: Line, channels: ChannelService) -> None:
    other = await line(serve)
    await channels.set_group(notes.id, "staff", ["ada"], SYSTEM)
    assert await channels.groups(other.id) == {}


async def test_what_was_done_is_in_the_audit(serve: Instance, notes: Line, channels: ChannelService) -> None:
    await channels.create(notes.id, "beta", SYSTEM)
    await channels.update(notes.id, "beta", SYSTEM, {"public": True})
    await channels.delete(notes.id, "beta", SYSTEM)
    for event in ("channel.created", "channel.updated", "channel.deleted"):
        assert await audited(serve, event)

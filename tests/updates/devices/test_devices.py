"""Devices that were put on a channel, by operators and by themselves, on each engine."""

import pytest

from auth.sharing import audited
from ecrin.base.clock import DAY
from ecrin.base.origin import SYSTEM
from ecrin.errors import InvalidRequest, NotFound
from ecrin.storage.sql.port import Tx
from ecrin.updates.devices import rules, store
from ecrin.updates.devices.model import Override
from ecrin.updates.devices.service import DeviceService
from ecrin.updates.errors import AppNotFound, ChannelNotFound, DeviceHeld
from harness import Instance
from updates.line import Line, line

DEVICE = "0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "0a1b2c3d-0000-4000-8000-000000000002"


@pytest.fixture
async def notes(serve: Instance) -> Line:
    made = await line(serve)
    await serve.app.updates.channels.create(made.id, "beta", SYSTEM)
    return made


@pytest.fixture
def devices(serve: Instance) -> DeviceService:
    return serve.app.updates.devices


async def test_an_operator_puts_a_device_for_good(serve: Instance, notes: Line, devices: DeviceService) -> None:
    await devices.put(notes.id, DEVICE.upper(), "beta", SYSTEM)
    assert await devices.overrides(notes.id) == [
        Override(notes.id, DEVICE, 2, self_set=False, set_at=serve.clock.now(), expires_at=None)
    ]


async def test_a_device_chooses_for_90_days(serve: Instance, notes: Line, devices: DeviceService) -> None:
    await devices.choose(notes.id, DEVICE.upper(), "beta")
    now = serve.clock.now()
    assert await devices.overrides(notes.id) == [
        Override(notes.id, DEVICE, 2, self_set=True, set_at=now, expires_at=now + 90 * DAY)
    ]


async def test_a_device_does_not_undo_what_an_operator_did(notes: Line, devices: DeviceService) -> None:
    await devices.put(notes.id, DEVICE, "production", SYSTEM)
    before = await devices.overrides(notes.id)
    with pytest.raises(DeviceHeld):
        await devices.choose(notes.id, DEVICE, "beta")
    with pytest.raises(DeviceHeld):
        await devices.forget_choice(notes.id, DEVICE)
    assert await devices.overrides(notes.id) == before


async def test_a_choice_is_forgotten_and_only_that_of_the_device(notes: Line, devices: DeviceService) -> None:
    await devices.choose(notes.id, DEVICE, "beta")
    await devices.choose(notes.id, OTHER, "beta")
    await devices.forget_choice(notes.id, DEVICE)
    await devices.forget_choice(notes.id, DEVICE)
    assert [o.device_id for o in await devices.overrides(notes.id)] == [OTHER]


async def test_an_operator_takes_off_whoever_put_it_there(notes: Line, devices: DeviceService) -> None:
    await devices.choose(notes.id, DEVICE, "beta")
    await devices.take_off(notes.id, DEVICE, SYSTEM)
    assert await devices.overrides(notes.id) == []
    with pytest.raises(NotFound):
        await devices.take_off(notes.id, DEVICE, SYSTEM)


async def test_what_is_not_there_is_refused(notes: Line, devices: DeviceService) -> None:
    with pytest.raises(ChannelNotFound):
        await devices.put(notes.id, DEVICE, "nowhere", SYSTEM)
    with pytest.raises(ChannelNotFound):
        await devices.choose(notes.id, DEVICE, "nowhere")
    with pytest.raises(AppNotFound):
        await devices.put("com.example.unknown", DEVICE, "beta", SYSTEM)
    assert await devices.overrides(notes.id) == []


@pytest.mark.parametrize("text", ["", "42", "%", DEVICE + "0", DEVICE[:-1], DEVICE + "\n", DEVICE.replace("-", "_")])
async def test_what_is_no_uuid_is_no_device(notes: Line, devices: DeviceService, text: str) -> None:
    with pytest.raises(InvalidRequest):
        await devices.put(notes.id, text, "beta", SYSTEM)
    assert rules.normal(text) is None


async def test_only_operators_are_in_the_audit(serve: Instance, notes: Line, devices: DeviceService) -> None:
    await devices.choose(notes.id, OTHER, "beta")
    await devices.put(notes.id, DEVICE, "beta", SYSTEM)
    await devices.take_off(notes.id, DEVICE, SYSTEM)
    assert len(await audited(serve, "device.moved")) == 2


async def test_what_expired_is_purged_and_nothing_else(serve: Instance, notes: Line, devices: DeviceService) -> None:
    await devices.choose(notes.id, DEVICE, "beta")
    await devices.put(notes.id, OTHER, "beta", SYSTEM)
    after = serve.clock.now() + 91 * DAY

    async def unit(tx: Tx) -> int:
        return await store.purge(tx, after, 100)

    await serve.app.base.database.write(unit)
    assert [o.device_id for o in await devices.overrides(notes.id)] == [OTHER]


async def test_the_housekeeping_of_the_instance_purges_them(
    serve: Instance, notes: Line, devices: DeviceService
) -> None:
    await devices.choose(notes.id, DEVICE, "beta")
    serve.clock.tick(91 * DAY)
    await serve.app.housekeeping.once()
    assert await devices.overrides(notes.id) == []

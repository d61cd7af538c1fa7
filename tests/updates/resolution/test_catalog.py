"""The working set: what is committed decides from then on, app by app and device by device."""

import asyncio

from ecrin.base.origin import SYSTEM
from ecrin.updates.devices.model import Platform
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.model import Ask, Offer
from harness import Instance
from updates.line import line

DEVICE = "0a1b2c3d-0000-4000-8000-000000000001"


def ask(app_id: str, device: str = DEVICE) -> Ask:
    return Ask(app_id, device, Platform.ANDROID, "builtin", "1.0.0", (8, 51, 23))


def version(catalog: Catalog, app_id: str, device: str = DEVICE) -> str | None:
    answer = catalog.answer(ask(app_id, device))
    return answer.bundle.version if isinstance(answer, Offer) else None


async def test_what_another_catalog_reads_is_the_same(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", stable="1.0.1")
    updates, base = serve.app.updates, serve.app.base
    await updates.channels.create(notes.id, "beta", SYSTEM)
    await updates.channels.set_group(notes.id, "staff", ["ada"], SYSTEM)
    await updates.devices.put(notes.id, DEVICE, "beta", SYSTEM)
    other = Catalog(base.database, base.clock)
    await other.load()
    assert other.view(notes.id) == updates.catalog.view(notes.id)


async def test_a_device_that_is_moved_leaves_the_others_as_they_are(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", "1.0.2", stable="1.0.1")
    updates = serve.app.updates
    await updates.channels.create(notes.id, "beta", SYSTEM, {}, "1.0.2")
    view = updates.catalog.view(notes.id)
    await updates.devices.put(notes.id, DEVICE, "beta", SYSTEM)
    assert updates.catalog.view(notes.id) is view
    assert version(updates.catalog, notes.id) == "1.0.2"
    assert version(updates.catalog, notes.id, DEVICE[:-1] + "2") == "1.0.1"
    await updates.devices.take_off(notes.id, DEVICE, SYSTEM)
    assert version(updates.catalog, notes.id) == "1.0.1"


async def test_an_app_that_is_gone_is_known_no_more(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", stable="1.0.1")
    updates = serve.app.updates
    await updates.apps.delete(notes.id, SYSTEM)
    assert updates.catalog.view(notes.id) is None
    assert updates.catalog.answer(ask(notes.id)) is None
    await updates.catalog.refresh_device(notes.id, DEVICE)
    assert updates.catalog.view(notes.id) is None


async def test_an_app_changes_nothing_for_another(serve: Instance) -> None:
    one, other = await line(serve, "1.0.1", stable="1.0.1"), await line(serve, "1.0.2", stable="1.0.2")
    before = serve.app.updates.catalog.view(other.id)
    await serve.app.updates.channels.point(one.id, "production", None, SYSTEM)
    assert serve.app.updates.catalog.view(other.id) is before


async def test_many_changes_at_once_end_with_what_was_committed(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", "1.0.2", stable="1.0.1")
    updates = serve.app.updates
    await updates.channels.create(notes.id, "beta", SYSTEM, {}, "1.0.2")
    devices = [f"0a1b2c3d-0000-4000-8000-{n:012x}" for n in range(20)]
    async with asyncio.TaskGroup() as group:
        for device in devices:
            group.create_task(updates.devices.put(notes.id, device, "beta", SYSTEM))
            group.create_task(updates.channels.update(notes.id, "beta", SYSTEM, {"allow_dev": False}))
    fresh = Catalog(serve.app.base.database, serve.clock)
    await fresh.load()
    assert updates.catalog.view(notes.id) == fresh.view(notes.id)
    assert {version(updates.catalog, notes.id, d) for d in devices} == {"1.0.2"}

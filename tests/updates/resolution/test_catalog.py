"""The working set: what is committed decides from then on, app by app and device by device."""

import asyncio
from typing import Any

import pytest

from ecrin.assembly_updates import build_updates
from ecrin.base.origin import SYSTEM
from ecrin.errors import StorageFull, StorageUnavailable
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.devices.model import Platform
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.doubt import Watched
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


class Faulty:
    """A database that fails in some ways, and then no more."""

    def __init__(self, database: Database, *failing: str, after: bool = False) -> None:
        self._database = database
        self.failing = set(failing)
        self._after = after  # whether a write fails once it was committed

    def __getattr__(self, name: str) -> Any:
        if name not in self.failing:
            return getattr(self._database, name)

        async def fails(unit: Any) -> Any:
            if self._after:
                await getattr(self._database, name)(unit)
            raise StorageUnavailable

        return fails


async def test_what_could_not_be_read_after_a_commit_is_read_later(serve: Instance) -> None:
    """Devices would be given what was taken back, until somebody changed something else."""
    notes = await line(serve, "1.0.1", "1.0.2", stable="1.0.1")
    updates, base = serve.app.updates, serve.app.base
    updates.catalog._database = Faulty(base.database, "scan")  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable):
        await updates.channels.point(notes.id, "production", "1.0.2", SYSTEM)
    with pytest.raises(StorageUnavailable):
        await updates.catalog.mend()
    updates.catalog._database = base.database
    await updates.catalog.mend()
    assert version(updates.catalog, notes.id) == "1.0.2"


async def test_a_device_that_could_not_be_read_after_a_commit_is_read_later(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", "1.0.2", stable="1.0.1")
    updates, base = serve.app.updates, serve.app.base
    await updates.channels.create(notes.id, "beta", SYSTEM, {}, "1.0.2")
    updates.catalog._database = Faulty(base.database, "glance")  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable):
        await updates.devices.put(notes.id, DEVICE, "beta", SYSTEM)
    updates.catalog._database = base.database
    await updates.catalog.mend()
    assert version(updates.catalog, notes.id) == "1.0.2"


async def test_where_all_is_well_nothing_is_read_again(serve: Instance) -> None:
    notes = await line(serve, "1.0.1", stable="1.0.1")
    before = serve.app.updates.catalog.view(notes.id)
    await serve.app.updates.catalog.mend()
    assert serve.app.updates.catalog.view(notes.id) is before


async def test_what_a_write_did_whose_reply_was_lost_is_read_later(serve: Instance) -> None:
    """Asked again, the database says that there is no rollout, and nothing would be read because of that."""
    base, clock = serve.app.base, serve.clock
    notes, other = [await line(serve, "1.0.1", "1.0.2", stable="1.0.1") for _ in range(2)]
    faulty = Faulty(base.database, after=True)
    updates = await build_updates(faulty, serve.app.updates.objects, base.events, clock, 14)  # type: ignore[arg-type]
    await updates.rollouts.start(notes.id, "production", "1.0.2", SYSTEM, share_bps=10_000)
    faulty.failing = {"write"}
    with pytest.raises(StorageUnavailable):
        await updates.rollouts.roll_back(notes.id, "production", SYSTEM)
    with pytest.raises(StorageUnavailable):
        await updates.apps.create(serve.project.id, f"{notes.id}.b", "", SYSTEM)
    with pytest.raises(StorageUnavailable):
        await updates.apps.delete(other.id, SYSTEM)
    faulty.failing = set()
    assert version(updates.catalog, notes.id) == "1.0.2"
    await updates.mend()
    assert version(updates.catalog, notes.id) == "1.0.1"
    assert updates.apps.project_of(f"{notes.id}.b") == serve.project.id
    assert updates.catalog.view(f"{notes.id}.b") is not None
    assert (updates.apps.project_of(other.id), updates.catalog.view(other.id)) == (None, None)
    await updates.close()


async def test_a_full_disk_makes_nobody_read_everything_again_and_again(serve: Instance) -> None:
    doubts = 0

    def doubt() -> None:
        nonlocal doubts
        doubts += 1

    async def writes(tx: Tx) -> None:
        raise StorageFull

    with pytest.raises(StorageFull):
        await Watched(serve.app.base.database, doubt).write(writes)
    assert doubts == 0

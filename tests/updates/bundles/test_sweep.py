"""The sweep: retention never takes what is named, and objects go only with the last bundle that is made of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ecrin.base.clock import DAY, HOUR
from ecrin.updates.bundles.model import NewBundle
from ecrin.updates.bundles.sweep import GRACE
from ecrin.updates.errors import BundleNotFound
from updates.bundles.publishing import BY, Publisher, sha

RETENTION = 90 * DAY


async def swept(app: Publisher, later: int) -> list[str]:
    """Sweep now, which notes what nothing names, and again later; return the versions that are left."""
    await app.sweep.once()
    app.instance.clock.tick(later)
    await app.sweep.once()
    return await app.versions()


@pytest.mark.parametrize(("later", "left"), [(RETENTION - 1, ["1.0.0"]), (RETENTION, [])])
async def test_a_bundle_that_nothing_names_goes_after_the_retention(
    app: Publisher, later: int, left: list[str]
) -> None:
    await app.publish()
    assert await swept(app, later) == left


async def test_retention_never_takes_what_a_channel_names(app: Publisher) -> None:
    await app.publish()
    await app.instance.app.updates.channels.point(app.id, "production", "1.0.0", BY)
    assert await swept(app, 100 * RETENTION) == ["1.0.0"]


async def test_retention_never_takes_what_an_override_leads_to(app: Publisher) -> None:
    await app.publish()
    channels, devices = app.instance.app.updates.channels, app.instance.app.updates.devices
    await channels.create(app.id, "beta", BY, version="1.0.0")
    await devices.put(app.id, "00000000-0000-0000-0000-00000000000a", "beta", BY)
    assert await swept(app, 100 * RETENTION) == ["1.0.0"]


async def test_retention_never_takes_the_two_ends_of_a_rollout(app: Publisher) -> None:
    updates = app.instance.app.updates
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await app.publish(version)
    await updates.channels.point(app.id, "production", "1.0.0", BY)
    await updates.rollouts.start(app.id, "production", "1.1.0", BY, share_bps=100)
    assert await swept(app, 100 * RETENTION) == ["1.1.0", "1.0.0"]


async def test_the_retention_begins_anew_when_a_bundle_was_named_again(app: Publisher) -> None:
    channels = app.instance.app.updates.channels
    await app.publish()
    await swept(app, RETENTION - 1)
    await channels.point(app.id, "production", "1.0.0", BY)
    await swept(app, DAY)
    await channels.point(app.id, "production", None, BY)
    assert await swept(app, RETENTION - 1) == ["1.0.0"]


async def test_retention_zero_keeps_bundles_for_ever(app: Publisher) -> None:
    await app.publish()
    await app.instance.app.updates.apps.update(app.id, BY, name=None, settings={"retention_days": 0})
    assert await swept(app, 100 * RETENTION) == ["1.0.0"]


async def test_what_retention_took_is_gone_for_devices_too(app: Publisher) -> None:
    await app.publish()
    await swept(app, RETENTION)
    view = app.instance.app.updates.catalog.view(app.id)
    assert view is not None
    assert view.bundles == {}
    with pytest.raises(BundleNotFound):
        await app.bundles.get(app.id, "1.0.0")


async def test_objects_go_with_the_last_bundle_that_is_made_of_them(app: Publisher) -> None:
    both, first = await app.manifest(index_html=b"hello", a_js=b"let a")
    await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=(both, first)), BY)
    await app.bundles.publish(app.id, NewBundle("2.0.0", "0" * 64, manifest=(both,)), BY)
    await app.bundles.delete(app.id, "1.0.0", BY)
    app.instance.clock.tick(GRACE)
    await app.sweep.once()
    assert (await app.has(both.object), await app.has(first.object)) == (True, False)
    assert (await app.knows(both.object), await app.knows(first.object)) == (True, False)


@pytest.mark.parametrize(("later", "there"), [(GRACE - 1, True), (GRACE, False)])
async def test_objects_of_a_push_that_broke_off_stay_a_while(app: Publisher, later: int, there: bool) -> None:
    name = await app.add(b"abc")
    app.instance.clock.tick(later)
    await app.sweep.once()
    assert (await app.has(name), await app.knows(name)) == (there, there)


async def test_objects_that_somebody_asked_for_stay_for_the_push_that_follows(app: Publisher) -> None:
    name = await app.add(b"abc")
    app.instance.clock.tick(GRACE - HOUR)
    assert await app.knows(name)
    app.instance.clock.tick(2 * HOUR)
    await app.sweep.once()
    assert await app.has(name)


async def test_a_file_that_a_crash_left_without_a_row_goes(app: Publisher) -> None:
    objects = app.instance.app.updates.objects
    await objects.put(app.id, sha(b"abc"), 3, parts(b"abc"))
    await app.sweep.once()
    stays = await app.has(sha(b"abc"))
    app.instance.clock.tick(GRACE)
    await app.sweep.once()
    assert (stays, await app.has(sha(b"abc"))) == (True, False)


async def test_files_of_an_app_that_this_database_never_had_stay(app: Publisher) -> None:
    objects = app.instance.app.updates.objects
    await objects.put("com.example.elsewhere", sha(b"abc"), 3, parts(b"abc"))
    app.instance.clock.tick(10 * GRACE)
    await app.sweep.once()
    assert await objects.size("com.example.elsewhere", sha(b"abc")) == 3


async def test_files_of_a_deleted_app_go(app: Publisher) -> None:
    await app.publish()
    await app.instance.app.updates.apps.delete(app.id, BY)
    app.instance.clock.tick(GRACE)
    await app.sweep.once()
    assert app.files() == []


async def test_a_sweep_leaves_an_app_alone_that_is_being_uploaded_to(app: Publisher) -> None:
    """A file that the upload found there must still be there when its row is written."""
    name = await app.add(b"abc")
    app.instance.clock.tick(GRACE)
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        begun.set()
        await go.wait()
        yield b"xyz"

    upload = asyncio.create_task(app.bundles.add_object(app.id, sha(b"xyz"), 3, slow()))
    await begun.wait()
    await app.sweep.once()
    go.set()
    await upload
    assert await app.has(name)


async def test_a_bundle_that_is_published_during_a_sweep_keeps_its_objects(app: Publisher) -> None:
    """The sweep looked before the bundle was there, and acts after."""
    name = await app.zip()
    app.instance.clock.tick(GRACE)
    database = app.sweep._database
    scan = database.scan
    published = False

    class Watched:
        def __getattr__(self, attribute: str) -> object:
            return getattr(database, attribute)

        async def scan(self, unit: object) -> object:
            nonlocal published
            found = await scan(unit)  # type: ignore[arg-type]
            if isinstance(found, tuple) and name in found[1] and not published:
                published = True
                await app.bundles.publish(app.id, NewBundle("1.0.0", name, name), BY)
            return found

    app.sweep._database = Watched()  # type: ignore[assignment]
    try:
        await app.sweep.once()
    finally:
        app.sweep._database = database
    assert (published, await app.has(name)) == (True, True)


async def test_a_sweep_is_due_once_an_hour(app: Publisher) -> None:
    name = await app.add(b"abc")
    app.instance.clock.tick(10 * DAY)
    await app.sweep.once()
    await app.add(b"abc")
    app.instance.clock.tick(GRACE)
    app.sweep._last = app.instance.clock.now() - HOUR + 1
    await app.sweep.due()
    early = await app.has(name)
    app.sweep._last = app.instance.clock.now() - HOUR
    await app.sweep.due()
    assert (early, await app.has(name)) == (True, False)


async def parts(data: bytes) -> AsyncIterator[bytes]:
    yield data

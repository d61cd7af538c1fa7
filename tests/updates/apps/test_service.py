"""Apps on both engines: one id, one project; what is in memory is what was committed."""

import asyncio
import secrets
from typing import Any

import pytest

from ecrin.base.origin import SYSTEM
from ecrin.errors import StorageUnavailable
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps import store
from ecrin.updates.apps.model import App
from ecrin.updates.errors import AppExists, AppNotFound, InvalidChannelName
from harness import Instance


def fresh() -> str:
    return f"com.example.a{secrets.token_hex(6)}"


async def test_an_app_is_found_at_once_and_after_a_restart(serve: Instance) -> None:
    apps = serve.app.updates.apps
    app = await apps.create(serve.project.id, fresh(), "Notes", SYSTEM)
    assert (apps.get(app.id), apps.project_of(app.id)) == (app, serve.project.id)
    assert app in await serve.app.base.database.scan(store.load)


async def test_an_app_without_a_name_is_called_by_its_id(serve: Instance) -> None:
    app = await serve.app.updates.apps.create(serve.project.id, fresh(), "", SYSTEM)
    assert app.name == app.id


async def test_creators_side_by_side_make_one_app(serve: Instance) -> None:
    apps, name = serve.app.updates.apps, fresh()
    made = await asyncio.gather(
        *(apps.create(serve.project.id, name, "", SYSTEM) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(found).__name__ for found in made) == ["App", "AppExists", "AppExists", "AppExists"]


async def test_many_creators_are_all_in_memory(serve: Instance) -> None:
    apps, names = serve.app.updates.apps, [fresh() for _ in range(12)]
    await asyncio.gather(*(apps.create(serve.project.id, name, "", SYSTEM) for name in names))
    assert {app.id for app in apps.of(serve.project.id)} == set(names)


async def test_what_goes_wrong_within_leaves_no_app(serve: Instance) -> None:
    async def fails(tx: Tx, app: App) -> None:
        raise InvalidChannelName

    name = fresh()
    with pytest.raises(InvalidChannelName):
        await serve.app.updates.apps.create(serve.project.id, name, "", SYSTEM, within=fails)
    assert serve.app.updates.apps.project_of(name) is None


async def test_a_deleted_app_is_gone_and_its_id_is_free(serve: Instance) -> None:
    apps, name = serve.app.updates.apps, fresh()
    await apps.create(serve.project.id, name, "", SYSTEM)
    await apps.delete(name, SYSTEM)
    with pytest.raises(AppNotFound):
        apps.get(name)
    assert serve.app.updates.catalog.view(name) is None
    await apps.create(serve.project.id, name, "", SYSTEM)
    with pytest.raises(AppExists):
        await apps.create(serve.project.id, name, "", SYSTEM)


async def test_an_app_that_is_not_there_is_neither_changed_nor_deleted(serve: Instance) -> None:
    apps = serve.app.updates.apps
    with pytest.raises(AppNotFound):
        await apps.update("com.example.none", SYSTEM, name="x", settings={})
    with pytest.raises(AppNotFound):
        await apps.delete("com.example.none", SYSTEM)


class Unreadable:
    """A database that can be written and not be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def scan(self, unit: Any) -> Any:
        raise StorageUnavailable


async def test_an_app_that_could_not_be_read_after_its_commit_is_read_later(serve: Instance) -> None:
    """Until then it could neither be used nor be made again."""
    apps, name, database = serve.app.updates.apps, fresh(), serve.app.base.database
    apps._database = Unreadable(database)  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable):
        await apps.create(serve.project.id, name, "", SYSTEM)
    apps._database = database
    await apps.mend()
    assert apps.project_of(name) == serve.project.id
    assert serve.app.updates.catalog.view(name) is not None

"""Units on SQLite: they wait for nothing but their transaction."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ecrin.storage.sql.port import Database, Tx
from ecrin.storage.sql.sqlite import SqliteDatabase
from ecrin.storage.sql.unit import UnitOver, UnitSuspended


@pytest.fixture
async def database(tmp_path: Path, tables: Any) -> AsyncIterator[Database]:
    opened = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await opened.migrate()
    yield opened
    await opened.close()


class Never:
    """An awaitable that would wait for ever, as a future does."""

    def __await__(self) -> Any:
        yield None


class Stubborn:
    """An awaitable that waits again while it is being closed."""

    def __await__(self) -> Any:
        try:
            yield None
        except GeneratorExit:
            yield None


@pytest.mark.parametrize("way", ["write", "read", "scan"])
@pytest.mark.parametrize("thing", [Never, Stubborn])
async def test_a_unit_that_waits_for_something_else_is_refused(
    database: Any, add: Any, get: Any, way: str, thing: type
) -> None:
    async def unit(tx: Tx) -> None:
        await get("a")(tx)
        if way == "write":
            await add("a", 1)(tx)
        await thing()

    with pytest.raises(UnitSuspended):
        await getattr(database, way)(unit)
    assert await database.write(get("a")) is None
    assert await database.write(add("b", 2)) == 1


async def test_a_unit_that_sleeps_is_refused(database: Any, get: Any) -> None:
    async def unit(tx: Tx) -> None:
        await asyncio.sleep(0)

    for way in (database.write, database.read, database.scan):
        with pytest.raises(UnitSuspended):
            await way(unit)


async def test_a_unit_is_closed_where_it_was_refused(database: Any) -> None:
    seen = []

    async def unit(tx: Tx) -> None:
        try:
            await Never()
        finally:
            seen.append("closed")

    with pytest.raises(UnitSuspended):
        await database.write(unit)
    assert seen == ["closed"]


async def test_a_unit_inside_a_reading_unit_is_refused(database: Any, get: Any) -> None:
    async def unit(tx: Tx) -> None:
        await database.read(get("a"))

    with pytest.raises(UnitOver):
        await database.read(unit)
    assert await database.read(get("a")) is None


async def test_what_is_no_unit_is_refused_and_the_writer_lives_on(database: Any, add: Any) -> None:
    with pytest.raises(AttributeError):
        await database.write(lambda tx: None)
    assert await database.write(add("a", 1)) == 1

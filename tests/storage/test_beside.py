"""A database beside another: in the same place, with a schema and a flood of its own."""

from pathlib import Path
from typing import Any

import pytest

from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Migration

OWN = (Migration(1, "own", "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL, more TEXT);"),)


async def test_tables_of_one_name_are_two(database: Database, add: Any, get: Any) -> None:
    beside = await database.beside("other", OWN)
    try:
        assert await beside.migrate() == [1]
        await beside.write(add("a", 1))
        await database.write(add("a", 2))
        assert (await beside.read(get("a")), await database.read(get("a"))) == (1, 2)
    finally:
        await beside.close()


async def test_what_lies_beside_is_found_again(database: Database, add: Any, get: Any) -> None:
    for value in (None, 1):
        beside = await database.beside("again", OWN)
        assert await beside.migrate() == ([1] if value is None else [])
        assert await beside.version() == 1
        assert await beside.read(get("a")) == value
        if value is None:
            await beside.write(add("a", 1))
        await beside.close()


async def test_before_it_is_migrated_its_version_is_none(database: Database) -> None:
    beside = await database.beside("empty", OWN)
    assert await beside.version() == 0
    assert await database.version() == 1
    await beside.close()


@pytest.mark.parametrize(("name", "other"), [("ecrin.db", "stats.db"), ("dev.db", "dev-stats.db")])
async def test_a_file_beside_is_named_after_its_neighbour_and_closed_to_others(
    tmp_path: Path, name: str, other: str
) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/{name}")
    beside = await database.beside("stats", OWN)
    await beside.migrate()
    await beside.close()
    await database.close()
    assert (tmp_path / other).stat().st_mode & 0o777 == 0o600

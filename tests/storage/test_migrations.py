"""Numbered migrations: whole or not at all, in order, never backwards; on both engines alike."""

import asyncio
from typing import Any

import pytest

from ecrin.errors import ConfigurationError, DatabaseNewer, StorageError
from ecrin.storage.sql.port import Database, Migration, Tx
from ecrin.storage.sql.schema import shipped

ONE = Migration(1, "one", "CREATE TABLE one (a BIGINT PRIMARY KEY);\nINSERT INTO one (a) VALUES (1);\n")
TWO = Migration(2, "two", "CREATE TABLE two (b TEXT PRIMARY KEY);\n-- one; two;\nALTER TABLE one ADD COLUMN c TEXT;")
BROKEN = Migration(2, "two", "CREATE TABLE two (b TEXT PRIMARY KEY); INSERT INTO nowhere (a) VALUES (1);")


async def test_missing_migrations_are_applied_once_and_in_order(place: Any) -> None:
    database = await place.open((ONE, TWO))
    assert [await database.migrate(), await database.migrate()] == [[1, 2], []]


async def test_a_database_takes_up_the_migrations_of_a_newer_release(place: Any) -> None:
    assert await (await place.open((ONE,))).migrate() == [1]
    assert await (await place.open((ONE, TWO))).migrate() == [2]


async def test_each_version_is_recorded_with_its_name_and_time(place: Any) -> None:
    database = await place.open((ONE, TWO))
    await database.migrate()

    async def unit(tx: Tx) -> list[tuple[int, str]]:
        rows = await tx.all("SELECT version, name FROM schema_version WHERE applied_at > 0 ORDER BY version")
        return [(row["version"], row["name"]) for row in rows]

    assert await database.read(unit) == [(1, "one"), (2, "two")]


async def test_a_migration_that_fails_leaves_nothing_behind(place: Any) -> None:
    with pytest.raises(StorageError):
        await (await place.open((ONE, BROKEN))).migrate()
    database = await place.open((ONE, TWO))
    assert not await _exists(database, "two")
    assert await database.migrate() == [2]


async def test_a_first_migration_that_fails_leaves_an_empty_database(place: Any) -> None:
    database = await place.open((Migration(1, "one", "CREATE TABLE one (a BIGINT); SELECT * FROM nowhere;"),))
    with pytest.raises(StorageError):
        await database.migrate()
    assert not await _exists(database, "one")
    assert not await _exists(database, "schema_version")


async def test_a_database_says_how_far_it_is_and_asking_writes_nothing(place: Any) -> None:
    database = await place.open((ONE, TWO))
    assert await database.version() == 0
    assert not await _exists(database, "schema_version")
    await (await place.open((ONE,))).migrate()
    assert await database.version() == 1
    await database.migrate()
    assert await database.version() == 2


async def test_a_database_whose_first_migration_failed_is_at_version_0(place: Any) -> None:
    database = await place.open((Migration(1, "one", "SELECT * FROM nowhere;"),))
    with pytest.raises(StorageError):
        await database.migrate()
    assert await database.version() == 0


async def test_a_newer_database_is_refused(place: Any) -> None:
    await (await place.open((ONE, TWO))).migrate()
    with pytest.raises(DatabaseNewer, match="version 2"):
        await (await place.open((ONE,))).migrate()


@pytest.mark.parametrize(
    "migrations",
    [
        pytest.param((Migration(2, "two", TWO.sql),), id="gap at the start"),
        pytest.param((ONE, Migration(3, "three", TWO.sql)), id="gap"),
        pytest.param((ONE, Migration(1, "again", TWO.sql)), id="number twice"),
        pytest.param((Migration(2, "two", TWO.sql), ONE), id="order"),
    ],
)
async def test_migrations_that_are_not_numbered_in_order_are_refused(
    place: Any, migrations: tuple[Migration, ...]
) -> None:
    database = await place.open(migrations)
    with pytest.raises(ConfigurationError, match="numbered"):
        await database.migrate()
    assert not await _exists(database, "one")


async def test_a_history_that_was_rewritten_is_refused(place: Any) -> None:
    await (await place.open((ONE,))).migrate()
    database = await place.open((Migration(1, "other", ONE.sql), TWO))
    with pytest.raises(ConfigurationError, match="not those of this release"):
        await database.migrate()
    assert not await _exists(database, "two")


async def test_several_processes_may_migrate_at_once(place: Any) -> None:
    databases = [await place.open((ONE, TWO)) for _ in range(4)]
    applied = await asyncio.gather(*(database.migrate() for database in databases))
    assert sorted(number for numbers in applied for number in numbers) == [1, 2]


async def test_the_migrations_of_this_release_apply(place: Any) -> None:
    database = await place.open(shipped())
    assert await database.migrate() == list(range(1, len(shipped()) + 1))


async def test_a_lost_connection_in_the_middle_leaves_nothing(postgres_url: str) -> None:
    from ecrin.storage.sql.postgres import PostgresDatabase

    suicide = Migration(2, "two", "CREATE TABLE two (b TEXT); SELECT pg_terminate_backend(pg_backend_pid());")
    database = await PostgresDatabase.open(postgres_url, migrations=(ONE, suicide))
    with pytest.raises(StorageError):
        await database.migrate()
    assert await _exists(database, "one")
    assert not await _exists(database, "two")
    await database.close()


async def _exists(database: Database, table: str) -> bool:
    async def unit(tx: Tx) -> None:
        await tx.one(f"SELECT * FROM {table}")

    try:
        await database.read(unit)
    except StorageError:
        return False
    return True

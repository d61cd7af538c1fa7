"""PostgreSQL: lost connections, cancelled units, durable settings, and errors that quote nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ecrin.errors import (
    Conflict,
    InvalidRequest,
    Overloaded,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageReadOnly,
    StorageUnavailable,
)
from ecrin.storage.sql.port import Tx
from ecrin.storage.sql.postgres_faults import fault, is_retried
from freezer import Freezer

pytest.importorskip("asyncpg")

HANGS = 10  # seconds after which a wait is given up; it says nothing about how long anything takes


@pytest.fixture
async def database(postgres_url: str, tables: Any) -> AsyncIterator[Any]:
    from ecrin.storage.sql.postgres import PostgresDatabase

    opened = await PostgresDatabase.open(postgres_url, migrations=tables, connections=4)
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("23505", Conflict),
        ("23503", StorageError),
        ("53100", StorageFull),
        ("25006", StorageReadOnly),
        ("55P03", StorageBusy),
        ("57014", StorageBusy),
        ("XX001", StorageDamaged),
        ("08006", StorageUnavailable),
        ("57P01", StorageUnavailable),
        ("57P03", StorageUnavailable),
        ("53300", StorageUnavailable),
        ("28P01", StorageUnavailable),
        ("3D000", StorageUnavailable),
        ("22003", InvalidRequest),
        ("42P01", StorageError),
        ("58030", StorageError),
    ],
)
def test_each_sqlstate_becomes_one_of_our_errors(state: str, kind: type) -> None:
    error = type("ServerError", (Exception,), {"sqlstate": state})("Key (email)=(canary) is bad")
    said = fault(error, "host/name", alive=True)
    assert type(said) is kind
    assert not is_retried(error)
    assert "canary" not in str(said) or state.startswith(("28", "3D", "42"))


@pytest.mark.parametrize("error", [ConnectionRefusedError(), ConnectionResetError(), TimeoutError()])
def test_a_network_that_fails_is_a_server_that_does_not_answer(error: OSError) -> None:
    assert type(fault(error, "host/name", alive=False)) is StorageUnavailable


async def test_every_connection_commits_to_disk(postgres_url: str) -> None:
    from ecrin.storage.sql.postgres import PostgresDatabase

    connection = await _connect(postgres_url)
    name = postgres_url.rpartition("/")[2]
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        database = await PostgresDatabase.open(postgres_url, migrations=())
        settings = await asyncio.gather(*(database.write(_commit_mode) for _ in range(10)))
        await database.close()
    finally:
        await connection.execute(f"ALTER DATABASE {name} RESET synchronous_commit")
        await connection.close()
    assert set(settings) == {"on"}


async def test_a_stronger_setting_of_the_operator_stays(postgres_url: str) -> None:
    from ecrin.storage.sql.postgres import PostgresDatabase

    connection = await _connect(postgres_url)
    name = postgres_url.rpartition("/")[2]
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    try:
        database = await PostgresDatabase.open(postgres_url, migrations=())
        assert await database.write(_commit_mode) == "remote_apply"
        await database.close()
    finally:
        await connection.execute(f"ALTER DATABASE {name} RESET synchronous_commit")
        await connection.close()


async def test_units_are_serializable(database: Any) -> None:
    async def unit(tx: Tx) -> str:
        row = await tx.one("SELECT current_setting('transaction_isolation') AS level")
        assert row is not None
        return row["level"]

    assert [await database.write(unit), await database.read(unit)] == ["serializable", "repeatable read"]


async def test_a_connection_lost_in_a_unit_acknowledges_nothing_and_the_pool_recovers(
    database: Any, add: Any, get: Any
) -> None:
    async def unit(tx: Tx) -> None:
        await add("a", 1)(tx)
        await tx.one("SELECT pg_terminate_backend(pg_backend_pid())")

    for _ in range(6):
        with pytest.raises(StorageUnavailable):
            await database.write(unit)
    assert await database.read(get("a")) is None
    assert await database.write(add("a", 2)) == 1


async def test_idle_connections_that_the_server_drops_are_replaced(
    database: Any, postgres_url: str, add: Any, get: Any
) -> None:
    await asyncio.gather(*(database.write(add(f"n{i}", i)) for i in range(20)))
    connection = await _connect(postgres_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    await asyncio.sleep(0.05)
    assert [await database.read(get(f"n{i}")) for i in range(20)] == list(range(20))


async def test_cancelled_units_leave_no_transaction_open(database: Any, postgres_url: str, add: Any) -> None:
    observer = await _connect(postgres_url)
    left_open = []
    for i in range(150):
        task = asyncio.ensure_future(database.write(add(f"n{i}", i)))
        await asyncio.sleep(i % 50 / 20_000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        left_open.append(
            await observer.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            )
        )
    await observer.close()
    assert sum(left_open) == 0
    assert await database.write(add("last", 1)) == 1


async def test_a_unit_is_cancelled_even_where_the_server_has_fallen_silent(postgres_url: str, tables: Any) -> None:
    from ecrin.storage.sql.postgres import PostgresDatabase

    wire = Freezer(postgres_url)
    database = await PostgresDatabase.open(wire.url, migrations=tables, connections=1)
    task = asyncio.ensure_future(database.write(lambda tx: tx.one("SELECT pg_sleep(60)")))
    await asyncio.sleep(0.2)
    wire.frozen.set()
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=HANGS)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the driver's own request to cancel dies too
    wire.close()
    await asyncio.wait([task])
    await database.close()
    assert ended == {task}


async def test_a_unit_that_swallows_its_cancellation_is_not_acknowledged(
    database: Any, postgres_url: str, add: Any, get: Any
) -> None:
    async def unit(tx: Tx) -> str:
        await add("a", 1)(tx)
        try:
            await tx.one("SELECT pg_sleep(10)")
        except asyncio.CancelledError:
            return "done"
        return "never"

    task = asyncio.ensure_future(database.write(unit))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(StorageError):
        await task
    assert await database.read(get("a")) is None


async def test_a_hot_row_is_written_by_everybody_in_the_end(database: Any, add: Any, get: Any) -> None:
    await database.write(add("hot", 0))

    async def increment(tx: Tx) -> None:
        value = await get("hot")(tx)
        await tx.run("UPDATE counters SET value = :value WHERE name = 'hot'", value=value + 1)

    await asyncio.gather(*(database.write(increment) for _ in range(300)))
    assert await database.read(get("hot")) == 300


async def test_a_crowd_is_refused_before_it_builds_up(postgres_url: str, tables: Any, add: Any) -> None:
    from ecrin.storage.sql.postgres import PostgresDatabase

    database = await PostgresDatabase.open(postgres_url, migrations=tables, queue=5)
    await database.migrate()
    writes = (database.write(add(f"n{i}", i)) for i in range(8))
    results = await asyncio.gather(*writes, return_exceptions=True)
    await database.close()
    assert [type(result) for result in results] == [int] * 5 + [Overloaded] * 3


async def _commit_mode(tx: Tx) -> str:
    row = await tx.one("SELECT current_setting('synchronous_commit') AS mode")
    assert row is not None
    return row["mode"]


async def _connect(url: str) -> Any:
    import asyncpg

    return await asyncpg.connect(url)

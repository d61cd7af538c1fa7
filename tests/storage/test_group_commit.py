"""Group commit on SQLite: one COMMIT for many units, and none of them pays for another."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ecrin.errors import Conflict, Overloaded, StorageError
from ecrin.storage.sql.port import Tx, Unit
from ecrin.storage.sql.sqlite import SqliteDatabase
from ecrin.storage.sql.sqlite_commit import GroupCommit
from ecrin.storage.sql.sqlite_connection import create_file
from ecrin.storage.sql.sqlite_writer import Writer

Make = Callable[..., Unit[Any]]
SCHEMA = """
    CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
    CREATE TABLE parents (id BIGINT PRIMARY KEY);
    CREATE TABLE children (parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return create_file(tmp_path / "ecrin.db")


@pytest.fixture
def group(path: Path) -> Iterator[GroupCommit]:
    commit = GroupCommit(path)
    commit.open()
    for statement in SCHEMA.split(";")[:-1]:
        assert commit.commit([_run(statement)])[0][1] is None
    yield commit
    commit.close()


def test_many_units_share_one_commit(group: GroupCommit, add: Make) -> None:
    statements: list[str] = []
    group._connect().connection.set_trace_callback(statements.append)
    outcomes = group.commit([add(f"n{i}", i) for i in range(100)])
    assert outcomes == [(1, None)] * 100
    assert [text for text in statements if text.split()[0] in {"BEGIN", "COMMIT"}] == ["BEGIN IMMEDIATE", "COMMIT"]


def test_a_unit_sees_what_the_one_before_it_wrote(group: GroupCommit, add: Make, get: Make) -> None:
    assert [value for value, _ in group.commit([add("a", 5), get("a"), get("b")])] == [1, 5, None]


def test_a_failing_unit_rolls_back_its_savepoint_only(group: GroupCommit, add: Make, get: Make) -> None:
    async def stumble(tx: Tx) -> None:
        await add("lost", 1)(tx)
        raise LookupError

    outcomes = group.commit([add("a", 1), stumble, add("a", 2), add("b", 2)])
    assert [type(error) for _, error in outcomes] == [type(None), LookupError, Conflict, type(None)]
    assert [value for value, _ in group.commit([get("a"), get("lost"), get("b")])] == [1, None, 2]


def test_even_an_exit_in_a_unit_is_only_that_units_failure(group: GroupCommit, add: Make) -> None:
    async def leave(tx: Tx) -> None:
        raise SystemExit

    outcomes = group.commit([leave, add("a", 1)])
    assert [type(error) for _, error in outcomes] == [SystemExit, type(None)]


def test_a_constraint_that_speaks_at_commit_costs_its_own_unit_only(group: GroupCommit, add: Make, get: Make) -> None:
    orphan = _run("INSERT INTO children (parent) VALUES (7)")
    outcomes = group.commit([add("a", 1), orphan, add("b", 2)])
    assert [type(error) for _, error in outcomes] == [type(None), StorageError, type(None)]
    assert [value for value, _ in group.commit([get("a"), get("b")])] == [1, 2]


def test_a_unit_that_ends_the_transaction_fails_the_whole_batch(
    group: GroupCommit, add: Make, get: Make, path: Path
) -> None:
    outcomes = group.commit([add("a", 1), _run("ROLLBACK"), add("b", 1)])
    assert [isinstance(error, StorageError) for _, error in outcomes] == [True] * 3
    assert len({id(error) for _, error in outcomes}) == 3
    assert group.commit([get("a"), get("b")]) == [(None, None)] * 2


def test_a_unit_that_ends_the_transaction_unseen_is_not_acknowledged(group: GroupCommit, add: Make, get: Make) -> None:
    async def sly(tx: Tx) -> str:
        try:
            await tx.run("INSERT OR ROLLBACK INTO counters (name, value) VALUES ('taken', 2)")
        except Conflict:
            return "done"
        return "never"

    group.commit([add("taken", 1)])
    outcomes = group.commit([add("a", 1), sly])
    assert [isinstance(error, StorageError) for _, error in outcomes] == [True] * 2
    assert group.commit([get("a")]) == [(None, None)]


def test_the_writer_syncs_at_every_commit_and_checks_foreign_keys(group: GroupCommit) -> None:
    connection = group._connect().connection
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]
    assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1


async def test_the_writes_of_one_turn_of_the_event_loop_share_one_commit(
    tmp_path: Path, tables: Any, add: Make
) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    before = _commits(tmp_path)
    await asyncio.gather(*(database.write(add(f"n{i:04}", i)) for i in range(256)))
    grown = _commits(tmp_path) - before
    await database.close()
    assert grown == 1


async def test_no_commit_holds_more_units_than_a_batch(tmp_path: Path, tables: Any, add: Make) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables, batch=100)
    await database.migrate()
    before = _commits(tmp_path)
    await asyncio.gather(*(database.write(add(f"n{i:04}", i)) for i in range(256)))
    grown = _commits(tmp_path) - before
    await database.close()
    assert grown == 3


async def test_a_write_in_the_turn_of_the_stop_is_kept(path: Path) -> None:
    writer = Writer(GroupCommit(path), asyncio.get_running_loop())
    await writer.start()
    written = writer.submit(_run("CREATE TABLE last (number BIGINT)"))
    await writer.stop()
    assert written.done()
    with closing(sqlite3.connect(path)) as look:
        assert look.execute("SELECT count(*) FROM last").fetchone() == (0,)


async def test_more_than_the_queue_holds_is_refused_and_the_rest_is_kept(
    tmp_path: Path, tables: Any, add: Make, get: Make
) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables, queue=10)
    await database.migrate()
    blocker = sqlite3.connect(tmp_path / "ecrin.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    held = asyncio.ensure_future(database.write(add("first", 1)))
    await asyncio.sleep(0.05)
    writes = [asyncio.ensure_future(database.write(add(f"n{i}", i))) for i in range(12)]
    await asyncio.sleep(0.05)
    blocker.execute("ROLLBACK")
    blocker.close()
    results = await asyncio.gather(held, *writes, return_exceptions=True)
    values = [await database.read(get(f"n{i}")) for i in range(12)]
    await database.close()
    assert [type(result) for result in results] == [int] * 11 + [Overloaded] * 2
    assert values == [*range(10), None, None]


async def test_what_waits_behind_the_first_commit_of_a_turn_counts_as_waiting(
    tmp_path: Path, tables: Any, add: Make
) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables, batch=4, queue=10)
    await database.migrate()
    blocker = sqlite3.connect(tmp_path / "ecrin.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    first = [asyncio.ensure_future(database.write(add(f"a{i}", i))) for i in range(10)]
    await asyncio.sleep(0.05)  # four of them are under way now
    second = [asyncio.ensure_future(database.write(add(f"b{i}", i))) for i in range(10)]
    await asyncio.sleep(0.05)
    blocker.execute("ROLLBACK")
    blocker.close()
    results = await asyncio.gather(*first, *second, return_exceptions=True)
    await database.close()
    assert [type(result) for result in results] == [int] * 14 + [Overloaded] * 6


async def test_more_large_reads_than_one_thread_can_take_are_refused(tmp_path: Path, tables: Any, get: Make) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    results = await asyncio.gather(*(database.scan(get("a")) for _ in range(103)), return_exceptions=True)
    again = await database.scan(get("a"))
    await database.close()
    assert [type(result) for result in results] == [type(None)] * 100 + [Overloaded] * 3
    assert again is None


async def test_closing_folds_the_log_into_the_file(tmp_path: Path, tables: Any, add: Make) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    await database.write(add("a", 1))
    await database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["ecrin.db"]


async def test_closing_empties_the_log_even_beside_another_process(tmp_path: Path, tables: Any, add: Make) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    other = sqlite3.connect(tmp_path / "ecrin.db")
    other.execute("SELECT count(*) FROM counters").fetchone()
    await database.write(add("a", 1))
    await database.close()
    assert (tmp_path / "ecrin.db-wal").stat().st_size == 0
    other.close()


async def test_a_glance_holds_the_log_up_for_nobody(tmp_path: Path, tables: Any, add: Make) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    for name in "abc":
        await database.write(add(name, 1))
    await database.glance(lambda tx: tx.one("SELECT * FROM counters ORDER BY name"))
    await database.write(add("d", 1))
    beside = sqlite3.connect(tmp_path / "ecrin.db", timeout=0)
    busy = beside.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    beside.close()
    await database.close()
    assert busy == 0


async def test_the_log_does_not_pile_up(tmp_path: Path, tables: Any) -> None:
    async def fill(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO blobs (name, content) VALUES ('x', :b) ON CONFLICT (name) DO UPDATE SET content = :b",
            b=b"x" * 400_000,
        )

    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    for _ in range(60):
        await database.write(fill)
    size = (tmp_path / "ecrin.db-wal").stat().st_size
    await database.close()
    assert size < 8_000_000  # written: 24 MB


async def test_a_loop_that_is_gone_does_not_kill_the_writer(tmp_path: Path, tables: Any, add: Make) -> None:
    def abandon() -> None:
        async def run() -> None:
            database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
            await database.migrate()
            database._writer.submit(add("a", 1))

        asyncio.run(run())

    await asyncio.to_thread(abandon)
    again = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    assert await again.migrate() == []
    await again.close()


def _run(sql: str) -> Unit[int]:
    async def unit(tx: Tx) -> int:
        return await tx.run(sql)

    return unit


def _commits(folder: Path) -> int:
    """Return how many commits the log holds: the last frame of each gives the size of the database."""
    log = (folder / "ecrin.db-wal").read_bytes()[32:]
    return sum(log[start + 4 : start + 8] != bytes(4) for start in range(0, len(log), 24 + 4096))

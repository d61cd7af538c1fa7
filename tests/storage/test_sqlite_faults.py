"""SQLite in trouble: full, read-only, locked, damaged. Writes say why, reads go on, nothing acknowledged is lost."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ecrin.errors import StorageBusy, StorageDamaged, StorageError, StorageFull, StorageReadOnly
from ecrin.storage.sql import sqlite_connection
from ecrin.storage.sql.port import Tx, Unit
from ecrin.storage.sql.sqlite import SqliteDatabase

PAGE = 4096
Put = Callable[[str], Unit[int]]


def put(name: str, size: int = 20_000) -> Unit[int]:
    async def unit(tx: Tx) -> int:
        sql = "INSERT INTO blobs (name, content) VALUES (:name, :content)"
        return await tx.run(sql, name=name, content=os.urandom(size))

    return unit


async def stored(tx: Tx) -> set[str]:
    return {row["name"] for row in await tx.all("SELECT name, content FROM blobs")}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if shutil.which("mount") is None or _command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder):
        pytest.skip("mounting a small tmpfs takes root")
    yield folder
    _command("umount", "-l", folder)  # lazily: a test that failed may have left files open


@pytest.fixture
def freeze(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """`freeze(name)` makes a file immutable, which binds root too."""
    frozen: list[Path] = []

    def make_immutable(name: str) -> None:
        if shutil.which("chattr") is None or _command("chattr", "+i", tmp_path / name):
            pytest.skip("chattr +i does not work here (it takes root and a file system that knows it)")
        frozen.append(tmp_path / name)

    yield make_immutable
    for path in frozen:
        _command("chattr", "-i", path)


@pytest.fixture
async def database(tmp_path: Path, tables: Any) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await opened.migrate()
    yield opened
    await opened.close()


async def test_a_full_disk_refuses_writes_and_goes_on_by_itself(small_disk: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    await database.migrate()
    acknowledged = set()
    refusal = None
    while refusal is None:
        name = f"n{len(acknowledged)}"
        try:
            await database.write(put(name))
            acknowledged.add(name)
        except StorageFull as refused:
            refusal = str(refused)
    assert "small/ecrin.db: " in refusal
    together = await asyncio.gather(*(database.write(put(f"m{i}")) for i in range(20)), return_exceptions=True)
    assert {type(result) for result in together} == {StorageFull}
    assert await database.read(stored) == await database.scan(stored) == acknowledged
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    assert await database.write(put("later")) == 1
    await database.close()
    again = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    assert await again.read(stored) == acknowledged | {"later"}
    await again.close()


async def test_a_unit_larger_than_the_disk_fails_its_batch_with_the_reason(small_disk: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    await database.migrate()
    await database.write(put("a"))
    units = [put("b"), put("huge", 40_000_000), put("c")]
    results = await asyncio.gather(*(database.write(unit) for unit in units), return_exceptions=True)
    kept = {name for name, result in zip(["b", "huge", "c"], results, strict=True) if result == 1}
    assert StorageFull in {type(result) for result in results}
    assert {type(result) for result in results} <= {int, StorageFull}
    assert await database.read(stored) == kept | {"a"}
    await database.close()


async def test_a_full_disk_still_opens_and_reads(small_disk: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    await database.migrate()
    await database.write(put("a"))
    await database.close()
    _fill_up(small_disk)
    try:
        again = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    except StorageFull as refused:
        assert "ecrin.db" in str(refused)  # noqa: PT017  there is not even room for the index of the log
    else:
        assert await again.read(stored) == {"a"}
        await again.close()


async def test_a_log_that_cannot_be_written_refuses_writes_and_goes_on_when_it_can(
    database: SqliteDatabase, tmp_path: Path, freeze: Callable[[str], None]
) -> None:
    await database.write(put("a"))
    freeze("ecrin.db-wal")
    for name in ("b", "c"):
        with pytest.raises(StorageError, match=r"/ecrin\.db: "):
            await database.write(put(name))
    with pytest.raises(StorageReadOnly, match=r"/ecrin\.db: "):
        await database.write(put("d"))
    assert await database.read(stored) == await database.scan(stored) == {"a"}
    _command("chattr", "-i", tmp_path / "ecrin.db-wal")
    assert await database.write(put("e")) == 1
    assert await database.read(stored) == {"a", "e"}


async def test_what_is_acknowledged_while_the_file_is_read_only_is_kept(
    database: SqliteDatabase, tmp_path: Path, tables: Any, freeze: Callable[[str], None]
) -> None:
    freeze("ecrin.db")
    acknowledged = set()
    for i in range(300):  # far more than one checkpoint's worth
        try:
            await database.write(put(f"n{i}"))
        except StorageError:
            break
        acknowledged.add(f"n{i}")
    assert await database.read(stored) == acknowledged
    await database.close()
    _command("chattr", "-i", tmp_path / "ecrin.db")
    again = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    assert await again.read(stored) == acknowledged
    await again.close()


async def test_a_read_only_file_is_named_at_start(tmp_path: Path, tables: Any, freeze: Callable[[str], None]) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    await database.close()
    freeze("ecrin.db")
    with pytest.raises(StorageReadOnly, match=r"/ecrin\.db: .*cannot be written"):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)


async def test_a_read_only_mount_is_named_at_start(small_disk: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(small_disk / "ecrin.db", migrations=tables)
    await database.migrate()
    await database.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for name in ("ecrin.db", "new.db"):
        with pytest.raises(StorageReadOnly, match=rf"/{name}: .*cannot be written"):
            await SqliteDatabase.open(small_disk / name, migrations=tables)


async def test_a_file_locked_by_another_process_is_named(
    database: SqliteDatabase, tmp_path: Path, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.write(put("a"))
    await database.close()
    monkeypatch.setattr(sqlite_connection, "BUSY_WRITER", 0.1)
    impatient = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    other = sqlite3.connect(tmp_path / "ecrin.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(*(impatient.write(put(f"n{i}")) for i in range(3)), return_exceptions=True)
    assert {type(result) for result in results} == {StorageBusy}
    assert "ecrin.db" in str(results[0])
    assert await impatient.read(stored) == {"a"}
    with pytest.raises(StorageBusy, match=r"/ecrin\.db: another process"):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    other.execute("ROLLBACK")
    other.close()
    assert await impatient.write(put("b")) == 1
    await impatient.close()


async def test_a_lock_that_is_given_up_in_time_only_delays(database: SqliteDatabase, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ecrin.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    write = asyncio.ensure_future(database.write(put("a")))
    await asyncio.sleep(0.05)
    assert not write.done()
    other.execute("ROLLBACK")
    other.close()
    assert await write == 1


@pytest.mark.parametrize("content", [b"this is no database" * 300, b"\0" * 8192, b"x"])
async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, tables: Any, content: bytes) -> None:
    (tmp_path / "ecrin.db").write_bytes(content)
    with pytest.raises(StorageDamaged, match=r"/ecrin\.db: "):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    assert (tmp_path / "ecrin.db").read_bytes() == content


async def test_a_file_cut_to_nothing_beside_its_log_is_not_started_anew(tmp_path: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    log = (tmp_path / "ecrin.db-wal").read_bytes()
    await database.close()
    (tmp_path / "ecrin.db").write_bytes(b"")
    (tmp_path / "ecrin.db-wal").write_bytes(log)
    with pytest.raises(StorageDamaged, match=r"/ecrin\.db: the file was cut to 0 bytes"):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    assert (tmp_path / "ecrin.db-wal").read_bytes() == log


async def test_a_damaged_header_is_found_at_start(tmp_path: Path, tables: Any) -> None:
    await _fill(tmp_path, tables)
    _overwrite(tmp_path / "ecrin.db", 0, b"SQLite format 9\0")
    with pytest.raises(StorageDamaged, match=r"/ecrin\.db: "):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)


async def test_a_damaged_schema_page_is_found_at_start(tmp_path: Path, tables: Any) -> None:
    await _fill(tmp_path, tables)
    _overwrite(tmp_path / "ecrin.db", 100, os.urandom(900))
    with pytest.raises(StorageDamaged, match=r"/ecrin\.db: "):
        await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)


async def test_a_damaged_page_fails_those_who_touch_it_and_nobody_else(
    tmp_path: Path, tables: Any, add: Any, get: Any
) -> None:
    await _fill(tmp_path, tables)
    page = _root_page(tmp_path / "ecrin.db", "blobs")
    _overwrite(tmp_path / "ecrin.db", (page - 1) * PAGE, b"\xff" * 200)
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    for way in (database.read, database.scan, database.write):
        with pytest.raises(StorageDamaged, match=r"/ecrin\.db: "):
            await way(stored)
    results = await asyncio.gather(
        database.write(add("x", 1)), database.write(put("y")), database.write(add("z", 3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, StorageDamaged, int]
    assert [await database.read(get(name)) for name in "xz"] == [1, 3]
    await database.close()


@pytest.mark.parametrize("kept", [0, 31, 32, 33, 40])
async def test_a_log_that_was_cut_keeps_every_whole_commit_before_the_cut(
    tmp_path: Path, tables: Any, kept: int
) -> None:
    """Cut in the middle of frame `kept` + 1: the commits before it are there, nothing after it, the file is sound."""
    database = await SqliteDatabase.open(tmp_path / "ecrin.db", migrations=tables)
    await database.migrate()
    sizes = {}
    for i in range(30):
        await database.write(put(f"n{i}", 100))
        sizes[f"n{i}"] = (tmp_path / "ecrin.db-wal").stat().st_size
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("ecrin.db", "ecrin.db-wal"):
        shutil.copy(tmp_path / name, copy / name)
    await database.close()
    cut = 32 + kept * (PAGE + 24) + 1000
    os.truncate(copy / "ecrin.db-wal", cut)
    again = await SqliteDatabase.open(copy / "ecrin.db", migrations=tables)
    await again.migrate()
    assert await again.read(stored) == {name for name, size in sizes.items() if size <= cut}
    await again.close()
    assert _sound(copy / "ecrin.db")


async def test_a_reader_that_failed_opens_itself_anew(database: SqliteDatabase) -> None:
    await database.write(put("a"))
    for way in (database.read, database.scan):
        with pytest.raises(StorageError):
            await way(_nonsense)
        assert await way(stored) == {"a"}


def _fill_up(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * PAGE)


async def _nonsense(tx: Tx) -> None:
    await tx.one("THIS IS NOT SQL")


async def _fill(folder: Path, tables: Any) -> None:
    database = await SqliteDatabase.open(folder / "ecrin.db", migrations=tables)
    await database.migrate()
    for i in range(40):
        await database.write(put(f"n{i}", 500))
    await database.close()


def _sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    answer = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return answer == ("ok",)


def _root_page(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    page: int = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    return page


def _overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def _command(*arguments: str | Path) -> int:
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, check=False).returncode

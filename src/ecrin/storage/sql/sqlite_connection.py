"""How a connection to the SQLite file is opened; everything the promises of `sqlite.py` rest on is set here."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ecrin.errors import StorageDamaged
from ecrin.storage.sql.sqlite_faults import fault

BUSY_WRITER = 5.0  # seconds to wait for another process's write lock
BUSY_READER = 0.25  # seconds; readers wait for almost nothing in WAL, and this one may stand on the event loop
_CACHED_STATEMENTS = 512
_SMALLEST = 512  # bytes of the smallest database

# FULL: the WAL is synced at every commit. fullfsync: macOS's fsync alone does not reach the disk (no effect elsewhere).
_WRITER = ("synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON", f"journal_size_limit = {64 * 2**20}")
_READER = ("query_only = ON",)
# case_sensitive_like: LIKE as PostgreSQL has it. cell_size_check: look closer at pages that may be damaged.
_BOTH = (
    "foreign_keys = ON",
    "case_sensitive_like = ON",
    "cell_size_check = ON",
    "trusted_schema = OFF",
    "temp_store = MEMORY",
    "cache_size = -16000",
)


def create_file(path: Path | str) -> Path:
    """Create the file for its owner only, if it is not there, and return its absolute path.

    Its log and index will take over its mode. Raises a `StorageError` that names the file.
    """
    place = Path(path).absolute()
    log = place.with_name(f"{place.name}-wal")
    try:
        os.close(os.open(place, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        size = place.stat().st_size
        logged = log.stat().st_size if log.exists() else 0
    except OSError as error:
        raise fault(error, place) from error
    if size < _SMALLEST and (size or logged):  # SQLite would start anew and forget the log
        raise StorageDamaged(f"{place}: the file was cut to {size} bytes.")
    return place


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open for writing a file that exists, and see that it can be written now. Raises `sqlite3.Error`."""
    connection = _connect(path, "rw", BUSY_WRITER)
    try:
        _enter_wal(connection)
        _set(connection, _BOTH + _WRITER)
        _touch(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only. Raises `sqlite3.Error`."""
    connection = _connect(path, "ro", BUSY_READER)
    try:
        _set(connection, _BOTH + _READER)
    except BaseException:
        connection.close()
        raise
    return connection


def roll_back(cursor: sqlite3.Cursor) -> None:
    """Take back what is open and let go of the write lock."""
    with suppress(sqlite3.Error):
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")


def disconnect(cursor: sqlite3.Cursor) -> None:
    """Roll back what is open and close the connection of its one cursor.

    In this order: SQLite keeps a connection, its locks included, for as long as a cursor holds one of its statements.
    """
    roll_back(cursor)
    with suppress(sqlite3.Error):
        cursor.close()
    with suppress(sqlite3.Error):
        cursor.connection.close()


def _connect(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _enter_wal(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system does not carry a write-ahead log (journal mode {mode})")


def _touch(connection: sqlite3.Connection) -> None:
    """Take the write lock, read the schema and change a page, for BEGIN IMMEDIATE alone passes on a read-only file."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    connection.execute("PRAGMA user_version = 0")
    connection.execute("ROLLBACK")


def _set(connection: sqlite3.Connection, pragmas: Iterable[str]) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")

"""How a vault's file is made, opened and removed; everything that its promises rest on is set here.

WAL with `synchronous=FULL`: a commit is on disk before it is acknowledged, several processes read while one writes.
`secure_delete`: what is removed is overwritten. A new file appears under its name whole or not at all.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from ecrin.vault.disk import make_folder, patiently, sync_folder
from ecrin.vault.errors import VaultBusy, VaultDamaged, VaultNewer, VaultNotInitialized

APPLICATION_ID = 0x45435256  # "ECRV"
VERSION = 1
BUSY_SECONDS = 5.0
LOCK_TRIES = 200
_MOVED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}  # what a file that was removed meanwhile comes to
BESIDE = ("-wal", "-shm")

SCHEMA = """
CREATE TABLE vault (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id BLOB NOT NULL, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, manifest BLOB NOT NULL, settings BLOB NOT NULL
) STRICT;
CREATE TABLE slots (
  id BLOB PRIMARY KEY, kind BLOB NOT NULL, params BLOB NOT NULL, public BLOB NOT NULL,
  guard BLOB NOT NULL, wrapped BLOB NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, boot BLOB NOT NULL DEFAULT x'',
  since_boot_ms INTEGER NOT NULL DEFAULT 0, wall_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE entries (
  version INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
"""

_ID = "SELECT (SELECT id FROM vault), EXISTS (SELECT 1 FROM slots) + EXISTS (SELECT 1 FROM entries)"
_TABLES = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
_PRAGMAS = (
    "synchronous = FULL",
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
    "secure_delete = ON",
    "cell_size_check = ON",
    "trusted_schema = OFF",
    "temp_store = MEMORY",
    f"journal_size_limit = {4 * 2**20}",
)


def create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> bool:
    """Make the file with what `fill` writes; return False, and leave it, if there is one already.

    One that was cleared, by a process that then ended, is none. Folders are made for their owner only. Raises
    `sqlite3.Error`, `OSError`; then nothing is left behind.
    """
    make_folder(path.parent)
    with alone(path):
        if _id_at(path) == b"":
            _unlink(path)
        if path.exists():
            return False
        _create(path, fill)
        return True


def _create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_connect(draft)) as connection:
            _lay_out(connection, fill)
        patiently(lambda: draft.replace(path))  # nobody else makes one now
        sync_folder(path.parent)
    finally:
        for name in (draft, *_beside(draft), draft.with_name(f"{draft.name}-journal")):
            name.unlink(missing_ok=True)


def in_memory(fill: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Return a vault that is nowhere but in this process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(SCHEMA)
    fill(connection)
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there, for any thread, one at a time.

    Raises `VaultNotInitialized`, `VaultDamaged` for what is no vault, `VaultNewer`; `sqlite3.Error`.
    """
    there = _inode(path)
    if there is None:
        raise VaultNotInitialized
    try:
        return _prepared(path)
    except sqlite3.Error:
        if there == _inode(path):
            raise
        raise VaultNotInitialized from None  # it was removed meanwhile


def _prepared(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        _check(connection)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def remove(path: Path, vault_id: bytes | None = None, *, unread: bool = True) -> None:
    """Remove the file and what lies beside it, drafts of killed processes too; what is not there is no error.

    With `vault_id`, another vault that is in its place by now is left; without `unread`, also what cannot be read.
    """
    if path.parent.exists():
        with alone(path):
            if vault_id is None or _id_at(path) in {b"", vault_id, *([None] if unread else [])}:
                _unlink(path)
                sync_folder(path.parent)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others from making, removing or guessing at the vault; an end of the process, however it comes, ends that.

    Else who removes an old file could remove the log of one that was made meanwhile. Raises `sqlite3.Error`, `OSError`.
    """
    lock = _lock(path)
    tries = (_locked(lock) for _ in range(LOCK_TRIES))
    connection = next((found for found in tries if found is not None), None)
    if connection is None:
        raise VaultBusy
    with closing(connection):
        try:
            yield
        finally:
            with suppress(OSError):  # some systems keep what is open
                lock.unlink()


def _locked(lock: Path) -> sqlite3.Connection | None:
    """Lock a file, and return what holds it; None if it is not the one of that name any more: who had it removed it."""
    lock.touch(0o600)
    before = _inode(lock)
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(closing(_connect(lock)))
            opened = _inode(lock)
            connection.execute("PRAGMA journal_mode = MEMORY").fetchall()  # a full disk keeps nobody from a wipe
            connection.execute("BEGIN EXCLUSIVE").fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _MOVED:
                raise
            return None
        if before is None or not before == opened == _inode(lock):
            return None
        undo.pop_all()
        return connection


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _id_at(path: Path) -> bytes | None:
    """Return the id of the vault in a file: empty for one that was cleared, None for none or what cannot be read."""
    try:
        with closing(connect(path)) as connection:
            found = connection.execute(_ID).fetchall()
    except (VaultNotInitialized, VaultDamaged, VaultNewer, sqlite3.Error, MemoryError):
        return None
    id_, rows = found[0]
    return bytes(id_) if isinstance(id_, bytes) else b"" if rows == 0 else None


def _unlink(path: Path) -> None:
    drafts = [found for found in path.parent.glob(f".{path.name}.*") if found != _lock(path)]
    for name in (path, *_beside(path), *drafts):
        name.unlink(missing_ok=True)


def _lock(path: Path) -> Path:
    """Return a file that stays empty: whoever locks it makes or removes the vault."""
    return path.with_name(f".{path.name}.lock")


def _connect(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _lay_out(connection: sqlite3.Connection, fill: Callable[[sqlite3.Connection], None]) -> None:
    for pragma in ("journal_mode = DELETE", f"application_id = {APPLICATION_ID}", f"user_version = {VERSION}"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.executescript(f"BEGIN;{SCHEMA}")
    fill(connection)
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchall() != [(APPLICATION_ID,)]:
        raise VaultDamaged("This file is no vault.")
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    if version > VERSION:
        raise VaultNewer
    if version != VERSION or connection.execute(_TABLES).fetchall() != _tables():
        raise VaultDamaged("This file is a vault of no version that ever was.")


@cache
def _tables() -> list[tuple[str, ...]]:
    """Return what a vault's file has for a schema: no view, trigger or table that somebody else put there."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        return connection.execute(_TABLES).fetchall()


def _beside(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}{end}") for end in BESIDE]

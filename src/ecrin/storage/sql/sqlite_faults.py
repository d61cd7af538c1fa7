"""What SQLite's result codes mean to the rest of Écrin (sqlite.org/rescode.html)."""

import os
import sqlite3
from pathlib import Path

from ecrin.errors import (
    Conflict,
    InvalidRequest,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageReadOnly,
)

Fault = StorageError | InvalidRequest

# Anything that execute() raises for a statement or its values.
EXECUTE_ERRORS = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError)

_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SYSTEM = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_ROOM = 64 * 1024  # bytes; a file system with less left is called full


def fault(error: BaseException, path: Path) -> Fault:
    """Return our error for one that the sqlite3 module raised on the database at `path`."""
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return unstorable()
    if isinstance(error, OSError):
        return _by_looking(error, path)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StorageError(f"{path}: {error}")
    if code in _UNIQUE:
        return Conflict(str(error).removeprefix("UNIQUE constraint failed: "))
    return _by_primary_code(error, code & 0xFF, path)


def unstorable() -> InvalidRequest:
    """Return the error for a value that not both engines can keep; the value itself stays out of it."""
    return InvalidRequest("A value is outside of what the database can store (a number too large, or a NUL in text).")


def is_busy(error: BaseException) -> bool:
    """Say whether somebody else's lock is the whole trouble: the connection itself is sound."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def may_be_one_units(error: BaseException) -> bool:
    """Say whether a single unit may have made the COMMIT of all fail: a deferred constraint, or a damaged page."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CORRUPT}


def _by_primary_code(error: BaseException, code: int, path: Path) -> StorageError:
    if code == sqlite3.SQLITE_FULL:
        return StorageFull(f"{path}: the disk is full; nothing was written.")
    if code == sqlite3.SQLITE_READONLY:
        return StorageReadOnly(f"{path}: the database cannot be written; nothing was written.")
    if code in _BUSY:
        return StorageBusy(f"{path}: another process holds the write lock; nothing was written.")
    if code in _DAMAGED:
        return StorageDamaged(f"{path}: {error}.")
    if code in _SYSTEM:
        return _by_looking(error, path)
    return StorageError(f"{path}: {error}")


def _by_looking(error: BaseException, path: Path) -> StorageError:
    """SQLite says only "disk I/O error" or "unable to open": ask the file system why."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    place = path if path.exists() else path.parent
    if not place.exists():
        return StorageError(f"{path}: the folder does not exist.", hint="Create it, or name another with --data.")
    if path.is_dir():
        return StorageError(f"{path}: this is a folder, not a database file.")
    if not (os.access(place, os.W_OK) and os.access(path.parent, os.W_OK)):
        return StorageReadOnly(f"{path}: the database cannot be written ({name}); nothing was written.")
    if _room(place) < _ROOM:
        return StorageFull(f"{path}: the disk is full ({name}); nothing was written.")
    return StorageError(f"{path}: {error} ({name}); the write was not acknowledged.")


def _room(place: Path) -> int:
    try:
        room = os.statvfs(place)
    except OSError:
        return _ROOM
    return room.f_bavail * room.f_frsize

"""What SQLite's result codes (sqlite.org/rescode.html) mean to whoever has a vault."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrin.vault.errors import VaultBusy, VaultDamaged, VaultError, VaultFull, VaultUnwritable

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR}
_WORDS = {
    sqlite3.SQLITE_READONLY: "it, its folder or the file system is read-only",
    sqlite3.SQLITE_PERM: "this user has no right to it",
    sqlite3.SQLITE_CANTOPEN: "it or a file beside it does not open for writing",
    sqlite3.SQLITE_IOERR: "the disk answers with an I/O error",
}
_CHECK = (
    "Check owner, mode and mount of the file and its folder."
    " Opening writes too, because tries are counted; a vault that is open goes on reading."
)
_ROOM = 64 * 1024  # bytes; a file system with less left is called full


@contextmanager
def told(path: Path | None) -> Iterator[None]:
    """Raise a `VaultError` for what SQLite, or a row that is none, raises in here."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise fault(error, path) from error
    except MemoryError:  # how sqlite3 says SQLITE_NOMEM, which a damaged file can bring about
        raise VaultUnwritable("The vault's file asks for more memory than there is.") from None
    except (ValueError, TypeError, OverflowError):  # what is no value of its column
        raise VaultDamaged from None


def fault(error: sqlite3.Error | OSError, path: Path | None) -> VaultError:
    """Return our error for one of SQLite's or of the system's on the file at `path` (None: in memory)."""
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    if code in _BUSY:
        return VaultBusy()
    if code == sqlite3.SQLITE_FULL:
        return VaultFull()
    if code in _DAMAGED or (isinstance(error, sqlite3.Error) and not hasattr(error, "sqlite_errorcode")):
        return VaultDamaged(f"The file is not a whole vault ({error}).")
    if path is not None and _room(path.parent) < _ROOM:
        return VaultFull()
    return VaultUnwritable(
        f"The vault's file{f' {path}' if path else ''} cannot be written or read: {_why(error, code)};"
        " nothing was written.",
        hint=_CHECK,
    )


def _why(error: sqlite3.Error | OSError, code: int) -> str:
    """Return it in words that go on after a colon."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return _WORDS.get(code) or str(getattr(error, "sqlite_errorname", error))


def _room(folder: Path) -> int:
    try:
        room = os.statvfs(folder)
    except (OSError, AttributeError):  # no such folder, no such call
        return _ROOM
    return room.f_bavail * room.f_frsize

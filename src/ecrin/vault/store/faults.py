"""What SQLite's result codes (sqlite.org/rescode.html) mean to whoever has a vault."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrin.vault.errors import VaultBusy, VaultDamaged, VaultError, VaultFull, VaultUnwritable

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR}
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
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return VaultUnwritable(f"The vault's file cannot be written or read ({name}); nothing was written.")


def _room(folder: Path) -> int:
    try:
        room = os.statvfs(folder)
    except (OSError, AttributeError):  # no such folder, no such call
        return _ROOM
    return room.f_bavail * room.f_frsize

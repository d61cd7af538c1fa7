"""One server on one SQLite file: a lock on a file beside it; SQLite's own locks last no longer than a transaction."""

import fcntl
import os
from asyncio import Future, get_running_loop
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ecrin.errors import DatabaseBusy
from ecrin.storage.sql.sqlite_faults import fault


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[Future[None]]:
    """Hold the database for this process; what is given never ends, since nobody can take the lock from us.

    Raises `DatabaseBusy` if another process holds it, or a `StorageError`.
    """
    descriptor = _locked(path)
    try:
        yield get_running_loop().create_future()
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """Return the descriptor of the lock, which is free again once that is closed, by whatever."""
    place = path.resolve()
    lock = place.with_name(f"{place.name}-lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fault(error, place) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseBusy(f"Another ecrin process is using {place}.") from None
    return descriptor

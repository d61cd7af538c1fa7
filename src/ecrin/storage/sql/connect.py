"""From ECRIN_DATABASE_URL to a database."""

from asyncio import Future
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ecrin.base.clock import Clock
from ecrin.errors import ConfigurationError
from ecrin.storage.sql.port import Database, Migration

_POSTGRES = {"postgresql", "postgres"}


async def open_database(
    url: str, *, migrations: Sequence[Migration] | None = None, clock: Clock | None = None
) -> Database:
    """Open `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host:port/name`.

    Raises `ConfigurationError` for any other address, `MissingExtra` if PostgreSQL is named and its driver is not
    installed, or a `StorageError` if the database cannot be used now.
    """
    scheme = url.partition(":")[0]
    if scheme in _POSTGRES:
        from ecrin.storage.sql.postgres import PostgresDatabase  # an extra: only when it is named

        return await PostgresDatabase.open(url, migrations=migrations, clock=clock)
    if scheme == "sqlite":
        from ecrin.storage.sql.sqlite import SqliteDatabase

        return await SqliteDatabase.open(_file(url), migrations=migrations, clock=clock)
    raise _unknown()


def held(url: str) -> AbstractAsyncContextManager[Future[None]]:
    """Hold a database for this server alone; what is given raises `DatabaseBusy` if another one takes it from us.

    Entering raises `DatabaseBusy` if another server has it, and as `open_database`.
    """
    scheme = url.partition(":")[0]
    if scheme in _POSTGRES:
        from ecrin.storage.sql import postgres_hold

        return postgres_hold.held(url)
    if scheme == "sqlite":
        from ecrin.storage.sql import sqlite_hold

        return sqlite_hold.held(_file(url))
    raise _unknown()


def is_there(url: str) -> bool:
    """Return whether there is something to open: opening would make the file of an SQLite database."""
    return url.partition(":")[0] != "sqlite" or _file(url).exists()


def _unknown() -> ConfigurationError:
    return ConfigurationError(
        "ECRIN_DATABASE_URL begins neither with sqlite:/// nor with postgresql://.",
        hint="Example: sqlite:////var/lib/ecrin/ecrin.db",
    )


def _file(url: str) -> Path:
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or parts.fragment or not path or path == ":memory:":
        raise ConfigurationError(
            "ECRIN_DATABASE_URL names no SQLite file.",
            hint="Write sqlite:///relative.db or sqlite:////absolute.db, with nothing behind the path.",
        )
    return Path(path)

"""asyncpg, imported here and nowhere else: how connections are made and which errors it raises."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ecrin.errors import ConfigurationError, MissingExtra
from ecrin.storage.sql.postgres_faults import fault

try:
    import asyncpg
except ModuleNotFoundError as absent:
    raise MissingExtra("PostgreSQL needs asyncpg.", hint="Install it with: pip install 'ecrin[postgres]'") from absent

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# A statement prepared before a migration no longer fits; the driver has forgotten it by the time it says so.
OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)

LETS_GO_WITHIN = 0.5  # seconds, for a rollback and for a connection on its way back; what takes longer is thrown away
_CONNECT_TIMEOUT = 5.0  # seconds
_STATEMENT_TIMEOUT = 60.0  # seconds
# A stronger setting of the operator's (remote_apply) stays.
_DURABLE = """SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"""
_PROMISES = """SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('server_encoding') AS server_encoding"""
_WANTED = {"fsync": "on", "full_page_writes": "on", "server_encoding": "UTF8"}


async def open_pool(url: str, connections: int, settings: Mapping[str, str]) -> Any:
    """Connect, with settings for each session, and see that the server keeps what it commits.

    Raises `StorageUnavailable` if it does not answer, `ConfigurationError` if the address or the server's settings are
    wrong.
    """
    with _reaching(url):
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            init=_prepare,
            reset=_keep_session,
            timeout=_CONNECT_TIMEOUT,
            command_timeout=_STATEMENT_TIMEOUT,
            statement_cache_size=512,
            server_settings={"application_name": "ecrin", **settings},
        )
        settings = await pool.fetchrow(_PROMISES)
    wrong = {name: settings[name] for name, value in _WANTED.items() if settings[name] != value}
    if wrong:
        await pool.close()
        said = ", ".join(f"{name} = {value}" for name, value in wrong.items())
        raise ConfigurationError(f"{place(url)}: the server cannot keep its word with {said}.")
    return pool


async def open_connection(url: str, settings: Mapping[str, str]) -> Any:
    """Return a connection outside the pool, with settings of its session; raises as `open_pool`."""
    with _reaching(url):
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_TIMEOUT,
            command_timeout=_CONNECT_TIMEOUT,
            server_settings={"application_name": "ecrin lock", **settings},
        )


def is_alive(connection: Any) -> bool:
    """Say whether the connection can be used; a lost one is taken back by its pool and then refuses every question."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


def place(url: str) -> str:
    """Return host, port and name of the database, without user and password."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2] or 'local socket'}{parts.path}"


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Say in our words what the driver says about an address and the server there."""
    try:
        yield
    except (asyncpg.ClientConfigurationError, ValueError):
        raise ConfigurationError("ECRIN_DATABASE_URL is not an address of a PostgreSQL database.") from None
    except DRIVER_ERRORS as error:
        raise fault(error, place(url), alive=False) from None


async def _prepare(connection: Any) -> None:
    await connection.execute(_DURABLE)
    # sum() over BIGINT is NUMERIC on PostgreSQL and an integer on SQLite.
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=_number, format="text")


async def _keep_session(_connection: Any) -> None:
    """Spare the round trip that resets a session: units set nothing, and the driver has rolled back what was open."""


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)

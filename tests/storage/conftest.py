"""What the storage tests share: a database on either engine, opened, closed and opened again at will."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Migration, Tx

POSTGRES = os.environ.get("ECRIN_TEST_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/postgres")
TABLES = (
    Migration(
        1,
        "tables",
        """
        CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
        CREATE TABLE blobs (name TEXT PRIMARY KEY, content BYTEA NOT NULL, note TEXT);
        """,
    ),
)


class Place:
    """One empty database of one engine: tests open it as often as they like, with the migrations they bring."""

    def __init__(self, engine: str, url: str) -> None:
        self.engine = engine
        self.url = url
        self._opened: list[Database] = []

    async def open(self, migrations: Sequence[Migration] = TABLES) -> Database:
        database = await open_database(self.url, migrations=migrations)
        self._opened.append(database)
        return database

    async def close(self) -> None:
        for database in self._opened:
            await database.close()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def scratch_database() -> Iterator[str]:
    """The address of a PostgreSQL database of our own, dropped at the end."""
    asyncpg = pytest.importorskip("asyncpg")

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(POSTGRES, timeout=3)
        await connection.execute(statement)
        await connection.close()

    async def create(name: str) -> None:
        plain = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
        try:  # the locale that a managed server is likely to have: it does not sort by bytes
            await execute(f"{plain} LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        except asyncpg.PostgresError:
            await execute(plain)

    name = f"ecrin_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(create(name))
    except (OSError, asyncpg.PostgresError) as error:
        pytest.skip(f"no PostgreSQL to test with (ECRIN_TEST_POSTGRES_URL): {type(error).__name__}")
    yield urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))
    asyncio.run(execute(f"DROP DATABASE {name} WITH (FORCE)"))


async def _empty(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()


@pytest.fixture
async def postgres_url(scratch_database: str) -> str:
    """The address of an empty PostgreSQL database."""
    await _empty(scratch_database)
    return scratch_database


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The name of an engine and the address of a database there."""
    sqlite = f"sqlite:///{tmp_path}/ecrin.db"
    return request.param, sqlite if request.param == "sqlite" else request.getfixturevalue("scratch_database")


@pytest.fixture
async def place(engine: tuple[str, str]) -> AsyncIterator[Place]:
    """An empty database on each engine."""
    here = Place(*engine)
    if here.engine == "postgres":
        await _empty(here.url)
    yield here
    await here.close()


@pytest.fixture
async def database(place: Place) -> Database:
    """A migrated database on each engine, with the tables `counters` and `blobs`."""
    opened = await place.open()
    await opened.migrate()
    return opened


@pytest.fixture
def tables() -> tuple[Migration, ...]:
    """The migrations that make the tables `counters` and `blobs`."""
    return TABLES


def _add(name: str, value: int) -> Callable[[Tx], Awaitable[int]]:
    async def unit(tx: Tx) -> int:
        return await tx.run("INSERT INTO counters (name, value) VALUES (:name, :value)", name=name, value=value)

    return unit


def _get(name: str) -> Callable[[Tx], Awaitable[int | None]]:
    async def unit(tx: Tx) -> int | None:
        row = await tx.one("SELECT value FROM counters WHERE name = :name", name=name)
        return None if row is None else row["value"]

    return unit


@pytest.fixture
def add() -> Callable[[str, int], Callable[[Tx], Awaitable[int]]]:
    """`add(name, value)`: a unit that inserts a counter."""
    return _add


@pytest.fixture
def get() -> Callable[[str], Callable[[Tx], Awaitable[int | None]]]:
    """`get(name)`: a unit that reads a counter, None if it is not there."""
    return _get

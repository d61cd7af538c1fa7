"""A keyring over a database of its own, read again as often as a test likes."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from auth.sharing import (
    open_instance,
    posting,
    seed_keys,
    serve,
    shared_engine,
    shared_posting,
    shared_serve,
    shared_sink,
    sink,
)
from ecrin.base.clock import Instant
from ecrin.base.events import Event, Events
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import FakeClock

__all__ = [
    "open_instance",
    "posting",
    "serve",
    "shared_engine",
    "shared_posting",
    "shared_serve",
    "shared_sink",
    "sink",
]
Reader = Callable[..., Awaitable[Keyring]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    database = await open_database(database_url, clock=clock)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def happened() -> list[Event]:
    """The events that keyrings of the test emitted."""
    return []


@pytest.fixture
def master() -> Secret[bytes]:
    return Secret(secrets.token_bytes(32))


@pytest.fixture
def read_empty(database: Database, clock: FakeClock, happened: list[Event], master: Secret[bytes]) -> Reader:
    """Read the keys of the database, as a process does when it starts; at the first start there are none."""

    async def note(tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        happened.append(event)

    async def reader(with_master: Secret[bytes] = master) -> Keyring:
        events: Events[Tx] = Events()
        events.listen(note)
        keyring = Keyring(database, with_master, events, clock)
        await keyring.load()
        return keyring

    return reader


@pytest.fixture
async def read(read_empty: Reader, database: Database, master: Secret[bytes]) -> Reader:
    """The same where a first start has been."""
    await seed_keys(database, master)
    return read_empty

"""`place`: an empty statistics database of each engine, opened beside the instance's as often as a test likes."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database
from ecrin.testing.clock import FakeClock
from ecrin.updates.stats.service import COME_BACK, StatsService
from ecrin.updates.stats.store import open_beside
from updates.stats.making import ample

Opened = Callable[[], Awaitable[StatsService]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def main(database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    """The instance's own database."""
    database = await open_database(database_url, clock=clock)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
async def beside(main: Database) -> AsyncIterator[Database]:
    """The statistics' database."""
    database = await open_beside(main)
    yield database
    await database.close()


@pytest.fixture
async def stats(beside: Database, clock: FakeClock) -> StatsService:
    """It was there long enough for clients to hand over what they kept."""
    clock.at -= COME_BACK
    service = StatsService(beside, clock, 14, most=ample)
    clock.at += COME_BACK
    return service

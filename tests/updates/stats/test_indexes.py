"""The tables of statistics grow without end in sight: what goes, and what is looked up, is found by an index."""

import re

import pytest

from ecrin.ops.jobs import AT_ONCE
from ecrin.storage.sql.port import Database
from ecrin.testing.clock import START
from ecrin.updates.stats import store
from ecrin.updates.stats.service import StatsService
from explained import Explained, explained
from updates.stats.making import APP
from updates.stats.test_service import noted

AGE = {
    "deliveries": "deliveries_at",
    "counts": "counts_at",
    "outcomes": "outcomes_at",
    "devices": "devices_seen_at",
    "active_days": "active_days_day",
}


@pytest.mark.parametrize(("table", "index"), AGE.items())
async def test_no_purge_of_statistics_reads_a_whole_table(beside: Database, table: str, index: str) -> None:
    """Nor all of an index that is in another order, as PostgreSQL would."""
    found = await explained(beside, lambda tx: store.purge(tx, table, START, AT_ONCE))  # type: ignore[arg-type]
    assert (len(found.asked), found.whole_tables) == (1, [])
    assert [step for step in found.plans if re.search(rf"\b{index}\b", step)]


async def test_there_is_a_purge_of_every_table(stats: StatsService, beside: Database) -> None:
    async def every_purge(tx: Explained) -> None:
        for purge in stats.purges():
            await purge(tx, START, AT_ONCE)  # type: ignore[arg-type]

    asked = (await explained(beside, every_purge)).asked
    assert sorted(sql.split()[2] for sql in asked) == sorted(store.TABLES)


@pytest.mark.parametrize("table", store.TABLES)
async def test_an_app_that_is_gone_is_found_by_an_index(beside: Database, table: str) -> None:
    found = await explained(beside, lambda tx: store.forget(tx, table, APP.id, AT_ONCE))  # type: ignore[arg-type]
    assert (len(found.asked), found.whole_tables) == (1, [])


async def test_devices_are_looked_up_and_counted_by_an_index(beside: Database) -> None:
    found = await explained(beside, lambda tx: store.listed(tx, [noted(i) for i in range(100)]))  # type: ignore[arg-type]
    assert found.asked
    assert found.whole_tables == []

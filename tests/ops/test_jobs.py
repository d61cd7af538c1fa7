"""Housekeeping: only what is over goes, a few rows at a time, and no failure ends it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from ecrin.base.clock import DAY, HOUR
from ecrin.errors import StorageBusy
from ecrin.ops.jobs import AT_ONCE, Housekeeping
from ecrin.ops.mail import store as mail_store
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import FakeClock
from explained import Explained, explained
from harness import Instance


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path}/jobs.db")
    yield database
    await database.close()


class Rows:
    """A purge over rows that are counted and not kept."""

    def __init__(self, over: int, *failures: Exception) -> None:
        self.over = over
        self.asked: list[int] = []
        self.failures = list(failures)

    async def purge(self, tx: Tx, now: int, limit: int) -> int:
        if self.failures:
            raise self.failures.pop(0)
        gone = min(limit, self.over)
        self.over -= gone
        self.asked.append(gone)
        return gone


@pytest.mark.parametrize(
    ("over", "chunks"), [(0, [0]), (1, [1]), (AT_ONCE, [AT_ONCE, 0]), (2 * AT_ONCE + 7, [AT_ONCE, AT_ONCE, 7])]
)
async def test_rows_go_in_chunks_of_a_transaction_each(database: Database, over: int, chunks: list[int]) -> None:
    rows = Rows(over)
    assert await Housekeeping(database, FakeClock(), [rows.purge]).once() == over
    assert rows.asked == chunks


async def test_a_purge_that_fails_is_logged_and_tried_again_and_the_others_of_its_round_wait(
    database: Database,
) -> None:
    rows = Rows(3, StorageBusy("locked"), ValueError("a mistake of ours"))
    housekeeping = Housekeeping(database, FakeClock(), [rows.purge])
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logs, pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecrin.ops.jobs.EVERY_SECONDS", 0)
        work = asyncio.create_task(housekeeping.run(stop))
        while not rows.asked:
            await asyncio.sleep(0)
        stop.set()
        await work
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("purge failed", "warning"),
        ("purge failed", "error"),
    ]
    assert logs[0]["code"] == "STORAGE_BUSY"
    assert rows.over == 0


async def test_a_stop_is_heeded_between_chunks(database: Database) -> None:
    rows, stop = Rows(10 * AT_ONCE), asyncio.Event()

    async def purge(tx: Tx, now: int, limit: int) -> int:
        stop.set()
        return await rows.purge(tx, now, limit)

    await Housekeeping(database, FakeClock(), [purge]).run(stop)
    assert rows.asked == [AT_ONCE]


async def test_a_sweep_comes_after_the_purges_and_not_after_a_stop(database: Database) -> None:
    rows, stop, swept = Rows(3), asyncio.Event(), []

    async def sweep() -> None:
        swept.append(rows.over)

    housekeeping = Housekeeping(database, FakeClock(), [rows.purge], [sweep])
    await housekeeping.once(stop)
    stop.set()
    await housekeeping.once(stop)
    assert swept == [0]


async def count(instance: Instance, table: str) -> int:
    async def unit(tx: Tx) -> int:
        row = await tx.one(f"SELECT count(*) AS n FROM {table}")
        return 0 if row is None else int(row["n"])

    return await instance.app.base.database.scan(unit)


async def test_a_session_goes_a_month_after_its_end_and_one_that_lives_stays(serve: Instance) -> None:
    ended, resting = await serve.sign_up(), await serve.sign_up()
    await serve.admin("update", {"localId": ended["localId"], "validSince": serve.clock.now() // 1000 + 1})

    serve.clock.tick(29 * DAY)
    await serve.app.housekeeping.once()
    assert await count(serve, "sessions") == 2
    reply = await serve.refresh(resting["refreshToken"])
    assert reply.status_code == 200

    serve.clock.tick(2 * DAY)
    await serve.app.housekeeping.once()
    assert await count(serve, "sessions") == 1
    assert (await serve.refresh(reply.json()["refresh_token"])).status_code == 200


async def test_a_session_that_rested_too_long_goes_a_month_later(serve: Instance) -> None:
    await serve.sign_up()
    for days, left in ((60, 1), (29, 1), (2, 0)):
        serve.clock.tick(days * DAY)
        await serve.app.housekeeping.once()
        assert await count(serve, "sessions") == left


async def test_codes_and_counters_go_when_their_time_is_over_and_not_before(dev: Instance) -> None:
    await dev.sign_up("ada@example.org")
    await dev.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": "ada@example.org"})
    assert await count(dev, "oob_codes") == 1
    assert await dev.app.housekeeping.once() == 0
    codes = await count(dev, "oob_codes")

    dev.clock.tick(HOUR // 2)
    await dev.app.housekeeping.once()
    assert await count(dev, "oob_codes") == codes

    dev.clock.tick(8 * DAY)
    await dev.app.housekeeping.once()
    assert (await count(dev, "oob_codes"), await count(dev, "attempts")) == (0, 0)
    assert await count(dev, "accounts") == 1


async def test_no_purge_reads_a_whole_table(serve: Instance) -> None:
    async def every_purge(tx: Explained) -> None:
        for purge in serve.app.housekeeping._purges:
            await purge(tx, serve.clock.now(), AT_ONCE)  # type: ignore[arg-type]
        await mail_store.sweep(tx, serve.clock.now())  # type: ignore[arg-type]

    found = await explained(serve.app.base.database, every_purge)

    assert len(found.asked) == 5, found.asked
    assert found.whole_tables == []

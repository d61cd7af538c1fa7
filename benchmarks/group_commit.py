"""Durable units a second on SQLite: group commit against one commit per request, with a busy event loop.

A unit is one read and one conditional update; 32 wait at the same time. The event loop is busy for 80 % of the time,
as it is while it parses requests and signs tokens. Both sides are our own adapter; the other one has batches of 1.
"""

import asyncio
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from ecrin.storage.sql.port import Migration, Tx
from ecrin.storage.sql.sqlite import SqliteDatabase

BUDGET = 5.0  # times one commit per request
TOGETHER = 32
LOAD = 0.8
SLICE = 0.001  # seconds of work at a stretch, about what a request takes
ROWS = 1000
TABLE = Migration(1, "rows", "CREATE TABLE sessions (id BIGINT PRIMARY KEY, counter BIGINT NOT NULL);")


async def fill(tx: Tx) -> None:
    for row in range(ROWS):
        await tx.run("INSERT INTO sessions (id, counter) VALUES (:id, 0)", id=row)


async def rotate(tx: Tx, session: int) -> int:
    row = await tx.one("SELECT counter FROM sessions WHERE id = :id", id=session)
    assert row is not None
    return await tx.run(
        "UPDATE sessions SET counter = :next WHERE id = :id AND counter = :now",
        id=session,
        now=row["counter"],
        next=row["counter"] + 1,
    )


async def keep_busy() -> None:
    """Spend 80 % of the event loop's time on work that holds the interpreter."""
    while True:
        until = time.thread_time() + SLICE
        while time.thread_time() < until:
            pass
        await asyncio.sleep(SLICE * (1 - LOAD) / LOAD)


async def write_for(database: SqliteDatabase, seconds: float) -> float:
    """Return the durable units per second that 32 callers reach together."""
    done = 0

    async def caller(number: int) -> None:
        nonlocal done
        turn = number
        while time.perf_counter() < end:
            turn = (turn + TOGETHER) % ROWS
            assert await database.write(partial(rotate, session=turn)) == 1
            done += 1

    start = time.perf_counter()
    end = start + seconds
    await asyncio.gather(*(caller(number) for number in range(TOGETHER)))
    return done / (time.perf_counter() - start)


async def measure(batch: int, seconds: float, *, busy: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        database = await SqliteDatabase.open(Path(folder) / "ecrin.db", migrations=(TABLE,), batch=batch)
        await database.migrate()
        await database.write(fill)
        load = [asyncio.ensure_future(keep_busy())] if busy else []
        try:
            return await write_for(database, seconds)
        finally:
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)
            await database.close()


def run(quick: bool = False) -> dict[str, float | str]:
    """Measure in interleaved rounds and return the medians and their ratio."""
    rounds, seconds = (3, 0.4) if quick else (7, 1.0)
    figures: dict[str, list[float]] = {"grouped": [], "single": [], "grouped idle": []}
    for _ in range(rounds):
        figures["grouped"].append(asyncio.run(measure(256, seconds, busy=True)))
        figures["single"].append(asyncio.run(measure(1, seconds, busy=True)))
        figures["grouped idle"].append(asyncio.run(measure(256, seconds, busy=False)))
    median = {name: statistics.median(values) for name, values in figures.items()}
    ratio = median["grouped"] / median["single"]
    return {
        "what": f"durable units a second, {TOGETHER} at once, event loop {LOAD:.0%} busy",
        "group commit": round(median["grouped"]),
        "one commit per request": round(median["single"]),
        "group commit, event loop idle": round(median["grouped idle"]),
        "ratio": round(ratio, 2),
        "budget": BUDGET,
        "verdict": "holds" if ratio >= BUDGET else "missed",
    }


if __name__ == "__main__":
    import sys

    for name, figure in run(quick="--quick" in sys.argv).items():
        print(f"{name:32} {figure}")

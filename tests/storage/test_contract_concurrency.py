"""What every `Database` promises when many write at once, on both engines alike."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ecrin.errors import Conflict
from ecrin.storage.sql.port import Database, Tx, Unit

Make = Callable[..., Unit[Any]]


async def test_a1_of_100_conditional_updates_one_wins(database: Database, add: Make, get: Make) -> None:
    await database.write(add("token", 1))

    async def rotate(tx: Tx) -> int:
        return await tx.run("UPDATE counters SET value = value + 1 WHERE name = 'token' AND value = 1")

    changed = await asyncio.gather(*(database.write(rotate) for _ in range(100)))
    assert sorted(changed) == [0] * 99 + [1]
    assert await database.read(get("token")) == 2


async def test_read_then_write_loses_no_update(database: Database, add: Make, get: Make) -> None:
    await database.write(add("n", 0))

    async def increment(tx: Tx) -> None:
        value = await get("n")(tx)
        await tx.run("UPDATE counters SET value = :next WHERE name = 'n'", next=value + 1)

    await asyncio.gather(*(database.write(increment) for _ in range(100)))
    assert await database.read(get("n")) == 100


async def test_two_units_never_both_see_the_row_missing(database: Database) -> None:
    async def insert_if_nobody_is_there(tx: Tx) -> bool:
        row = await tx.one("SELECT count(*) AS n FROM counters")
        assert row is not None
        if row["n"]:
            return False
        await tx.run("INSERT INTO counters (name, value) VALUES (:name, 0)", name="only")
        return True

    won = await asyncio.gather(*(database.write(insert_if_nobody_is_there) for _ in range(30)))
    assert sum(won) == 1


async def test_a_failing_unit_does_not_disturb_those_beside_it(database: Database, add: Make, get: Make) -> None:
    async def stumble(tx: Tx) -> None:
        await add("lost", 1)(tx)
        raise LookupError

    await database.write(add("taken", 1))
    units = [add("a", 1), stumble, add("taken", 2), add("b", 2), stumble, add("c", 3)]
    results = await asyncio.gather(*(database.write(unit) for unit in units), return_exceptions=True)
    kinds = [result if isinstance(result, int) else type(result) for result in results]
    assert kinds == [1, LookupError, Conflict, 1, LookupError, 1]
    assert [await database.read(get(name)) for name in ("a", "b", "c", "taken", "lost")] == [1, 2, 3, 1, None]


async def test_a_waiter_that_is_cancelled_leaves_whole_units_or_none(database: Database, get: Make) -> None:
    async def pair(tx: Tx, name: str) -> None:
        await tx.run("INSERT INTO counters (name, value) VALUES (:name, 1)", name=f"{name}-left")
        await tx.run("INSERT INTO counters (name, value) VALUES (:name, 1)", name=f"{name}-right")

    def unit(name: str) -> Unit[None]:
        return lambda tx: pair(tx, name)

    tasks = [asyncio.ensure_future(database.write(unit(f"n{i}"))) for i in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1::2] == [None] * 20
    for i in range(40):
        left, right = await database.read(get(f"n{i}-left")), await database.read(get(f"n{i}-right"))
        assert left == right
        assert left == 1 or i % 2 == 0


async def test_reads_go_on_while_a_scan_and_writes_are_under_way(database: Database, add: Make, get: Make) -> None:
    await asyncio.gather(*(database.write(add(f"n{i:03}", i)) for i in range(200)))

    async def everything(tx: Tx) -> int:
        return len(await tx.all("SELECT a.name FROM counters AS a, counters AS b"))

    scan = asyncio.ensure_future(database.scan(everything))
    writes = [asyncio.ensure_future(database.write(add(f"m{i}", i))) for i in range(20)]
    assert [await database.read(get(f"n{i:03}")) for i in range(20)] == list(range(20))
    await asyncio.gather(*writes)
    assert await scan >= 200 * 200


@pytest.mark.parametrize("round_", range(3))
async def test_every_write_that_returned_is_seen_by_the_next_read(
    database: Database, add: Make, get: Make, round_: int
) -> None:
    async def one(name: str) -> int | None:
        await database.write(add(name, round_))
        return await database.read(get(name))

    assert await asyncio.gather(*(one(f"n{i}") for i in range(50))) == [round_] * 50

"""What every `Database` promises, on both engines alike (ecrin.storage.sql.port)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ecrin.errors import Conflict, InvalidRequest, StorageError, StorageReadOnly, StorageUnavailable
from ecrin.storage.sql.port import Database, Tx, Unit
from ecrin.storage.sql.unit import UnitOver

Make = Callable[..., Unit[Any]]


async def test_a_write_returns_the_value_of_its_unit(database: Database, add: Make) -> None:
    assert await database.write(add("a", 1)) == 1


async def test_what_was_written_is_read_at_once(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 7))
    assert (await database.read(get("a")), await database.scan(get("a"))) == (7, 7)


async def test_a_glance_sees_what_was_written(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 7))
    assert (await database.glance(get("a")), await database.glance(get("b"))) == (7, None)


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO counters (name, value) VALUES ('a', 1) RETURNING value", "DELETE FROM counters RETURNING value"],
)
async def test_a_glance_writes_nothing(database: Database, get: Make, sql: str) -> None:
    with pytest.raises(UnitOver):
        await database.glance(lambda tx: tx.one(sql))
    with pytest.raises(UnitOver):
        await database.glance(lambda tx: tx.run(sql))
    assert await database.read(get("a")) is None


async def test_a_glance_is_one_statement(database: Database, get: Make) -> None:
    async def unit(tx: Tx) -> None:
        await get("a")(tx)
        await get("a")(tx)

    with pytest.raises(UnitOver):
        await database.glance(unit)


async def test_after_a_glance_that_failed_the_next_one_answers(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 7))
    with pytest.raises(StorageError):
        await database.glance(lambda tx: tx.one("SELECT nothing FROM counters"))
    assert await database.glance(get("a")) == 7


async def test_what_was_written_is_there_after_opening_again(place: Any, add: Make, get: Make) -> None:
    first = await place.open()
    await first.migrate()
    await first.write(add("a", 7))
    await first.close()
    assert await (await place.open()).read(get("a")) == 7


async def test_a_unit_that_raises_writes_nothing(database: Database, add: Make, get: Make) -> None:
    async def unit(tx: Tx) -> None:
        await add("a", 1)(tx)
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await database.write(unit)
    assert await database.read(get("a")) is None


async def test_a_second_row_under_a_unique_key_is_a_conflict(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 1))
    with pytest.raises(Conflict) as caught:
        await database.write(add("a", 2))
    assert "counters" in str(caught.value)
    assert await database.read(get("a")) == 1


async def test_a_conflict_never_quotes_the_value(database: Database, add: Make) -> None:
    await database.write(add("canary@example.com", 1))
    with pytest.raises(Conflict) as caught:
        await database.write(add("canary@example.com", 2))
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


async def test_a_unit_that_swallows_a_failure_is_not_acknowledged(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 1))

    async def unit(tx: Tx) -> str:
        await add("b", 1)(tx)
        try:
            await add("a", 2)(tx)
        except Conflict:
            return "done"
        return "never"

    with pytest.raises(Conflict):
        await database.write(unit)
    assert await database.read(get("b")) is None


async def test_after_a_failure_the_unit_is_over(database: Database, add: Make, get: Make) -> None:
    await database.write(add("a", 1))

    async def unit(tx: Tx) -> None:
        with pytest.raises(Conflict):
            await add("a", 2)(tx)
        await get("a")(tx)

    with pytest.raises(Conflict):
        await database.write(unit)


async def test_a_failure_leaves_the_next_unit_alone(database: Database, add: Make, get: Make) -> None:
    with pytest.raises(StorageError):
        await database.write(_statement("THIS IS NOT SQL"))
    await database.write(add("a", 1))
    assert await database.read(get("a")) == 1


async def test_on_conflict_do_nothing_counts_no_row(database: Database) -> None:
    async def unit(tx: Tx) -> int:
        return await tx.run("INSERT INTO counters (name, value) VALUES ('a', 1) ON CONFLICT DO NOTHING")

    assert [await database.write(unit), await database.write(unit)] == [1, 0]


async def test_run_counts_the_rows_it_changed(database: Database, add: Make) -> None:
    for name in "abc":
        await database.write(add(name, 1))
    assert await database.write(_statement("UPDATE counters SET value = 2 WHERE name <> 'a'")) == 2
    assert await database.write(_statement("UPDATE counters SET value = 2 WHERE name = 'z'")) == 0
    assert await database.write(_statement("WITH x AS (SELECT 2 AS v) UPDATE counters SET value = 3")) == 3
    assert await database.write(_statement("DELETE FROM counters")) == 3


async def test_returning_hands_the_new_row_back(database: Database) -> None:
    async def unit(tx: Tx) -> int:
        row = await tx.one("INSERT INTO counters (name, value) VALUES ('a', 41) RETURNING value + 1 AS next")
        assert row is not None
        return row["next"]

    assert await database.write(unit) == 42


async def test_rows_are_read_by_name_and_in_order(database: Database, add: Make) -> None:
    for name, value in (("b", 2), ("a", 1), ("c", 3)):
        await database.write(add(name, value))

    async def unit(tx: Tx) -> list[tuple[str, int]]:
        rows = await tx.all("SELECT value, name FROM counters WHERE value < :top ORDER BY name", top=3)
        return [(row["name"], row["value"]) for row in rows]

    assert await database.read(unit) == [("a", 1), ("b", 2)]


async def test_text_sorts_by_its_bytes(database: Database, add: Make) -> None:
    for name in ("b", "A", "é", "a", "Z", "-"):
        await database.write(add(name, 0))

    async def unit(tx: Tx) -> list[str]:
        return [row["name"] for row in await tx.all("SELECT name FROM counters ORDER BY name")]

    assert await database.read(unit) == ["-", "A", "Z", "a", "b", "é"]


async def test_like_tells_upper_from_lower_case(database: Database, add: Make) -> None:
    await database.write(add("Anna", 0))

    async def unit(tx: Tx) -> list[int]:
        found = [await tx.all("SELECT 1 FROM counters WHERE name LIKE :p", p=pattern) for pattern in ("A%", "a%")]
        return [len(rows) for rows in found]

    assert await database.read(unit) == [1, 0]


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff\x00\xfe", bytes(range(256)), b"123", b"a" * 100_000])
async def test_bytes_come_back_as_they_went(database: Database, content: bytes) -> None:
    async def store(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO blobs (name, content, note) VALUES ('x', :content, :note)", content=content, note=None
        )

    async def fetch(tx: Tx) -> tuple[Any, Any]:
        row = await tx.one("SELECT content, note FROM blobs WHERE content = :content", content=content)
        assert row is not None
        return row["content"], row["note"]

    await database.write(store)
    assert await database.read(fetch) == (content, None)


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63)])
async def test_whole_numbers_have_64_bits(database: Database, add: Make, get: Make, value: int) -> None:
    await database.write(add("n", value))
    assert await database.read(get("n")) == value


@pytest.mark.parametrize(("name", "value"), [("n", 2**63), ("a\0b", 1), ("\ud800", 1)])
async def test_a_value_that_cannot_be_stored_is_refused(database: Database, add: Make, name: str, value: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await database.write(add(name, value))
    assert caught.value.__suppress_context__ or str(value) not in str(caught.value.__cause__)


async def test_a_parameter_without_a_value_is_refused(database: Database) -> None:
    with pytest.raises(StorageError, match="name"):
        await database.write(_statement("DELETE FROM counters WHERE name = :name"))


async def test_sums_are_whole_numbers(database: Database, add: Make) -> None:
    await database.write(add("a", 2**40))
    await database.write(add("b", 2**40))

    async def unit(tx: Tx) -> Any:
        row = await tx.one("SELECT sum(value) AS total FROM counters")
        assert row is not None
        return row["total"]

    total = await database.scan(unit)
    assert (total, type(total)) == (2**41, int)


@pytest.mark.parametrize("way", ["read", "scan"])
async def test_a_reading_unit_cannot_write(database: Database, add: Make, get: Make, way: str) -> None:
    with pytest.raises(StorageReadOnly):
        await getattr(database, way)(add("a", 1))
    assert await getattr(database, way)(get("a")) is None


@pytest.mark.parametrize("way", ["read", "scan"])
async def test_a_reading_unit_sees_one_state(database: Database, add: Make, get: Make, way: str) -> None:
    await database.write(add("a", 1))

    async def refuse(tx: Tx) -> None:
        await get("a")(tx)
        raise LookupError

    with pytest.raises(LookupError):
        await getattr(database, way)(refuse)
    await database.write(_statement("UPDATE counters SET value = 2"))
    assert await getattr(database, way)(get("a")) == 2


@pytest.mark.parametrize("way", ["write", "read", "scan"])
async def test_a_transaction_is_worth_nothing_after_its_unit(database: Database, get: Make, way: str) -> None:
    async def leak(tx: Tx) -> Tx:
        return tx

    tx = await getattr(database, way)(leak)
    with pytest.raises(UnitOver):
        await get("a")(tx)


async def test_closing_finishes_the_units_that_were_accepted(place: Any, add: Make, get: Make) -> None:
    database = await place.open()
    await database.migrate()
    writes = [asyncio.ensure_future(database.write(add(f"n{i}", i))) for i in range(50)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writes) == [1] * 50
    again = await place.open()
    assert [await again.read(get(f"n{i}")) for i in range(50)] == list(range(50))


async def test_a_closed_database_says_so(database: Database, add: Make, get: Make) -> None:
    await database.close()
    await database.close()
    for call in (database.write(add("a", 1)), database.read(get("a")), database.scan(get("a"))):
        with pytest.raises(StorageUnavailable):
            await call


def _statement(sql: str) -> Unit[int]:
    async def unit(tx: Tx) -> int:
        return await tx.run(sql)

    return unit

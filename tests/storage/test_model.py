"""Random units against a dictionary: the same values back, the same refusals, the same state after opening again."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ecrin.errors import Conflict
from ecrin.storage.sql.port import Database, Migration, Tx
from ecrin.storage.sql.sqlite import SqliteDatabase

TABLE = Migration(1, "table", "CREATE TABLE pairs (name TEXT PRIMARY KEY, content BYTEA NOT NULL);")

names = st.sampled_from(["", "a", "b", "A", "é", "a b", "'", ":a", "123"])
step = st.one_of(
    st.tuples(st.just("insert"), names, st.binary(max_size=20)),
    st.tuples(st.just("update"), names, st.binary(max_size=20)),
    st.tuples(st.just("delete"), names, st.just(b"")),
    st.tuples(st.just("fail"), st.just(""), st.just(b"")),
)
units = st.lists(st.lists(step, max_size=5), max_size=12)

SQL = {
    "insert": "INSERT INTO pairs (name, content) VALUES (:name, :content)",
    "update": "UPDATE pairs SET content = :content WHERE name = :name",
    "delete": "DELETE FROM pairs WHERE name = :name",
}


class Stumbled(Exception):
    pass


def expect(model: dict[str, bytes], steps: list[tuple[str, str, bytes]]) -> tuple[dict[str, bytes], Any]:
    """Return the state after a unit, and what the unit answers: its counts, or the class of what it raises."""
    state, counts = dict(model), []
    for verb, name, content in steps:
        if verb == "fail":
            return model, Stumbled
        if verb == "insert" and name in state:
            return model, Conflict
        counts.append(1 if verb == "insert" or name in state else 0)
        if verb == "delete":
            state.pop(name, None)
        elif counts[-1]:
            state[name] = content
    return state, counts


async def perform(tx: Tx, steps: list[tuple[str, str, bytes]]) -> list[int]:
    counts = []
    for verb, name, content in steps:
        if verb == "fail":
            raise Stumbled
        counts.append(await tx.run(SQL[verb], name=name, content=content))
    return counts


async def everything(tx: Tx) -> dict[str, bytes]:
    return {row["name"]: row["content"] for row in await tx.all("SELECT name, content FROM pairs")}


async def play(database: Database, plan: list[list[tuple[str, str, bytes]]], *, together: bool) -> list[Any]:
    calls = [database.write(lambda tx, steps=steps: perform(tx, steps)) for steps in plan]
    if together:
        results = await asyncio.gather(*calls, return_exceptions=True)
    else:
        results = [(await asyncio.gather(call, return_exceptions=True))[0] for call in calls]
    return [result if isinstance(result, list) else type(result) for result in results]


@settings(max_examples=60)
@given(units, st.booleans())
def test_units_behave_as_a_dictionary_would(plan: list[list[tuple[str, str, bytes]]], together: bool) -> None:
    model: dict[str, bytes] = {}
    answers = []
    for steps in plan:
        model, answer = expect(model, steps)
        answers.append(answer)

    async def run(path: Path) -> None:
        database = await SqliteDatabase.open(path, migrations=(TABLE,), batch=5)
        await database.migrate()
        assert await play(database, plan, together=together) == answers
        assert await database.read(everything) == model
        await database.close()
        again = await SqliteDatabase.open(path, migrations=(TABLE,))
        assert await again.scan(everything) == model
        await again.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "ecrin.db"))

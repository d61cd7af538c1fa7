"""How an engine would do what is asked: a transaction that looks at plans and changes nothing."""

import re
from collections.abc import Awaitable, Callable

from ecrin.storage.sql.port import Database, Row, Tx, Value

Asked = Callable[["Explained"], Awaitable[object]]


class Explained:
    """A transaction that asks the engine how it would do what is asked, and does nothing."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.asked: list[str] = []
        self.plans: list[str] = []

    @property
    def whole_tables(self) -> list[str]:
        """The steps that read all of a table; rows that stand in the statement itself are none."""
        return [step for step in self.plans if re.search(r"\bSCAN (?!v$|(\d+ )?CONSTANT ROW)|Seq Scan", step)]

    async def run(self, sql: str, /, **values: Value) -> int:
        await self.all(sql, **values)
        return 0

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        self.asked.append(sql)
        lite = not hasattr(self._tx, "lost_race")
        rows = await self._tx.all(f"EXPLAIN {'QUERY PLAN ' if lite else ''}{sql}", **values)
        self.plans += [row["detail" if lite else "QUERY PLAN"] for row in rows]
        return []


async def explained(database: Database, asked: Asked) -> Explained:
    """Return how an engine would do something."""

    async def unit(tx: Tx) -> Explained:
        if hasattr(tx, "lost_race"):  # a table of no rows is read whole unless that is forbidden
            await tx.run("SET LOCAL enable_seqscan = off")
        found = Explained(tx)
        await asked(found)
        return found

    return await database.write(unit)

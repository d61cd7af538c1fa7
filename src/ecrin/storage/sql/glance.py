"""A unit of one SELECT: one statement sees one state by itself, so the two statements around it are saved."""

from ecrin.storage.sql.port import Row, Tx, Value
from ecrin.storage.sql.unit import UnitOver


class GlanceTx:
    """Lets one SELECT through; everything else raises `UnitOver`, on either engine alike."""

    __slots__ = ("_tx", "_used")

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._used = False

    async def one(self, sql: str, /, **values: Value) -> Row | None:
        """Return the first row, or None."""
        # To the last row: SQLite keeps a snapshot for a statement that is not finished.
        rows = await self.all(sql, **values)
        return rows[0] if rows else None

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        """Return every row."""
        self._spend(sql)
        return await self._tx.all(sql, **values)

    async def run(self, sql: str, /, **values: Value) -> int:
        """Refuse: whoever only looks changes nothing."""
        raise UnitOver("A glance is one SELECT.")

    def _spend(self, sql: str) -> None:
        if self._used or not sql.startswith("SELECT "):
            raise UnitOver("A glance is one SELECT.")
        self._used = True

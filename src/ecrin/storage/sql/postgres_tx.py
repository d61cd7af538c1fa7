"""The transaction that a unit holds on PostgreSQL."""

from contextlib import suppress
from typing import Any

from ecrin.errors import StorageError
from ecrin.storage.sql.placeholders import numbered
from ecrin.storage.sql.port import Row, Value
from ecrin.storage.sql.postgres_driver import DRIVER_ERRORS, LETS_GO_WITHIN, OUTDATED, is_alive
from ecrin.storage.sql.postgres_faults import fault, is_retried
from ecrin.storage.sql.unit import UnitOver

_COUNTED = {"INSERT", "UPDATE", "DELETE"}


class PostgresTx:
    """One unit's view of a connection.

    The first failure ends the unit, since the server gives the transaction up: later statements raise `failure` again,
    and whoever runs the unit must not acknowledge it even if the unit swallowed the error.
    """

    __slots__ = ("_connection", "_where", "failure", "lost_race")

    def __init__(self, connection: Any, where: str) -> None:
        self._connection = connection
        self._where = where
        self.failure: Exception | None = None
        self.lost_race = False

    async def one(self, sql: str, /, **values: Value) -> Row | None:
        """Return the first row, or None."""
        row: Row | None = await self._ask(self._connection.fetchrow, sql, values)
        return row

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        """Return every row."""
        rows: list[Row] = await self._ask(self._connection.fetch, sql, values)
        return rows

    async def run(self, sql: str, /, **values: Value) -> int:
        """Execute a statement and return how many rows it changed."""
        tag: str = await self._ask(self._connection.execute, sql, values)
        words = tag.split()
        return int(words[-1]) if words[0] in _COUNTED else 0

    async def commit(self) -> None:
        """Make the unit durable. Raises `failure` if there was one, even if the unit swallowed it."""
        # A transaction that was aborted answers COMMIT with ROLLBACK, and without an error.
        if await self._ask(self._connection.execute, "COMMIT", {}) != "COMMIT":
            raise StorageError(f"{self._where}: the transaction was rolled back.")

    async def end(self) -> None:
        """Refuse every later use, and take back what was not committed."""
        self.failure = UnitOver()
        with suppress(*DRIVER_ERRORS):
            if self._connection.is_in_transaction():
                await self._connection.execute("ROLLBACK", timeout=LETS_GO_WITHIN)

    async def _ask(self, method: Any, sql: str, values: dict[str, Value]) -> Any:
        if self.failure is not None:
            raise self.failure
        text, names = numbered(sql)
        try:
            arguments = [values[name] for name in names]
        except KeyError as missing:
            self.failure = StorageError(f"No value was given for the parameter {missing}.")
            raise self.failure from None
        try:
            return await method(text, *arguments)
        except DRIVER_ERRORS as error:
            self.lost_race = is_retried(error) or isinstance(error, OUTDATED)
            self.failure = fault(error, self._where, alive=is_alive(self._connection))
            raise self.failure from None  # the driver's message may quote values

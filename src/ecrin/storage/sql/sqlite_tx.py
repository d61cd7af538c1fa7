"""The transaction that a unit holds on SQLite: `async` in its signature only, it never suspends."""

import sqlite3
from pathlib import Path
from typing import Any

from ecrin.storage.sql.port import Row, Value
from ecrin.storage.sql.sqlite_faults import EXECUTE_ERRORS, fault, unstorable
from ecrin.storage.sql.unit import UnitOver


class SqliteTx:
    """One unit's view of a connection.

    The first failure ends the unit, as it does on PostgreSQL: later statements raise `failure` again, and whoever runs
    the unit must not acknowledge it even if the unit swallowed the error.
    """

    __slots__ = ("_cursor", "_path", "failure")

    def __init__(self, cursor: sqlite3.Cursor, path: Path) -> None:
        self._cursor = cursor
        self._path = path
        self.failure: Exception | None = None

    async def one(self, sql: str, /, **values: Value) -> Row | None:
        """Return the first row, or None."""
        try:
            row: Row | None = self._execute(sql, values).fetchone()
        except EXECUTE_ERRORS as error:
            raise self._fail(error) from error
        return row

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        """Return every row."""
        try:
            return self._execute(sql, values).fetchall()
        except EXECUTE_ERRORS as error:
            raise self._fail(error) from error

    async def run(self, sql: str, /, **values: Value) -> int:
        """Execute a statement and return how many rows it changed."""
        connection = self._cursor.connection
        before = connection.total_changes
        try:
            count = self._execute(sql, values).rowcount
            if count >= 0 or connection.total_changes == before:
                return max(count, 0)
            # sqlite3 does not count for statements that begin with WITH.
            changed: int = connection.execute("SELECT changes()").fetchone()[0]
        except EXECUTE_ERRORS as error:
            raise self._fail(error) from error
        return changed

    def end(self) -> None:
        """Refuse every later use."""
        self.failure = UnitOver()

    def _execute(self, sql: str, values: dict[str, Any]) -> sqlite3.Cursor:
        if self.failure is not None:
            raise self.failure
        for value in values.values():
            if value.__class__ is str and "\0" in value:
                self.failure = unstorable()
                raise self.failure
        return self._cursor.execute(sql, values)

    def _fail(self, error: BaseException) -> Exception:
        self.failure = fault(error, self._path)
        return self.failure

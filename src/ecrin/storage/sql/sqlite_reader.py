"""Reading units: one consistent snapshot each, on a connection that cannot write."""

import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from ecrin.storage.sql.glance import GlanceTx
from ecrin.storage.sql.port import Unit
from ecrin.storage.sql.sqlite_connection import connect_reader, disconnect
from ecrin.storage.sql.sqlite_faults import fault
from ecrin.storage.sql.sqlite_tx import SqliteTx
from ecrin.storage.sql.unit import UnitOver, run_to_end

T = TypeVar("T")


class Reader:
    """A read-only connection that opens itself when it is first used. Belongs to the thread that calls `run`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cursor: sqlite3.Cursor | None = None

    def run(self, unit: Unit[T]) -> T:
        """Run the unit on one snapshot and return its value. Raises what the unit raises, or a `StorageError`."""
        cursor = self._begin()
        tx = SqliteTx(cursor, self._path)
        try:
            return _to_end(tx, unit(tx))
        finally:
            sound = tx.failure is None
            tx.end()
            self._end(cursor, sound=sound)

    def glance(self, unit: Unit[T]) -> T:
        """Run a unit of one SELECT and return its value; raises as `run`."""
        tx = SqliteTx(self._ready(), self._path)
        try:
            return _to_end(tx, unit(GlanceTx(tx)))
        finally:
            if tx.failure is not None:
                self.close()
            tx.end()

    def close(self) -> None:
        """Let go of the connection; the next unit opens a new one."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            disconnect(cursor)

    def _begin(self) -> sqlite3.Cursor:
        try:
            return self._ready().execute("BEGIN")
        except sqlite3.Error as error:
            self.close()
            raise fault(error, self._path) from error

    def _ready(self) -> sqlite3.Cursor:
        """Return a cursor outside of any transaction."""
        if self._cursor is None:
            try:
                self._cursor = connect_reader(self._path).cursor()
            except sqlite3.Error as error:
                raise fault(error, self._path) from error
        elif self._cursor.connection.in_transaction:
            raise UnitOver
        return self._cursor

    def _end(self, cursor: sqlite3.Cursor, *, sound: bool) -> None:
        """Give the snapshot up; a connection that failed in any way is not used again."""
        if not sound:
            self.close()
            return
        try:
            cursor.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()


def _to_end(tx: SqliteTx, unit: Coroutine[Any, Any, T]) -> T:
    """Return the unit's value, unless a statement failed and the unit kept that to itself."""
    value = run_to_end(unit)
    if tx.failure is not None:
        raise tx.failure
    return value

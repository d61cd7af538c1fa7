"""Group commit: many units, each in a savepoint of its own, made durable by one COMMIT."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecrin.storage.sql.port import Unit
from ecrin.storage.sql.sqlite_connection import connect_writer, disconnect, roll_back
from ecrin.storage.sql.sqlite_faults import Fault, fault, is_busy, may_be_one_units
from ecrin.storage.sql.sqlite_tx import SqliteTx
from ecrin.storage.sql.unit import run_to_end

Outcome = tuple[Any, BaseException | None]


class _Ended(Exception):
    """SQLite gave the whole transaction up while a unit was running."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class GroupCommit:
    """The one connection that writes. Belongs to the thread that calls `open`; knows nothing of threads or queues."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cursor: sqlite3.Cursor | None = None

    def open(self) -> None:
        """Open the file and see that it can be written now. Raises a `StorageError` that names the file."""
        try:
            self._connect()
        except sqlite3.Error as error:
            raise fault(error, self._path) from error

    def commit(self, units: Sequence[Unit[Any]]) -> list[Outcome]:
        """Run the units in order and return what became of each, once all of it is on disk.

        A unit that raises leaves no trace and does not disturb the others. If the transaction as a whole fails, every
        unit fails: nothing was written then.
        """
        try:
            return self._attempt(units)
        except _Ended as ended:
            self._renew()
            return [(None, _like(ended.cause, self._path)) for _ in units]
        except Exception as error:  # noqa: BLE001  whatever it is (memory too), the waiters must hear of it
            return self._refuse(units, error)

    def checkpoint(self) -> None:
        """Move the log into the database file and cut it, as far as readers let it."""
        with suppress(sqlite3.Error):
            self._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of the connection; an open transaction is rolled back. The next commit opens a new one."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            disconnect(cursor)

    def _connect(self) -> sqlite3.Cursor:
        if self._cursor is None:
            self._cursor = connect_writer(self._path).cursor()
        return self._cursor

    def _renew(self) -> None:
        """Replace the connection, the new one first.

        A commit whose sync failed has left frames in the log that the index does not count. While some connection is
        open the next commit writes over them; once the last one is closed, opening would take them for committed.
        """
        failed, self._cursor = self._cursor, None
        if failed is not None:
            roll_back(failed)
            with suppress(sqlite3.Error):
                self._connect()
            disconnect(failed)

    def _attempt(self, units: Sequence[Unit[Any]]) -> list[Outcome]:
        cursor = self._connect()
        cursor.execute("BEGIN IMMEDIATE")
        outcomes = [self._step(cursor, unit) for unit in units]
        cursor.execute("COMMIT")
        return outcomes

    def _step(self, cursor: sqlite3.Cursor, unit: Unit[Any]) -> Outcome:
        cursor.execute("SAVEPOINT unit")
        tx = SqliteTx(cursor, self._path)
        try:
            value = run_to_end(unit(tx))
            failure: BaseException | None = tx.failure
        except BaseException as error:  # noqa: BLE001  it travels to the caller's future
            value, failure = None, error
        if not cursor.connection.in_transaction:
            raise _Ended(tx.failure or failure or sqlite3.OperationalError("a unit ended the transaction"))
        tx.end()
        if failure is not None:
            value = None
            cursor.execute("ROLLBACK TO unit")
        cursor.execute("RELEASE unit")
        return value, failure

    def _refuse(self, units: Sequence[Unit[Any]], error: Exception) -> list[Outcome]:
        """After a failed commit the state of the pages is unknown: never try the same COMMIT again, open anew."""
        if self._cursor is not None and is_busy(error):
            roll_back(self._cursor)
        else:
            self._renew()
        if may_be_one_units(error) and len(units) > 1:
            # SQLite does not say whose row it was, so each unit is tried by itself.
            return [self.commit([unit])[0] for unit in units]
        return [(None, fault(error, self._path)) for _ in units]


def _like(cause: BaseException, path: Path) -> BaseException:
    """Return an error of its own for each waiter, since raising an exception writes into it."""
    if isinstance(cause, Fault):
        return type(cause)(cause.detail, hint=cause.advice)
    return fault(cause, path)

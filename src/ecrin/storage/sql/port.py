"""The port of the SQL database: a transaction is a *unit* (design: docs/adr/0001-storage-units.md).

A unit is a coroutine function over a `Tx` that awaits nothing else. It may be run again after a serialization conflict,
so it changes nothing but the database and speaks through its return value. The first error ends it: one that wants to
go on after a `Conflict` catches it around `write`, or says ON CONFLICT. SQL is one text for both engines, with named
parameters (`:name`), the types BIGINT, TEXT and BYTEA, and truth values as 0 and 1.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Value = int | float | str | bytes | None
T = TypeVar("T")


class Row(Protocol):
    """One row: its columns by name."""

    def __getitem__(self, column: str, /) -> Any: ...


class Tx(Protocol):
    """The one thing a unit may await."""

    async def one(self, sql: str, /, **values: Value) -> Row | None:
        """Return the first row, or None. Works for SELECT and for statements with RETURNING."""
        ...

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        """Return every row."""
        ...

    async def run(self, sql: str, /, **values: Value) -> int:
        """Execute a statement and return how many rows it changed.

        Raises `Conflict` where a row that must be unique exists already.
        """
        ...


Unit = Callable[[Tx], Coroutine[Any, Any, T]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number from 1 on, its name, its statements."""

    number: int
    name: str
    sql: str


class Database(Protocol):
    """A database that keeps its word: `write` returns after the commit is on disk."""

    async def write(self, unit: Unit[T]) -> T:
        """Run the unit in a transaction of its own and return its value once that is durable.

        Raises whatever the unit raises, with nothing written, or a `StorageError`.
        """
        ...

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads a few rows by key, on one consistent state; writes in it are refused."""
        ...

    async def glance(self, unit: Unit[T]) -> T:
        """Run a unit of one SELECT, which needs no transaction around it; a second statement is refused."""
        ...

    async def scan(self, unit: Unit[T]) -> T:
        """Like `read`, for units that read many rows: they may take a while without holding anybody up."""
        ...

    async def version(self) -> int:
        """Return the number of the last migration that was applied, 0 where there was none; nothing is written."""
        ...

    async def migrate(self) -> list[int]:
        """Apply the migrations that are missing and return their numbers.

        Raises `DatabaseNewer` if the database knows a migration that this code does not.
        """
        ...

    async def beside(self, name: str, migrations: Sequence[Migration]) -> "Database":
        """Open another database in the same place, with migrations of its own: a flood there slows nobody here.

        It is a file in the same folder, or a schema of its own on the same server. Its owner migrates and closes it.
        Raises a `StorageError` if it cannot be used now.
        """
        ...

    async def close(self) -> None:
        """Finish the units that were accepted and let go of the files and connections."""
        ...

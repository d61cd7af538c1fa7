"""Writes that failed, of which nobody can say whether they were committed: the reply was lost, or the disk failed.

Whoever asks again may be told that all is done and change nothing, so what is in memory would stay as it was before.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ecrin.errors import Conflict, StorageBusy, StorageError, StorageFull, StorageReadOnly
from ecrin.storage.sql.port import Database, Unit

T = TypeVar("T")


_NOTHING_WRITTEN = (Conflict, StorageBusy, StorageFull, StorageReadOnly)


class Watched:
    """A database; `doubt` is told of each write that ended with a `StorageError` which may come after the commit."""

    def __init__(self, database: Database, doubt: Callable[[], None]) -> None:
        self._database = database
        self._doubt = doubt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, unit: Unit[T]) -> T:
        """Run the unit as the database does."""
        try:
            return await self._database.write(unit)
        except StorageError as error:
            if not isinstance(error, _NOTHING_WRITTEN):
                self._doubt()
            raise

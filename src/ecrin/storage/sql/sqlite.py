"""SQLite in this process: write-ahead log, `synchronous=FULL`, one writer thread with group commit, readers beside it.

`write` goes through the writer thread, `read` runs inline on the event loop's thread, `scan` on a thread of its own.
The three have a connection each. A database belongs to the event loop that opened it.
"""

from asyncio import get_running_loop, to_thread
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from ecrin.base.clock import Clock, SystemClock
from ecrin.errors import Overloaded, StorageUnavailable
from ecrin.storage.sql.port import Migration, Unit
from ecrin.storage.sql.schema import apply_missing, last_applied, shipped
from ecrin.storage.sql.sqlite_commit import GroupCommit
from ecrin.storage.sql.sqlite_connection import create_file
from ecrin.storage.sql.sqlite_reader import Reader
from ecrin.storage.sql.sqlite_writer import Writer

T = TypeVar("T")

_SCANS = 100  # reading units that may wait for the scanning thread


class SqliteDatabase:
    """A `Database` in one file; made by `open`."""

    def __init__(self, path: Path, writer: Writer, migrations: Sequence[Migration], clock: Clock) -> None:
        self._path = path
        self._writer = writer
        self._migrations = migrations
        self._clock = clock
        self._reader = Reader(path)
        self._scanner = Reader(path)
        self._scans = ThreadPoolExecutor(1, thread_name_prefix="ecrin-sqlite-scan")
        self._scanning = 0
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        migrations: Sequence[Migration] | None = None,
        clock: Clock | None = None,
        batch: int = 256,
        queue: int = 10_000,
    ) -> Self:
        """Open the file, made for its owner only if it is not there; its folder must exist.

        `migrations` default to those of this release. `batch` is the largest number of units in one commit, `queue` how
        many writes may wait before `Overloaded`. Raises a `StorageError` that names the file if it cannot be written
        now, is locked by another process for 5 s, or is no sound database.
        """
        place = create_file(path)
        writer = Writer(GroupCommit(place), get_running_loop(), batch=batch, queue=queue)
        await writer.start()
        return cls(place, writer, shipped() if migrations is None else migrations, clock or SystemClock())

    async def write(self, unit: Unit[T]) -> T:
        """Run the unit with others in one commit and return its value once that is on disk.

        Raises what the unit raises, `Overloaded` when too many wait, or a `StorageError`; nothing was written then.
        """
        return await self._writer.submit(unit)

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that reads a few rows by key, here and now."""
        self._refuse_if_closed()
        return self._reader.run(unit)

    async def glance(self, unit: Unit[T]) -> T:
        """Run a unit of one SELECT, here and now."""
        self._refuse_if_closed()
        return self._reader.glance(unit)

    async def scan(self, unit: Unit[T]) -> T:
        """Run a unit that reads many rows on the scanning thread. Raises `Overloaded` when too many wait for it."""
        self._refuse_if_closed()
        if self._scanning >= _SCANS:
            raise Overloaded("Too many large reads are waiting.")
        self._scanning += 1
        try:
            return await get_running_loop().run_in_executor(self._scans, self._scanner.run, unit)
        finally:
            self._scanning -= 1

    async def version(self) -> int:
        """Return the number of the last migration that was applied."""
        return await self.read(lambda tx: last_applied(tx, "SELECT name FROM sqlite_master WHERE name = :name"))

    async def migrate(self) -> list[int]:
        """Apply the migrations that are missing and return their numbers."""
        return await apply_missing(self.write, self._migrations, self._clock)

    async def beside(self, name: str, migrations: Sequence[Migration]) -> "SqliteDatabase":
        """Open the file `name.db` beside `ecrin.db`, or `other-name.db` beside `other.db`."""
        own = f"{name}.db" if self._path.stem == "ecrin" else f"{self._path.stem}-{name}.db"
        return await SqliteDatabase.open(self._path.with_name(own), migrations=migrations, clock=self._clock)

    async def close(self) -> None:
        """Finish the accepted units, fold the log into the file and let go of it."""
        if not self._closed:
            self._closed = True
            self._scans.submit(self._scanner.close)
            await to_thread(self._scans.shutdown)
            self._reader.close()
        await self._writer.stop()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StorageUnavailable("The database is closed.")

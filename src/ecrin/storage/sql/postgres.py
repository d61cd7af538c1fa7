"""PostgreSQL: a pool of connections, units in SERIALIZABLE transactions that are run again when they lose a race."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self, TypeVar

from ecrin.base.clock import Clock, SystemClock
from ecrin.base.secret import Secret
from ecrin.errors import Conflict, Overloaded, StorageUnavailable
from ecrin.storage.sql.glance import GlanceTx
from ecrin.storage.sql.port import Migration, Unit
from ecrin.storage.sql.postgres_driver import DRIVER_ERRORS, LETS_GO_WITHIN, is_alive, open_pool, place
from ecrin.storage.sql.postgres_faults import fault
from ecrin.storage.sql.postgres_tx import PostgresTx
from ecrin.storage.sql.schema import apply_missing, last_applied, shipped

T = TypeVar("T")

_WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LOCK = "SELECT pg_advisory_lock(x'656372696e'::bigint)"  # "ecrin": one migrating process at a time
_UNLOCK = "SELECT pg_advisory_unlock(x'656372696e'::bigint)"
_OPTIMISTIC = 3  # attempts before a unit that keeps losing takes its turn among the losers
_ATTEMPTS = 30


class _LostRace(Exception):
    """Another transaction was faster; the unit may be run again."""


class PostgresDatabase:
    """A `Database` on a server; made by `open`."""

    def __init__(
        self, pool: Any, url: Secret[str], schema: str, migrations: Sequence[Migration], clock: Clock, queue: int
    ) -> None:
        self._pool = pool
        self._url = url
        self._schema = schema
        self._where = place(url.reveal())
        self._migrations = migrations
        self._clock = clock
        self._limit = queue
        self._accepted = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._losers = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        migrations: Sequence[Migration] | None = None,
        clock: Clock | None = None,
        connections: int = 10,
        queue: int = 10_000,
        schema: str = "",
    ) -> Self:
        """Connect to `postgresql://user:password@host:port/name`, with `connections` at most.

        `migrations` default to those of this release; `queue` is how many units may be under way before `Overloaded`.
        Tables lie in `schema`, which `migrate` makes, or where the server puts those of this user.
        Raises `StorageUnavailable`, or `ConfigurationError` if the server does not promise to keep what it commits.
        """
        pool = await open_pool(url, connections, {"search_path": schema} if schema else {})
        known = shipped() if migrations is None else migrations
        return cls(pool, Secret(url), schema, known, clock or SystemClock(), queue)

    async def write(self, unit: Unit[T]) -> T:
        """Run the unit in a SERIALIZABLE transaction, again if it lost a race, and return its value once committed.

        Raises what the unit raises, `Overloaded` when too many wait or compete, or a `StorageError`.
        """
        with self._accept():
            return await self._persist(unit, _WRITE)

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, on one snapshot."""
        with self._accept():
            return await self._persist(unit, _READ)

    async def glance(self, unit: Unit[T]) -> T:
        """Run a unit of one SELECT, which PostgreSQL runs on a snapshot of its own."""
        with self._accept():
            async with self._connection() as connection:
                tx = PostgresTx(connection, self._where)
                try:
                    return await unit(GlanceTx(tx))
                finally:
                    await tx.end()

    async def scan(self, unit: Unit[T]) -> T:
        """Run a unit that reads many rows, on one snapshot."""
        return await self.read(unit)

    async def version(self) -> int:
        """Return the number of the last migration that was applied."""
        return await self.read(lambda tx: last_applied(tx, "SELECT oid FROM pg_class WHERE oid = to_regclass(:name)"))

    async def migrate(self) -> list[int]:
        """Apply the migrations that are missing and return their numbers."""
        with self._accept():
            async with self._connection() as connection:
                return await self._locked_migration(connection)

    async def beside(self, name: str, migrations: Sequence[Migration]) -> "PostgresDatabase":
        """Open the schema `ecrin_name` of this database, with four connections of its own."""
        return await PostgresDatabase.open(
            self._url.reveal(), migrations=migrations, clock=self._clock, connections=4, schema=f"ecrin_{name}"
        )

    async def close(self) -> None:
        """Finish the accepted units and close the connections."""
        self._closed = True
        await self._idle.wait()
        await self._pool.close()

    @contextmanager
    def _accept(self) -> Iterator[None]:
        """Count the unit in, so that `close` waits for it and no crowd builds up in front of the pool."""
        if self._closed:
            raise StorageUnavailable("The database is closed.")
        if self._accepted >= self._limit:
            raise Overloaded("Too many units are waiting for the database.")
        self._accepted += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._accepted -= 1
            if not self._accepted:
                self._idle.set()

    async def _persist(self, unit: Unit[T], begin: str) -> T:
        try:
            return await self._compete(unit, begin)
        except Conflict:
            # The row may have been added while the unit ran; the next run sees it and can refuse in its own words.
            return await self._compete(unit, begin)

    async def _compete(self, unit: Unit[T], begin: str) -> T:
        for attempt in range(_OPTIMISTIC):
            try:
                return await self._run(unit, begin)
            except _LostRace:
                await asyncio.sleep(secrets.randbelow(2_000 << attempt) / 1_000_000)
        async with self._losers:
            for _ in range(_ATTEMPTS - _OPTIMISTIC):
                try:
                    return await self._run(unit, begin)
                except _LostRace:
                    continue
        raise Overloaded("Too many transactions compete for the same rows.")

    async def _run(self, unit: Unit[T], begin: str) -> T:
        async with self._connection() as connection:
            return await self._attempt(connection, unit, begin)

    async def _attempt(self, connection: Any, unit: Unit[T], begin: str) -> T:
        tx = PostgresTx(connection, self._where)
        try:
            return await _transact(tx, unit, begin)
        except Exception:
            if tx.lost_race:
                raise _LostRace from None
            raise
        finally:
            await tx.end()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            connection = await self._pool.acquire()
        except DRIVER_ERRORS as error:
            raise fault(error, self._where, alive=False) from None
        try:
            yield connection
        finally:
            with suppress(*DRIVER_ERRORS):  # the pool has thrown it away then
                await self._pool.release(connection, timeout=LETS_GO_WITHIN)

    async def _locked_migration(self, connection: Any) -> list[int]:
        """Hold the lock around the transactions: a snapshot taken before the wait for it would be stale."""

        async def write(unit: Unit[int | None]) -> int | None:
            for _ in range(_ATTEMPTS):
                try:
                    return await self._attempt(connection, unit, _WRITE)
                except _LostRace:
                    continue
            raise Overloaded("Too many transactions compete for the same rows.")

        try:
            await connection.execute(_LOCK)
            try:
                if self._schema:
                    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
                return await apply_missing(write, self._migrations, self._clock)
            finally:
                if is_alive(connection):
                    await connection.execute(_UNLOCK)
        except DRIVER_ERRORS as error:
            raise fault(error, self._where, alive=is_alive(connection)) from None


async def _transact(tx: PostgresTx, unit: Unit[T], begin: str) -> T:
    await tx.run(begin)
    value = await unit(tx)
    await tx.commit()
    return value

"""One server on one PostgreSQL database: an advisory lock by database and schema, on a connection of its own.

The lock lasts as long as its session (PostgreSQL documentation, §13.3.5). When that is lost, the lock is taken back;
until then another server may begin, so both decide by conditional writes, and the one that comes too late ends.
"""

import asyncio
from asyncio import Future
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from ecrin.errors import DatabaseBusy, StorageError
from ecrin.storage.sql.postgres_driver import DRIVER_ERRORS, open_connection, place
from ecrin.storage.sql.postgres_faults import fault

HEARTBEAT = 10  # seconds
PAUSE = 1  # seconds between two tries to take the lock back
PATIENCE = 30  # tries: a server that did not notice the loss keeps our own former session for 25 s
CLOSES_WITHIN = 0.5  # seconds
GONE_WITHIN = 2.0  # seconds: the server may still be ending the session of a process that has just stopped
LOOKS = 20
# A session whose machine is gone ends, and its lock with it, after 10 + 3 * 5 s, and not after the system's two hours.
_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
# "ecri" above the number of the schema: what else is locked under such a key is nobody's but ours.
_TAKE = """SELECT pg_try_advisory_lock((x'65637269'::bigint << 32) | COALESCE(
    (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema()), 0))"""
log = structlog.get_logger("ecrin.storage")


@asynccontextmanager
async def held(url: str) -> AsyncIterator[Future[None]]:
    """Hold the database for this process; what is given raises `DatabaseBusy` once another process has it.

    Raises `DatabaseBusy` if another process holds it now, `ConfigurationError` or `StorageUnavailable`.
    """
    hold = _Hold(url)
    await hold.take_soon()
    watch = asyncio.create_task(hold.keep())
    try:
        yield watch
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await hold.release()


class _Hold:
    """The lock and its connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._lost = asyncio.Event()

    async def take_soon(self) -> None:
        """Take the lock, also from a process that has just stopped."""
        for _ in range(LOOKS):
            try:
                return await self.take()
            except DatabaseBusy:
                await asyncio.sleep(GONE_WITHIN / LOOKS)
        return await self.take()

    async def take(self) -> None:
        """Connect and take the lock."""
        connection, taken = await open_connection(self._url, _ALIVE), False
        try:
            taken = await _try_lock(connection, place(self._url))
        finally:
            if not taken:
                connection.terminate()
        if not taken:
            raise DatabaseBusy(f"Another ecrin process is using {place(self._url)}.")
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())
        self._connection = connection

    async def keep(self) -> None:
        """Take the lock back whenever its session is lost; end with `DatabaseBusy` if somebody else has it."""
        while True:
            await self._until_lost()
            log.warning("the lock of the database is lost")
            await self._take_back()
            log.warning("the lock of the database is taken back")

    async def release(self) -> None:
        """Give the lock up, also where the server does not answer any more."""
        with suppress(*DRIVER_ERRORS):
            await self._connection.close(timeout=CLOSES_WITHIN)

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await self._lost.wait()
            except TimeoutError:
                await self._ask()

    async def _ask(self) -> None:
        """Find out whether the session still answers; the silence of a dead wire tells nobody."""
        try:
            await self._connection.execute("SELECT 1")
        except DRIVER_ERRORS:
            self._connection.terminate()
            self._lost.set()

    async def _take_back(self) -> None:
        refusals = 0
        while True:
            try:
                return await self.take()
            except DatabaseBusy:
                refusals += 1
                if refusals >= PATIENCE:
                    raise
            except StorageError:
                refusals = 0  # the server is away, for everybody
            await asyncio.sleep(PAUSE)


async def _try_lock(connection: Any, where: str) -> bool:
    try:
        return bool(await connection.fetchval(_TAKE))
    except DRIVER_ERRORS as error:
        raise fault(error, where, alive=False) from None

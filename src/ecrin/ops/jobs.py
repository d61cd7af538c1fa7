"""Housekeeping: rows that nobody needs any more are removed, a few at a time, so that nothing waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from ecrin.base.clock import Clock, Instant
from ecrin.errors import EcrinError
from ecrin.storage.sql.port import Database, Tx

EVERY_SECONDS = 600
AT_ONCE = 500
log = structlog.get_logger("ecrin.jobs")

# Removes up to `limit` rows that are over at `now`; returns how many it removed.
Purge = Callable[[Tx, Instant, int], Awaitable[int]]
# Removes what is more than rows; looks itself whether it is time to.
Sweep = Callable[[], Awaitable[None]]


async def every(stop: asyncio.Event, seconds: float, job: Sweep) -> None:
    """Do a job again and again until `stop` is set; one that fails is logged and tried again next time."""
    while not stop.is_set():
        try:
            await job()
        except EcrinError as error:
            log.warning("job failed", code=error.code, detail=str(error))
        except Exception:
            log.exception("job failed")
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            continue


class Housekeeping:
    """Runs every purge and every sweep, again and again."""

    def __init__(self, database: Database, clock: Clock, purges: Sequence[Purge], sweeps: Sequence[Sweep] = ()) -> None:
        self._database = database
        self._clock = clock
        self._purges = tuple(purges)
        self._sweeps = tuple(sweeps)

    async def run(self, stop: asyncio.Event) -> None:
        """Purge every ten minutes until `stop` is set; a purge that fails is logged and tried again next time."""
        while not stop.is_set():
            try:
                await self.once(stop)
            except EcrinError as error:
                log.warning("purge failed", code=error.code, detail=str(error))
            except Exception:
                log.exception("purge failed")
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def once(self, stop: asyncio.Event | None = None) -> int:
        """Purge everything that is over now, or until `stop` is set; return how many rows went."""
        removed = 0
        for purge in self._purges:
            gone = AT_ONCE
            while gone >= AT_ONCE and not (stop and stop.is_set()):
                gone = await self._some(purge)
                removed += gone
        for sweep in self._sweeps:
            if not (stop and stop.is_set()):
                await sweep()
        return removed

    async def _some(self, purge: Purge) -> int:
        now = self._clock.now()

        async def unit(tx: Tx) -> int:
            return await purge(tx, now, AT_ONCE)

        return await self._database.write(unit)

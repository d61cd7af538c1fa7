"""From deliveries to rows on disk.

What waits while one unit is written goes into the next, so that a flood makes few commits.
"""

import asyncio
from collections.abc import Callable, Sequence

from ecrin.errors import EcrinError, Overloaded
from ecrin.storage.sql.port import Database
from ecrin.updates.stats import store
from ecrin.updates.stats.model import Batch, Delivery
from ecrin.updates.stats.rules import Names, fold

AT_ONCE = 256  # deliveries of one unit
WAITING = 10_000  # deliveries that may wait before `Overloaded`

Written = Callable[[Batch], None]


class Ingest:
    """Writes deliveries; `written` is told of each batch after its commit."""

    def __init__(self, database: Database, written: Written) -> None:
        self._database = database
        self._written = written
        self._names = Names()
        self._waiting: list[tuple[Sequence[Delivery], asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Return when the deliveries are on disk, all or none. Raises `Overloaded` or a `StorageError`."""
        if len(self._waiting) >= WAITING:
            raise Overloaded("Too many statistics are waiting for the disk.")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((deliveries, done))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        await done

    async def close(self) -> None:
        """Return when what was accepted is written."""
        if self._work is not None:
            await self._work

    async def _drain(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            error = await self._write([delivery for deliveries, _ in some for delivery in deliveries])
            for _, done in some:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(_own(error))

    async def _write(self, deliveries: Sequence[Delivery]) -> Exception | None:
        """Write deliveries in one unit; return what went wrong, for whoever waits."""
        try:
            batch = fold(deliveries, self._names)
            await self._database.write(lambda tx: store.write(tx, batch))
        except Exception as error:  # noqa: BLE001  it travels to the callers
            return error
        self._written(batch)
        return None


def _own(error: Exception) -> Exception:
    """Return an error of its own for each waiter, since raising an exception writes into it."""
    return type(error)(error.detail, hint=error.advice) if isinstance(error, EcrinError) else error

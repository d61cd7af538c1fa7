"""The writer thread: a queue of units in front of the group commit, and one wake-up of the event loop per commit."""

from asyncio import AbstractEventLoop, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from ecrin.errors import Overloaded, StorageUnavailable
from ecrin.storage.sql.port import Unit
from ecrin.storage.sql.sqlite_commit import GroupCommit, Outcome

T = TypeVar("T")

Job = tuple[Unit[Any], "Future[Any]"]


class Writer:
    """Accepts units on the event loop's thread and commits them on its own.

    `batch` is the largest number of units in one commit, `queue` how many may wait before `Overloaded`. A unit that was
    accepted is run even if nobody waits for it any more.
    """

    def __init__(self, commit: GroupCommit, loop: AbstractEventLoop, *, batch: int = 256, queue: int = 10_000) -> None:
        self._commit = commit
        self._loop = loop
        self._batch = batch
        self._limit = queue
        self._accepted = 0  # units, on the event loop's thread
        self._taken = 0  # units that wait no more, on the other
        self._fresh: list[Job] = []  # of this turn of the event loop: the thread is woken once for all of them
        self._jobs: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._opened: Future[None] = loop.create_future()
        self._stopped: Future[None] = loop.create_future()
        self._closed = False
        self._thread = Thread(target=self._work, name="ecrin-sqlite-writer", daemon=True)

    async def start(self) -> None:
        """Open the database. Raises a `StorageError`."""
        self._thread.start()
        await self._opened

    def submit(self, unit: Unit[T]) -> "Future[T]":
        """Put the unit in the queue; the future has its value when that is on disk. Raises `Overloaded`."""
        if self._closed:
            raise StorageUnavailable("The database is closed.")
        if self._accepted - self._taken >= self._limit:
            raise Overloaded("Too many writes are waiting for the disk.")
        future: Future[T] = self._loop.create_future()
        self._accepted += 1
        self._fresh.append((unit, future))
        if len(self._fresh) == 1:
            self._loop.call_soon(self._hand_over)
        return future

    async def stop(self) -> None:
        """Finish what was accepted, checkpoint, close the file, end the thread."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._jobs.put(None)
        await self._stopped

    def _hand_over(self) -> None:
        if self._fresh:
            jobs, self._fresh = self._fresh, []
            self._jobs.put(jobs)

    def _work(self) -> None:
        try:
            self._commit.open()
        except BaseException as error:  # noqa: BLE001  it travels to whoever awaits start()
            self._reply([(self._opened, (None, error))])
            return
        self._reply([(self._opened, (None, None))])
        while self._turn():
            pass
        self._commit.checkpoint()
        self._commit.close()
        self._reply([(self._stopped, (None, None))])

    def _turn(self) -> bool:
        jobs, more = self._collect()
        for start in range(0, len(jobs), self._batch):
            batch = jobs[start : start + self._batch]
            self._taken += len(batch)
            outcomes = self._commit.commit([unit for unit, _ in batch])
            self._reply([(future, outcome) for (_, future), outcome in zip(batch, outcomes, strict=True)])
        return more

    def _collect(self) -> tuple[list[Job], bool]:
        """Wait for a job and take what else has come meanwhile; False when the queue was closed."""
        jobs: list[Job] = []
        more = self._jobs.get()
        while more is not None:
            jobs += more
            try:
                more = self._jobs.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _reply(self, replies: "list[tuple[Future[Any], Outcome]]") -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(_resolve, replies)


def _resolve(replies: "list[tuple[Future[Any], Outcome]]") -> None:
    for future, (value, error) in replies:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

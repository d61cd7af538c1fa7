"""Whose turn it is to change a vault's state. A lock waits for no person: who waits for one is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from ecrin.vault.device.errors import SystemCanceled
from ecrin.vault.errors import VaultBusy
from ecrin.vault.threads import to_its_end

T = TypeVar("T")
_asked: ContextVar[object] = ContextVar("asked", default=None)  # which question a task, or its parent, is to answer


class Turn:
    """One at a time, in the order of their coming; reads and writes of values take no turn.

    Raises `VaultBusy` for who is asked by the one that has it, and has not answered: they would wait for each other.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._answering: asyncio.Future[Any] | None = None
        self._question: object = None
        self._leave = asyncio.Event()  # set while a lock or an end waits for its turn
        self._locks = 0

    async def __aenter__(self) -> None:
        if self._question is not None and _asked.get() is self._question:
            raise _busy()
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[None]:
        """Take the turn for a lock, or an end: whoever has it and waits for a person gets `SystemCanceled`."""
        if self._answering is not None and asyncio.current_task() is self._answering:
            raise _busy()
        self._locks += 1
        self._leave.set()
        try:
            await self._lock.acquire()
        finally:
            self._locks -= 1
            if self._locks == 0:
                self._leave.clear()
        try:
            yield
        finally:
            self._lock.release()

    async def answered(self, asking: Awaitable[T]) -> T:
        """Return what a person's answer leads to; raises `SystemCanceled` if the vault has to be locked before."""
        self._question = object()
        token = _asked.set(self._question)
        answering, leaving = asyncio.ensure_future(asking), asyncio.ensure_future(self._leave.wait())
        _asked.reset(token)
        self._answering = answering
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise SystemCanceled
            return answering.result()
        finally:
            self._answering = self._question = None
            answering.cancel()
            leaving.cancel()
            await to_its_end(_ended(answering, leaving))


async def _ended(*tasks: "asyncio.Future[Any]") -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _busy() -> VaultBusy:
    hint = "Answer first (None cancels), and call it then."
    return VaultBusy("The vault waits for the answer of who calls this.", hint=hint)

"""Work that leaves the event loop, and is never left alone: who cancels it waits until it has ended."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


async def in_thread(
    work: Callable[[], T], executor: Executor | None = None, stop: Callable[[], None] | None = None
) -> T:
    """Return what `work` returns or raise what it raises, from a thread.

    When the task is cancelled, `stop` is called, which asks `work` to end, and the cancellation is raised only after it
    has: the buffers that it uses are wiped next.
    """
    future = asyncio.get_running_loop().run_in_executor(executor, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        await _settled(future)
        raise


async def _settled(future: "asyncio.Future[T]") -> None:
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue  # it is going to be raised anyway
    if not future.cancelled():
        future.exception()  # seen: nobody waits for it any more

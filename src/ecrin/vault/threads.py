"""Work that is never left alone, in a thread or in a task: who cancels it waits until it has ended."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

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
        await settled(future)
        raise


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns or raise what it raises; who cancels this does not cancel `work`, but waits for it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await settled(task)
        raise


async def settled(future: "asyncio.Future[T]") -> None:
    """Return when a future is done, however often this is cancelled."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue  # it is going to be raised anyway
    if not future.cancelled():
        future.exception()  # seen: nobody waits for it any more

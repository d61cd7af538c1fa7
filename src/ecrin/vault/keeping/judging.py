"""Who cancels a try that is counted: a right passcode must not stay behind as a failure, for those wipe a vault."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.threads import settled

T = TypeVar("T")
GRACE_SECONDS = 5.0  # a key store may ask somebody, behind the count


async def judged(attempt: Coroutine[Any, Any, T], guesses: Guesses, undo: Callable[[T], object]) -> T:
    """Return what an attempt comes to, or raise what it raises.

    Once the try is counted where tries wipe, who cancels this waits until it is judged, for 5 s at most; then it stays
    counted. `undo` gets what came of an attempt that was cancelled.
    """
    task = asyncio.ensure_future(attempt)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if guesses.wiping:
            await _settled_in_time(task)
        task.cancel()
        await settled(task)
        if not task.cancelled() and task.exception() is None:
            undo(task.result())
        raise


async def _settled_in_time(task: "asyncio.Task[T]") -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + GRACE_SECONDS
    while not task.done() and (left := end - loop.time()) > 0:
        with suppress(asyncio.CancelledError):  # anyio cancels anew at every turn of the loop
            await asyncio.wait([task], timeout=left)

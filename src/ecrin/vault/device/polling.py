"""Watching what a system does not tell of by itself: it is asked again and again, and a change is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ecrin.vault.device.errors import DeviceError

T = TypeVar("T")


async def watch_by_asking(
    ask: Callable[[], Awaitable[T]], changed: Callable[[T | DeviceError], None], every_s: float
) -> Callable[[], None]:
    """Call `changed` with each answer of `ask` that is another than the one before; return what ends that.

    An error of the device is an answer too. The first answer is what later ones are compared with.
    """
    first = await _answer(ask)
    task = asyncio.get_running_loop().create_task(_compare(ask, changed, every_s, first))

    def end() -> None:
        task.cancel()

    return end


async def _compare(
    ask: Callable[[], Awaitable[T]], changed: Callable[[T | DeviceError], None], every_s: float, last: T | DeviceError
) -> None:
    while True:
        await asyncio.sleep(every_s)
        answer = await _answer(ask)
        if not _same(answer, last):
            changed(answer)
        last = answer


async def _answer(ask: Callable[[], Awaitable[T]]) -> T | DeviceError:
    try:
        return await ask()
    except DeviceError as error:
        return error


def _same(one: object, other: object) -> bool:
    if isinstance(one, DeviceError) or isinstance(other, DeviceError):
        return type(one) is type(other)
    return one == other

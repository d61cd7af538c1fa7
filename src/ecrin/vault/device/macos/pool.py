"""Work of Cocoa outside of its own loop: in a pool, or what it makes there for a moment would stay for ever."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar, cast

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.threads import in_thread

T = TypeVar("T")


async def in_pool(work: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
    """Return what `work` returns, as `in_thread` does; what Cocoa made meanwhile goes at its end."""

    def pooled() -> T:
        with pool():
            return work()

    return await in_thread(pooled, stop=stop)


def pool() -> AbstractContextManager[None]:
    """Return a pool for what Cocoa makes in a block."""
    try:
        return cast("AbstractContextManager[None]", library("objc", "pyobjc-core").autorelease_pool())
    except Unsupported:  # then no other part of Cocoa is there: `work` says which one it misses
        return nullcontext()

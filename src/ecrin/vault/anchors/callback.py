"""A mark that the app keeps for its vaults, for instance on its server: two calls of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ecrin.errors import EcrinError
from ecrin.vault.device.errors import DeviceError
from ecrin.vault.ports import MAX_MARK, Params

ReadMark = Callable[[str], Awaitable[int | None]]
AdvanceMark = Callable[[str, int], Awaitable[None]]
T = TypeVar("T")
REPLY_S = 25.0  # a lock waits for it, and everybody for the lock


class CallbackAnchor:
    """Marks that the app keeps, by the vault's id in hexadecimal.

    `read(vault_id)` returns the mark, or None if there is none; `advance(vault_id, mark)` keeps the greater of `mark`
    and what it has, atomically, and answers when that is durable. What they raise, the vault raises; what is none of
    our errors, or no answer in 25 s, as `DeviceError`. They must not wait for the vault that asks them.
    """

    kind = "app"

    def __init__(self, read: ReadMark, advance: AdvanceMark) -> None:
        self._read = read
        self._advance = advance

    async def create(self, app_id: str, vault_id: bytes) -> tuple[Params, int]:
        """Have the app keep a mark of 0; return what it has then."""
        await _answered(self._advance(vault_id.hex(), 0))
        return {}, await self.read(app_id, vault_id, {}) or 0

    async def read(self, app_id: str, vault_id: bytes, params: Params) -> int | None:
        """Return what the app has; raises `DeviceError` for what is no mark."""
        mark = await _answered(self._read(vault_id.hex()))
        if mark is not None and (type(mark) is not int or not 0 <= mark <= MAX_MARK):
            raise DeviceError("The app's anchor answers no mark.", hint="A mark is a whole number from 0 up, or None.")
        return mark

    async def advance(self, app_id: str, vault_id: bytes, params: Params, mark: int) -> None:
        """Let the app's mark grow."""
        await _answered(self._advance(vault_id.hex(), mark))

    async def remove(self, app_id: str, vault_id: bytes, params: Params) -> None:
        """Leave the mark: what has no vault any more harms nobody, and ids of vaults do not come again."""


async def _answered(answer: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(REPLY_S) as patience:
            return await answer
    except EcrinError:
        raise
    except Exception as error:
        if patience.expired():
            raise DeviceError(f"The app's anchor has not answered for {REPLY_S:.0f} s.") from None
        raise DeviceError(f"The app's anchor does not answer ({type(error).__name__}).") from error

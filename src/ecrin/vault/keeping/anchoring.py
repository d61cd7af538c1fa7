"""When a vault tells its anchor: some time after a change, and when it is locked ("Anchor" in the specification).

The mark is written into the file first and told to the anchor then. So the file is never behind the anchor by itself;
a file that is, is an older copy. What was written after the last anchoring can be taken back unseen.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ecrin.errors import EcrinError
from ecrin.vault.errors import AnchorMissing, VaultRolledBack
from ecrin.vault.opened.draft import Rekeyed
from ecrin.vault.ports import Anchor, Params

AFTER_SECONDS = 1.0
STOPS_WITHIN = 1.0  # seconds


def fresh(anchored: int | None, mark: int) -> None:
    """Accept a file's mark beside what the anchor stood at before; raises `AnchorMissing`, `VaultRolledBack`."""
    if anchored is None:
        raise AnchorMissing
    if mark < anchored:
        raise VaultRolledBack


class Anchoring:
    """Anchors one vault while it is open. `write_mark` writes a mark into the file and returns it.

    `failed` hears of what goes wrong while nobody waits.
    """

    def __init__(
        self,
        anchor: Anchor,
        app_id: str,
        vault_id: bytes,
        params: Params,
        write_mark: Callable[[], Awaitable[int]],
        failed: Callable[[EcrinError], None],
    ) -> None:
        self._anchor = anchor
        self._place = app_id, vault_id, params
        self._write_mark = write_mark
        self._failed = failed
        self.due = False  # something was changed that the anchor has not heard of
        self.reached = True  # the last time that it was asked
        self._behind: int | None = None  # a mark in the file that the anchor has not reached
        self._later: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def read(self) -> int | None:
        """Return what the anchor stands at, or None if it is gone."""
        self.reached = False
        found = await self._anchor.read(*self._place)
        self.reached = True
        return found

    async def advance(self, mark: int) -> None:
        """Let the anchor grow to a mark that stands in the file."""
        try:
            await self._anchor.advance(*self._place, mark)
        except BaseException:
            self.reached, self.due, self._behind = False, True, mark  # the next change tries again, or the lock
            raise
        self.reached = True
        if self._behind == mark:
            self._behind = None

    def changed(self) -> None:
        """Anchor within a second: the file was changed."""
        self.due = True
        if self._later is None or self._later.done():
            self._later = asyncio.ensure_future(self._in_time())

    async def mark(self) -> None:
        """Write the next mark into the file if something was changed; `follow` tells the anchor."""
        async with self._turn:
            if not self.due:
                return
            self.due = False
            try:
                self._behind = await self._write_mark()
            except BaseException:
                self.due = True
                raise

    async def follow(self) -> None:
        """Let the anchor grow to the last mark in the file."""
        if self._behind is not None:
            await self.advance(self._behind)

    async def stop(self) -> None:
        """Do nothing more in time."""
        later, self._later = self._later, None
        if later is not None and later is not asyncio.current_task():
            later.cancel()
            await asyncio.wait({later}, timeout=STOPS_WITHIN)  # what it waits for may be this very lock

    async def _in_time(self) -> None:
        while self.due:  # again for what was changed while the anchor took its time
            await asyncio.sleep(AFTER_SECONDS)
            try:
                await self.follow()  # a chip follows some steps only: no mark runs away from it
                await self.mark()
                await self.follow()
            except EcrinError as error:
                return self._failed(error)
            except Rekeyed:
                return None  # by another process: whoever uses the vault next hears of it
        return None

"""Who uses a vault that is open: reads and writes that wait for no turn, and go on after what other processes did."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from ecrin.vault.errors import VaultLocked, VaultNotInitialized
from ecrin.vault.format.entries import Plain
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.asking import Ask, Typed
from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.keeping.held import Held
from ecrin.vault.keeping.keeper import Keeper
from ecrin.vault.model import LockReason
from ecrin.vault.opened.draft import Draft, Rekeyed
from ecrin.vault.opened.view import View
from ecrin.vault.store import rows
from ecrin.vault.store.faults import told

T = TypeVar("T")
RETRIES = 3  # of what a rotation came between


class Using:
    """Uses what `keeper` keeps. A vault whose time has come is locked first; every use but a look puts that off."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def usable(self) -> Held:
        """Return the vault, open; raises `VaultLocked`, and locks it first if its time has come."""
        held = self._keeper.there()
        if held.opened is None:
            raise VaultLocked
        if (reason := self._keeper.auto.due()) is not None:
            await self._keeper.lock_in_turn(reason)
            raise VaultLocked
        return held

    async def usable_in_turn(self) -> Held:
        """Return the vault, open, to who has the turn; raises as `usable`."""
        held = self._keeper.there()
        if held.opened is not None and (reason := self._keeper.auto.due()) is not None:
            await self._keeper.lock(held, reason)
        await self._caught_up(held)
        return self._keeper.there()

    async def is_locked(self) -> bool:
        """Say whether the vault is locked, after locking it if its time has come; raises `VaultNotInitialized`."""
        if self._keeper.is_idle:
            raise VaultNotInitialized
        if (reason := self._keeper.auto.due(used=False)) is not None:
            await self._keeper.lock_in_turn(reason)
        return self._keeper.held is None or self._keeper.held.opened is None

    async def reading(self, work: Callable[[View], T]) -> T:
        """Return what `work` reads from the open vault."""
        held = await self.usable()
        try:
            return held.read(work)
        except (Rekeyed, VaultNotInitialized):
            await self._left_behind(held)

        async def again(held: Held) -> T:
            return held.read(work)

        return await self._using(again)

    async def writing(self, edit: Callable[[Draft], object]) -> None:
        """Change the open vault durably."""
        await self._using(lambda held: held.change(edit))

    async def everything(self) -> list[Plain]:
        """Return all that the open vault holds."""
        return await self._using(lambda held: held.everything())

    async def _using(self, work: Callable[[Held], Awaitable[T]]) -> T:
        """Return what `work` returns, begun anew after a rotation; raises `Rekeyed` if they do not end."""
        for _ in range(RETRIES):
            held = await self.usable()
            try:
                return await work(held)
            except (Rekeyed, VaultNotInitialized):
                await self._left_behind(held)
        return await work(await self.usable())

    def count(self) -> int:
        """Return how many entries there are, open or locked; raises `VaultNotInitialized`."""
        if self._keeper.is_idle:
            raise VaultNotInitialized
        held = self._keeper.held
        if held is None:
            return 0  # it was in memory
        with told(held.path):
            return rows.count(held.reader)

    async def authenticate(self, held: Held, given: Typed | None) -> None:
        """Accept whoever can open the vault: it is opened if it is locked, else a slot is asked again."""
        if held.opened is not None and held.path is None:
            return None  # a vault in memory has nothing to ask for
        if held.opened is not None:
            with suppress(VaultLocked):
                await self._caught_up(held)
        if held.opened is None:
            return await self._keeper.open(given, None, accept_old_copy=False)

        async def attempt(one: Slot, ask: Ask, guesses: Guesses) -> None:
            await self._keeper.unlocking.authenticate(held, one, ask, guesses)

        return await self._keeper.by_slots(held, given, None, attempt, lambda _: None)

    async def _left_behind(self, held: Held) -> None:
        """Take in that another process has rotated the key or cleared the vault, or that its values have moved."""
        async with self._keeper.turn:
            if self._keeper.there() is held:
                await self._caught_up(held)

    async def _caught_up(self, held: Held) -> None:
        """Take in what other processes have done to the open vault; raises `VaultLocked`, `VaultNotInitialized`."""
        try:
            if held.caught_up():
                await self._keeper.took_in(held)
        except Rekeyed:
            await self._keeper.lock(held, LockReason.ELSEWHERE)
            if held.settings.config.lockable:
                raise VaultLocked from None
            await self._keeper.open(None, None, accept_old_copy=False)
        except VaultNotInitialized:
            await self._keeper.lock(held, LockReason.ELSEWHERE)
            await self._keeper.let_go(held)
            raise

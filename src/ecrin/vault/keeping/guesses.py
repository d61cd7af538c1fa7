"""The tries of a slot, counted in the file before each: whether one may be made, and when there was one too many."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from ecrin.vault.device.errors import AppCanceled, BiometricsUnavailable, FallbackChosen, SystemCanceled, UserCanceled
from ecrin.vault.device.ports import DeviceClock
from ecrin.vault.errors import SlotMissing, TooManyAttempts, TryLater, VaultDamaged
from ecrin.vault.model import Tries
from ecrin.vault.opened.writer import Writer
from ecrin.vault.rules import attempts_left, clock_was_set_back, counted, wait_ms
from ecrin.vault.store import file, rows

T = TypeVar("T")
WIPING = ("passcode",)  # kinds of slots whose failed tries count towards a wipe
BROKEN_OFF = (SystemCanceled, asyncio.CancelledError)  # by who calls, or a lock
UNJUDGED = (  # at a gate; with a passcode, whose hash nobody has seen then
    (UserCanceled, AppCanceled, SystemCanceled, FallbackChosen, BiometricsUnavailable, asyncio.CancelledError),
    (Exception,),  # what stops a derivation or a reading; who cancels the task may have seen the hash in time
)


class Guesses:
    """The tries of one slot, counted in the file before each, so that no crash forgets one (attack A48)."""

    def __init__(self, writer: Writer, clock: DeviceClock, slot_id: bytes, kind: str, wipe_after: int | None) -> None:
        self._writer = writer
        self._clock = clock
        self._slot_id = slot_id
        self._kind = kind
        self._wipe_after = wipe_after if kind in WIPING else None
        self.made = False
        self.wiping = False  # a try is counted, and a wipe may come of it
        self._seen = False  # by the device: it stays counted, whoever breaks it off
        self._alone = ExitStack()

    async def count(self, *, seen: bool = False) -> None:
        """Count one more; raises `TryLater` while it has to wait, `TooManyAttempts` when there was one too many.

        Where a wipe threatens, one process tries at a time, until `release`: the others' tries are no failures yet.
        """
        self.wiping, self._seen = self._kind in WIPING, seen
        if self.wiping:
            await self._writer.run(lambda _: self._enter())
        wait = await self._writer.run(lambda connection: self._in_transaction(connection, self._count))
        if wait:
            raise TryLater(wait)
        self.made = True

    def release(self) -> None:
        """Let others try: this one is judged."""
        self._alone.close()

    async def take_back(self, error: BaseException) -> None:
        """Take back the last try if nobody was judged: cancelled at a gate, or the device had not what it takes."""
        if self._seen and isinstance(error, BROKEN_OFF):
            return
        if self.made and isinstance(error, UNJUDGED[self._kind in WIPING]):
            await self._writer.run(lambda connection: self._in_transaction(connection, self._take_back))
            self.made = False

    async def ready(self) -> int | None:
        """Return as `left`, if a try may be made now: nobody types in vain. Raises `TryLater`."""
        made = await self._writer.run(lambda connection: _tries(connection, self._slot_id))
        if wait := wait_ms(made, self._clock.now()):
            raise TryLater(wait)
        return await self.left()

    async def left(self) -> int | None:
        """Return how many tries are left before the vault is wiped, or None."""
        return await self._writer.run(lambda connection: attempts_left(_passcodes(connection), self._wipe_after))

    async def exhausted(self) -> bool:
        """Say whether no try is left."""
        return self.made and await self.left() == 0

    async def reset(self) -> None:
        """Forget the failed tries of all slots: the vault was opened."""
        await self._writer.run(forget)

    def _enter(self) -> None:
        if self._writer.path is not None:
            self._alone.enter_context(file.alone(self._writer.path))

    def _in_transaction(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        with rows.transaction(connection, write=True):
            return work(connection)

    def _take_back(self, connection: sqlite3.Connection) -> None:
        made = _tries(connection, self._slot_id)
        rows.put_tries(connection, self._slot_id, Tries(max(0, made.failures - 1), made.last))

    def _count(self, connection: sqlite3.Connection) -> int:
        """Count, or return for how long this has to wait."""
        made, now = _tries(connection, self._slot_id), self._clock.now()
        if self._wipe_after is not None and made.failures > self._wipe_after:
            raise VaultDamaged("The count of tries is none that can be.")  # nothing is wiped for that
        if attempts_left(_passcodes(connection), self._wipe_after) == 0:
            raise TooManyAttempts
        wait = wait_ms(made, now)
        if clock_was_set_back(made, now):
            rows.put_tries(connection, self._slot_id, Tries(made.failures, now))
        elif not wait:
            rows.put_tries(connection, self._slot_id, counted(made, now))
        return wait


def _tries(connection: sqlite3.Connection, slot_id: bytes) -> Tries:
    found = rows.tries(connection).get(slot_id)
    if found is None:
        rows.head(connection)  # another process has removed the slot, or all of them
        raise SlotMissing
    return found


def _passcodes(connection: sqlite3.Connection) -> list[Tries]:
    kinds = {slot.id: slot.kind for slot in rows.slots(connection)}
    return [made for id_, made in rows.tries(connection).items() if kinds.get(id_) in WIPING]


def forget(connection: sqlite3.Connection) -> None:
    """Forget the failed tries of all slots; nothing is written if there are none."""
    if any(made.failures for made in rows.tries(connection).values()):
        with rows.transaction(connection, write=True):
            _reset(connection)


def _reset(connection: sqlite3.Connection) -> None:
    for id_ in rows.tries(connection):
        rows.put_tries(connection, id_, rows.NEVER_TRIED)

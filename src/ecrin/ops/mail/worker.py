"""The worker: claims due letters one at a time by a conditional update, sends them and erases what it sent.

At least once: a worker that dies between handing a letter over and saying so leaves a claim whose lease runs out, and
the letter goes again, under the same Message-ID. A claim counts as a try, so a letter that kills its worker ends too.
"""

import asyncio
from dataclasses import replace

import structlog

from ecrin.base.clock import DAY, MINUTE, SECOND, Clock, Instant
from ecrin.crypto.envelope import Envelope
from ecrin.errors import EcrinError
from ecrin.ops.mail import rules, store
from ecrin.ops.mail.compose import compose
from ecrin.ops.mail.errors import MailRejected
from ecrin.ops.mail.mailbox import KEPT_FOR
from ecrin.ops.mail.model import MailRow, State
from ecrin.ops.mail.outbox import open_row
from ecrin.ops.mail.ports import Transport
from ecrin.storage.sql.port import Database, Tx

LEASE = 2 * MINUTE  # longer than the longest send
RECORD_KEPT = 7 * DAY  # an erased row, as a record that a letter was sent or given up
POLL = 10 * SECOND  # for letters of other processes; our own ring the bell
SHORTEST_REST = SECOND // 10
AT_ONCE = 4  # letters on their way together, so that a slow one does not hold up the others

_log = structlog.get_logger("ecrin.mail")


class MailWorker:
    """Sends what `Outbox.post` stored."""

    def __init__(self, database: Database, envelope: Envelope, transport: Transport, clock: Clock) -> None:
        self._database = database
        self._envelope = envelope
        self._transport = transport
        self._clock = clock
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """Say that a letter was posted; call it after the transaction, on the worker's event loop."""
        self._bell.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send letters until `stop` is set; returns when those on their way have arrived or failed."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as under_way:
            while not stop.is_set():
                self._bell.clear()
                await room.acquire()
                found = 0 if stop.is_set() else await self._claim_or_pause()
                if isinstance(found, MailRow):
                    under_way.create_task(self._deliver(found)).add_done_callback(lambda _: room.release())
                else:
                    room.release()
                    await self._rest(stop, found)

    async def deliver_next(self) -> bool:
        """Try the letter that is due longest; False if none is due."""
        claimed = await self._claim()
        if claimed is not None:
            await self._deliver(claimed)
        return claimed is not None

    async def sweep(self) -> int:
        """Delete the rows whose keeping is over, and return how many there were."""
        now = self._clock.now()
        if not await self._database.read(lambda tx: store.any_over(tx, now)):
            return 0
        return await self._database.write(lambda tx: store.sweep(tx, now))

    async def _claim(self) -> MailRow | None:
        while (due := await self._first_due()) is not None:
            if not rules.may_try(due.attempts, due.good_until, self._clock.now()):
                await self._give_up_stale(due)
            elif (claimed := await self._take(due)) is not None:
                return claimed
        return None

    async def _first_due(self) -> MailRow | None:
        now = self._clock.now()
        return await self._database.read(lambda tx: store.first_due(tx, now))

    async def _take(self, due: MailRow) -> MailRow | None:
        lease_until = self._clock.now() + LEASE
        taken = await self._database.write(lambda tx: store.claim(tx, due, lease_until))
        claimed = replace(due, state=State.SENDING, attempts=due.attempts + 1, due_at=lease_until)
        return claimed if taken else None

    async def _deliver(self, claimed: MailRow) -> None:
        try:
            await self._send(claimed)
        except EcrinError as error:
            await self._settle_failed(claimed, error.code, str(error), final=isinstance(error, MailRejected))
        except Exception as error:  # noqa: BLE001  a letter that breaks our code must not end the sending of others
            await self._settle_failed(claimed, "INTERNAL", type(error).__name__, final=False)
        else:
            await self._settle_sent(claimed)

    async def _send(self, claimed: MailRow) -> None:
        letter = open_row(self._envelope, claimed)
        message = compose(letter, sender=self._transport.sender, message_id=claimed.id, at=claimed.created_at)
        await self._transport.send(message)

    async def _settle_sent(self, claimed: MailRow) -> None:
        if self._transport.keeps:
            await self._settle(claimed, State.KEPT, claimed.created_at + KEPT_FOR, erase=False)
        else:
            await self._settle(claimed, State.SENT, self._clock.now() + RECORD_KEPT, erase=True)

    async def _settle_failed(self, claimed: MailRow, code: str, sentence: str, *, final: bool) -> None:
        now = self._clock.now()
        again = None if final else rules.next_try(claimed.attempts, claimed.good_until, now)
        facts = {"id": claimed.id, "project": claimed.project_id, "tries": claimed.attempts, "code": code}
        if again is None:
            _log.error("mail_given_up", **facts, reason=sentence)
            await self._settle(claimed, State.FAILED, now + RECORD_KEPT, erase=True)
        else:
            _log.warning("mail_delayed", **facts, reason=sentence)
            await self._settle(claimed, State.PENDING, again, erase=False)

    async def _give_up_stale(self, due: MailRow) -> None:
        claimed = await self._take(due)
        if claimed is not None:
            await self._settle_failed(claimed, "MAIL_STALE", "The letter ran out of tries or of time.", final=True)

    async def _settle(self, claimed: MailRow, state: State, due_at: Instant, *, erase: bool) -> None:
        async def unit(tx: Tx) -> bool:
            return await store.settle(tx, claimed, state, due_at, erase=erase)

        try:
            await self._database.write(unit)
        except EcrinError as error:  # the claim's lease runs out, and the letter goes again
            _log.warning("mail_not_settled", id=claimed.id, code=error.code)

    async def _claim_or_pause(self) -> MailRow | int:
        try:
            claimed = await self._claim()
            if claimed is not None:
                return claimed
            await self.sweep()
            due = await self._database.read(store.next_due)
        except EcrinError as error:
            _log.warning("mail_waits_for_storage", code=error.code)
            return POLL
        return POLL if due is None else min(POLL, max(SHORTEST_REST, due - self._clock.now()))

    async def _rest(self, stop: asyncio.Event, pause: int) -> None:
        waiters = [asyncio.create_task(event.wait()) for event in (self._bell, stop)]
        try:
            await asyncio.wait(waiters, timeout=pause / SECOND, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()

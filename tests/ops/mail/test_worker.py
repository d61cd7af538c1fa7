import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail.mailbox import Mailbox, MailboxTransport
from ecrin.ops.mail.smtp import SmtpTransport
from ecrin.ops.mail.worker import LEASE, RECORD_KEPT, MailWorker
from ecrin.testing.mailbox import SmtpSink

pytestmark = pytest.mark.filterwarnings("error")


@asynccontextmanager
async def running(worker: MailWorker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def arrived(sink: SmtpSink, count: int) -> Any:
    return asyncio.to_thread(sink.messages, expect=count)


async def test_a_sent_letter_is_marked_and_erased(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    assert await post.worker(transport).deliver_next()
    row = await post.row()
    assert len(sink.messages(to="ann@example.org")) == 1
    assert (row["state"], row["payload"], row["attempts"]) == ("sent", None, 1)


async def test_a_sent_letter_is_not_sent_again(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    worker = post.worker(transport)
    assert [await worker.deliver_next() for _ in range(3)] == [True, False, False]
    assert len(sink.messages()) == 1


async def test_a24_a_skipped_letter_is_never_sent_and_soon_gone(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post(deliver=False)
    worker = post.worker(transport)
    assert not await worker.deliver_next()
    post.clock.at += MINUTE
    assert await worker.sweep() == 1
    assert await post.rows() == []
    assert sink.messages() == []


async def test_a_letter_that_is_delayed_six_times_is_given_up_and_erased(  # type: ignore[no-untyped-def]
    post, sink: SmtpSink, transport: SmtpTransport
) -> None:
    sink.answers["ann@example.org"] = "451 4.3.0 later"
    await post.post()
    worker, waits = post.worker(transport), []
    while await worker.deliver_next():
        row = await post.row()
        waits.append(row["due_at"] - post.clock.at)
        post.clock.at = row["due_at"]
        assert (row["payload"] is None) == (row["state"] == "failed")
    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, RECORD_KEPT]
    assert (row["state"], row["attempts"]) == ("failed", 6)


async def test_a_delayed_letter_is_not_tried_before_its_time(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    sink.answers["ann@example.org"] = "451 4.3.0 later"
    await post.post()
    worker = post.worker(transport)
    await worker.deliver_next()
    sink.answers.clear()
    post.clock.at += MINUTE - 1
    assert not await worker.deliver_next()
    post.clock.at += 1
    assert await worker.deliver_next()
    assert len(sink.messages()) == 1


async def test_a_letter_refused_for_good_is_given_up_at_once(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    sink.answers["ann@example.org"] = "550 5.1.1 no such user"
    await post.post()
    await post.worker(transport).deliver_next()
    row = await post.row()
    assert (row["state"], row["payload"], row["attempts"]) == ("failed", None, 1)


async def test_a_letter_older_than_a_day_is_not_sent_any_more(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    post.clock.at += DAY
    assert not await post.worker(transport).deliver_next()
    row = await post.row()
    assert (row["state"], row["payload"]) == ("failed", None)
    assert sink.messages() == []


@pytest.mark.parametrize("good_for", [1, MINUTE, HOUR])
async def test_a_letter_is_not_sent_once_what_it_holds_has_run_out(  # type: ignore[no-untyped-def]
    post, sink: SmtpSink, transport: SmtpTransport, good_for: int
) -> None:
    await post.post(good_until=post.clock.at + good_for)
    await post.post(good_until=post.clock.at + good_for)
    worker = post.worker(transport)
    post.clock.at += good_for - 1
    assert await worker.deliver_next()
    post.clock.at += 1
    assert not await worker.deliver_next()
    rows = await post.rows()
    assert sorted(row["state"] for row in rows) == ["failed", "sent"]
    assert [row["payload"] for row in rows] == [None, None]
    assert len(sink.messages()) == 1


async def test_a_delayed_letter_is_given_up_where_its_next_try_would_come_too_late(  # type: ignore[no-untyped-def]
    post, sink: SmtpSink, transport: SmtpTransport
) -> None:
    sink.answers["ann@example.org"] = "451 4.3.0 later"
    await post.post(good_until=post.clock.at + HOUR)
    worker, tries = post.worker(transport), 0
    while await worker.deliver_next():
        tries += 1
        row = await post.row()
        post.clock.at = row["due_at"]
    assert (tries, row["state"], row["payload"]) == (4, "failed", None)


async def test_a_letter_under_another_key_is_tried_later_and_holds_nobody_up(post, sink: SmtpSink, transport) -> None:  # type: ignore[no-untyped-def]
    await post.post(recipient="lost@example.org")
    post.clock.at += 1
    await post.post()
    post.clock.at += 1
    other = Envelope({"k2": bytes(32)}, "k2")
    worker = MailWorker(post.database, other, transport, post.clock)
    assert await worker.deliver_next()
    assert [row["state"] for row in await post.rows()] == ["pending", "pending"]
    readable = post.worker(transport)
    assert await readable.deliver_next()
    assert len(sink.messages(to="ann@example.org")) == 1


async def test_the_log_names_neither_code_nor_address(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    sink.answers["ann@example.org"] = "550 5.1.1 <ann@example.org> unknown"
    await post.post()
    with structlog.testing.capture_logs() as log:
        await post.worker(transport).deliver_next()
    assert [entry["event"] for entry in log] == ["mail_given_up"]
    assert "ann@example.org" not in str(log)
    assert "s3cret-c0de" not in str(log)


async def test_a_claim_is_nobody_elses_until_its_lease_runs_out(post, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    first, second = post.worker(transport), post.worker(transport)
    assert await first._claim() is not None
    assert await second._claim() is None
    post.clock.at += LEASE
    assert await second._claim() is not None


async def test_of_many_workers_at_once_one_gets_the_letter(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    await asyncio.gather(*(post.worker(transport).deliver_next() for _ in range(20)))
    assert len(sink.messages()) == 1
    assert (await post.row())["attempts"] == 1


async def test_of_many_workers_at_once_one_gets_the_letter_of_a_dead_one(post, sink: SmtpSink, transport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    await post.worker(transport)._claim()
    post.clock.at += LEASE
    await asyncio.gather(*(post.worker(transport).deliver_next() for _ in range(20)))
    assert len(sink.messages()) == 1
    assert (await post.row())["attempts"] == 2


async def test_a_worker_whose_lease_ran_out_cannot_undo_the_next_ones_word(post, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    slow, quick = post.worker(transport), post.worker(transport)
    late = await slow._claim()
    post.clock.at += LEASE
    again = await quick._claim()
    await slow._settle_failed(late, "MAIL_UNDELIVERED", "too late", final=True)
    assert (await post.row())["state"] == "sending"
    await quick._settle_sent(again)
    await slow._settle_failed(late, "MAIL_UNDELIVERED", "too late", final=False)
    assert (await post.row())["state"] == "sent"


async def test_the_running_worker_sends_what_it_is_woken_for(post, sink: SmtpSink, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    worker = post.worker(transport)
    async with running(worker):
        for count in range(1, 9):
            await post.post()
            worker.wake()
            await arrived(sink, count)
    assert {row["state"] for row in await post.rows()} == {"sent"}


async def test_a_slow_letter_does_not_hold_up_the_others(post, sink: SmtpSink) -> None:  # type: ignore[no-untyped-def]
    hung = asyncio.Event()

    async def never_greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung.set()
        await reader.read()
        writer.close()

    class Either:
        sender, keeps = "no-reply@example.net", False

        async def send(self, message: Any) -> None:
            await (to_hang if "slow" in message["To"] else to_sink).send(message)

    async with await asyncio.start_server(never_greets, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        to_hang = SmtpTransport(Secret(f"smtp://127.0.0.1:{port}"), "no-reply@example.net")
        to_sink = SmtpTransport(Secret(sink.url), "no-reply@example.net")
        await post.post(recipient="slow@example.org")
        post.clock.at += 1
        await post.post()
        post.clock.at += 1
        task = asyncio.create_task(post.worker(Either()).run(asyncio.Event()))
        await arrived(sink, 1)
        assert hung.is_set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_running_worker_ends_when_it_is_told(post, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    stop = asyncio.Event()
    task = asyncio.create_task(post.worker(transport).run(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(task, 5)
    assert task.done()


async def test_records_of_sent_letters_go_after_a_week(post, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    worker = post.worker(transport)
    await worker.deliver_next()
    post.clock.at += RECORD_KEPT - 1
    assert await worker.sweep() == 0
    post.clock.at += 1
    assert await worker.sweep() == 1


async def test_in_dev_a_letter_stays_readable_for_an_hour(post, envelope: Envelope) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    worker, mailbox = post.worker(MailboxTransport()), Mailbox(post.database, envelope)
    await worker.deliver_next()
    post.clock.at += HOUR - 1
    (shown,) = await mailbox.letters(post.clock.at)
    assert (shown.recipient, shown.code) == ("ann@example.org", "s3cret-c0de")
    assert shown.subject == "Réinitialisez votre mot de passe pour Carnet"
    assert await worker.sweep() == 0
    post.clock.at += 1
    assert await mailbox.letters(post.clock.at) == []
    assert await worker.sweep() == 1


async def test_the_mailbox_shows_a_letter_before_the_worker_saw_it(post, envelope: Envelope) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    await post.post(deliver=False)
    assert len(await Mailbox(post.database, envelope).letters(post.clock.at)) == 1

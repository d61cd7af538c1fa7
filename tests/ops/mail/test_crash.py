"""At least once: the worker is killed between handing a letter over and saying so."""

import asyncio
import signal
import sys
from pathlib import Path

from ecrin.base.clock import SystemClock
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail.smtp import SmtpTransport
from ecrin.ops.mail.worker import LEASE, MailWorker
from ecrin.storage.sql.port import Database
from ecrin.testing.mailbox import SmtpSink

KILLED_WORKER = """
import asyncio, sys, time
from ecrin.base.clock import SystemClock
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail.smtp import SmtpTransport
from ecrin.ops.mail.worker import MailWorker
from ecrin.storage.sql.connect import open_database

class ThenHang(SmtpTransport):
    async def send(self, message):
        await super().send(message)
        print("handed over", flush=True)
        time.sleep(60)

async def main(database_url, smtp_url):
    database = await open_database(database_url)
    transport = ThenHang(Secret(smtp_url), "no-reply@example.net")
    await MailWorker(database, Envelope({"k1": bytes(range(32))}, "k1"), transport, SystemClock()).deliver_next()

asyncio.run(main(*sys.argv[1:]))
"""


async def killed_after_handing_over(database_url: str, smtp_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_WORKER, database_url, smtp_url, stdout=asyncio.subprocess.PIPE, cwd=Path("/")
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"handed over\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_a_letter_whose_worker_was_killed_goes_again_under_the_same_id(  # type: ignore[no-untyped-def]
    post, database: Database, database_url: str, envelope: Envelope, sink: SmtpSink
) -> None:
    post.clock.at = SystemClock().now()
    await post.post()
    await killed_after_handing_over(database_url, sink.url)
    row = await post.row()
    assert (row["state"], row["attempts"]) == ("sending", 1)
    assert row["payload"] is not None

    post.clock.at = row["due_at"]
    worker = MailWorker(database, envelope, SmtpTransport(Secret(sink.url), "no-reply@example.net"), post.clock)
    assert await worker.deliver_next()
    first, second = sink.messages(to="ann@example.org")
    assert first["Message-ID"] == second["Message-ID"]
    assert (await post.row())["state"] == "sent"


async def test_a_letter_that_kills_every_worker_is_given_up(post, transport: SmtpTransport) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    for _ in range(6):
        assert await post.worker(transport)._claim() is not None
        post.clock.at += LEASE
    assert await post.worker(transport)._claim() is None
    row = await post.row()
    assert (row["state"], row["payload"]) == ("failed", None)

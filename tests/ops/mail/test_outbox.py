import pytest

from ecrin.crypto.envelope import Envelope
from ecrin.errors import CryptoError
from ecrin.ops.mail.model import MailRow, State
from ecrin.ops.mail.outbox import open_row
from ecrin.storage.sql.port import Tx, Value


class Recorder:
    """Writes down what a transaction is asked to do."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.asked: list[tuple[str, dict[str, Value]]] = []

    async def run(self, sql: str, /, **values: Value) -> int:
        self.asked.append((sql, values))
        return await self._tx.run(sql, **values)


async def test_a_posted_letter_lies_sealed_in_its_row(post, envelope: Envelope) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    row = await post.row()
    assert row["state"] == "pending"
    assert b"ann@example.org" not in row["payload"]
    assert b"s3cret-c0de" not in row["payload"]
    assert open_row(envelope, MailRow(**(row | {"state": State.PENDING}))).recipient == "ann@example.org"


async def test_a_payload_moved_to_another_row_does_not_open(post, envelope: Envelope) -> None:  # type: ignore[no-untyped-def]
    await post.post()
    row = await post.row()
    with pytest.raises(CryptoError):
        open_row(envelope, MailRow(**(row | {"state": State.PENDING, "id": "another"})))


async def test_a_letter_of_a_transaction_that_fails_does_not_exist(post, letter) -> None:  # type: ignore[no-untyped-def]
    async def unit(tx: Tx) -> None:
        await post.outbox.post(tx, letter(), post.clock.now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await post.database.write(unit)
    assert await post.rows() == []


async def test_a24_a_letter_that_is_not_delivered_costs_the_same_statement_and_bytes(post, letter) -> None:  # type: ignore[no-untyped-def]
    async def unit(tx: Tx) -> list[tuple[str, dict[str, Value]]]:
        recorder = Recorder(tx)
        for deliver in (True, False):
            await post.outbox.post(recorder, letter(deliver=deliver), post.clock.now())  # type: ignore[arg-type]
        return recorder.asked

    (sql, sent), (other_sql, skipped) = await post.database.write(unit)
    assert sql == other_sql
    assert {name: type(value) for name, value in sent.items()} == {name: type(value) for name, value in skipped.items()}
    assert len(sent["payload"]) == len(skipped["payload"])
    assert (sent["state"], skipped["state"]) == ("pending", "skipped")

"""The outbox: a letter becomes a sealed row in the transaction of its cause, so neither exists without the other."""

from ecrin.base.clock import MINUTE, Instant
from ecrin.base.ids import alphanumeric
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail import rules, store
from ecrin.ops.mail.model import Letter, MailRow, State
from ecrin.storage.sql.port import Tx

ID_LENGTH = 24
SKIPPED_FOR = MINUTE  # long enough that erasing it does not coincide with the reply


class Outbox:
    """Writes letters; `MailWorker` sends them. Wake the worker after the transaction, or it finds them by itself."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    async def post(self, tx: Tx, letter: Letter, now: Instant) -> None:
        """Store a letter inside the caller's transaction.

        One that is not to be delivered is sealed and stored by the same statement, in the state `skipped` (attack A24).
        """
        row_id = alphanumeric(ID_LENGTH)
        payload = self._envelope.seal(letter.to_bytes(), table="mail", row=row_id, column="payload")
        state, due_at = (State.PENDING, now) if letter.deliver else (State.SKIPPED, now + SKIPPED_FOR)
        until = rules.last_moment(now, letter.good_until)
        await store.insert(tx, MailRow(row_id, letter.project_id, state, payload, 0, due_at, now, until))


def open_row(envelope: Envelope, row: MailRow) -> Letter:
    """Return the letter of a row that is not erased; raises `CryptoError` if it is not this row's."""
    data = envelope.unseal(row.payload or b"", table="mail", row=row.id, column="payload")
    return Letter.from_bytes(row.project_id, data)

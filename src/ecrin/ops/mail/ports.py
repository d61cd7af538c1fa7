"""What the worker needs from outside."""

from email.message import EmailMessage
from typing import Protocol


class Transport(Protocol):
    """Takes a finished message to its reader.

    `sender` is the From address. `keeps` says that the reader finds the letter in the outbox itself, so that it must
    not be erased yet.
    """

    sender: str
    keeps: bool

    async def send(self, message: EmailMessage) -> None:
        """Return once the message is handed over; raises `MailUndelivered` (later) or `MailRejected` (never)."""
        ...

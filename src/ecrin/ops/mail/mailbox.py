"""The mailbox of `ecrin dev`: no mail leaves the machine; letters stay readable in the outbox for an hour."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from ecrin.base.clock import HOUR, Instant
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail import store
from ecrin.ops.mail.compose import render
from ecrin.ops.mail.model import MailRow
from ecrin.ops.mail.outbox import open_row
from ecrin.storage.sql.port import Database

KEPT_FOR = HOUR
MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter as the mailbox shows it; `code` is the `oobCode` of the link, or ""."""

    id: str
    project_id: str
    template: str
    recipient: str
    subject: str
    link: str = field(repr=False)
    code: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    at: Instant


class MailboxTransport:
    """Takes every message and sends none: the worker leaves the row readable."""

    keeps = True
    sender = "ecrin@localhost"

    async def send(self, message: EmailMessage) -> None:
        """Do nothing."""


class Mailbox:
    """Reads the letters that are not erased. For development only: it shows codes."""

    def __init__(self, database: Database, envelope: Envelope) -> None:
        self._database = database
        self._envelope = envelope

    async def letters(self, now: Instant) -> list[KeptLetter]:
        """Return the letters of the last hour, the newest first, at most 100."""
        rows = await self._database.read(lambda tx: store.readable(tx, now - KEPT_FOR, MAX_SHOWN))
        return [self._shown(row) for row in rows]

    def _shown(self, row: MailRow) -> KeptLetter:
        letter = open_row(self._envelope, row)
        rendered = render(letter)
        link = letter.values["link"]
        code = parse_qs(urlsplit(link).query).get("oobCode", [""])[0]
        return KeptLetter(
            id=row.id,
            project_id=row.project_id,
            template=letter.template,
            recipient=letter.recipient,
            subject=rendered.subject,
            link=link,
            code=code,
            text=rendered.text,
            html=rendered.html,
            at=row.created_at,
        )

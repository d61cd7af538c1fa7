"""Carries the letters of out-of-band codes: the port `ecrin.auth.outofband.ports.Courier`, over the outbox."""

from ecrin.auth.errors import OperationNotAllowed
from ecrin.auth.outofband.model import Purpose
from ecrin.auth.outofband.ports import CodeLetter
from ecrin.base.clock import Instant
from ecrin.base.messages import choose
from ecrin.ops.mail.model import Letter, Template
from ecrin.ops.mail.outbox import Outbox
from ecrin.ops.mail.worker import MailWorker
from ecrin.storage.sql.port import Tx

TEMPLATES: dict[Purpose, Template] = {
    Purpose.VERIFY_EMAIL: "verify_email",
    Purpose.PASSWORD_RESET: "reset_password",
    Purpose.EMAIL_SIGNIN: "email_sign_in",
    Purpose.VERIFY_AND_CHANGE_EMAIL: "verify_and_change_email",
    Purpose.RECOVER_EMAIL: "recover_email",
}


class MailCourier:
    """Posts letters to the outbox and wakes its worker."""

    def __init__(self, outbox: Outbox, worker: MailWorker) -> None:
        self._outbox = outbox
        self._worker = worker

    async def post(self, tx: Tx, letter: CodeLetter, now: Instant) -> None:
        """Store the letter in the caller's transaction."""
        values = {"link": letter.link, "email": letter.email, "project_name": letter.project_name}
        if letter.new_email is not None:
            values["new_email"] = letter.new_email
        template, locale = TEMPLATES[letter.purpose], choose(letter.locale)
        posted = Letter(
            letter.project_id, letter.recipient, template, locale, values, letter.deliver, letter.good_until
        )
        await self._outbox.post(tx, posted, now)

    def wake(self) -> None:
        """Say that letters were committed."""
        self._worker.wake()


class NoCourier:
    """Where no mail server is set up, whatever needs a mail is refused, and said so."""

    async def post(self, tx: Tx, letter: CodeLetter, now: Instant) -> None:
        """Refuse."""
        raise OperationNotAllowed(
            "This server has no way to send mail.", hint="The operator sets ECRIN_SMTP_URL and ECRIN_MAIL_FROM."
        )

    def wake(self) -> None:
        """Do nothing: nothing was posted."""

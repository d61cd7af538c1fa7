"""Why a letter did not leave. No message here holds an address, a code or a password."""

from ecrin.errors import EcrinError


class MailUndelivered(EcrinError):
    """The letter could not be handed over now; the worker tries again."""

    code = "MAIL_UNDELIVERED"
    status = 503
    sentence = "The mail server did not take the letter; it is tried again later."
    hint = "Check ECRIN_SMTP_URL, the mail server and its certificate."


class MailRejected(EcrinError):
    """The mail server refused this letter for good (RFC 5321 §4.2.1, a 5yz reply); it is not tried again."""

    code = "MAIL_REJECTED"
    status = 502
    sentence = "The mail server refused the letter for good."
    hint = "The address may not exist, or the mail server may not relay for ECRIN_MAIL_FROM."

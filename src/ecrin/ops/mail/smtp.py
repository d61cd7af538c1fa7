"""SMTP (RFC 5321), by a relay that the operator names.

    smtps://user:password@host:465             TLS from the first byte (RFC 8314 §3.3)
    smtp+starttls://user:password@host:587     TLS by STARTTLS, or nothing is sent (RFC 3207)
    smtp://host:25                             no TLS: for a relay on this machine or a private network

Certificates are always verified. Over plain `smtp` a password goes to this machine only: a scheme that looks like the
usual one must not send it in clear through a network. No error here holds the password or what the server said.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError
from ecrin.ops.mail.compose import parse_sender
from ecrin.ops.mail.errors import MailRejected, MailUndelivered

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STEP_SECONDS = 20.0  # one reply of the server
SEND_SECONDS = 60.0  # a whole letter; shorter than the worker's lease
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


@dataclass(frozen=True, slots=True)
class Relay:
    """What an SMTP URL says. Raises `ConfigurationError` when parsed from something else."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: Secret[str]) -> "Relay":
        """Return the relay that the URL names; user and password are percent-decoded."""
        try:
            parts = urlsplit(url.reveal())
            port = parts.port
        except ValueError:
            raise _unusable() from None
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise _unusable()
        username, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        if (username is None) != (password is None):
            raise _unusable("ECRIN_SMTP_URL has a user without a password, or the reverse.")
        if username and parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
            raise _unusable("ECRIN_SMTP_URL would send a password in clear over the network.")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], username, password)


class SmtpTransport:
    """Hands letters to a relay, a connection a letter.

    `tls` replaces the system's trust store for a relay with a private authority (so does `SSL_CERT_FILE`). Raises
    `ConfigurationError` for a URL or a sender that is not one.
    """

    keeps = False

    def __init__(self, url: Secret[str], sender: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._relay = Relay.parse(url)
        self._address = parse_sender(sender)
        self._tls = tls or ssl.create_default_context()
        self.sender = sender

    async def send(self, message: EmailMessage) -> None:
        """Return once the relay has taken the message over.

        Raises `MailRejected` for a 5yz answer to the recipient or the data, or an address the relay cannot carry, and
        `MailUndelivered` for everything that may be otherwise later: connection, TLS, credentials, 4yz, silence.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(message)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _by_code(refused.recipients[0]) from None
        except aiosmtplib.SMTPDataError as refused:
            raise _by_code(refused) from None
        except aiosmtplib.SMTPNotSupported:
            raise MailRejected("The mail server cannot carry this address (no SMTPUTF8).") from None
        except aiosmtplib.SMTPResponseException as refused:
            raise MailUndelivered(f"The mail server answered {_codes(refused)} ({type(refused).__name__}).") from None
        except ssl.SSLCertVerificationError as untrusted:
            raise _untrusted(untrusted) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise _untrusted(cause) from None
            raise MailUndelivered(f"The mail server could not be reached ({type(error).__name__}).") from None

    async def _send(self, message: EmailMessage) -> None:
        relay = self._relay
        await aiosmtplib.send(
            message,
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            local_hostname=self._address.domain,
            timeout=STEP_SECONDS,
            use_tls=relay.scheme == "smtps",
            start_tls=relay.scheme == "smtp+starttls",
            tls_context=self._tls,
        )


def _by_code(refused: aiosmtplib.SMTPResponseException) -> MailRejected | MailUndelivered:
    sentence = f"The mail server answered {_codes(refused)}."
    return MailRejected(sentence) if refused.code >= 500 else MailUndelivered(sentence)


def _codes(refused: aiosmtplib.SMTPResponseException) -> str:
    enhanced = _ENHANCED.search(refused.message)
    return f"{refused.code} {enhanced[0]}" if enhanced else str(refused.code)


def _untrusted(error: ssl.SSLCertVerificationError) -> MailUndelivered:
    return MailUndelivered(f"The certificate of the mail server is not trusted: {error.verify_message}.")


def _unusable(sentence: str = "ECRIN_SMTP_URL is not an SMTP URL.") -> ConfigurationError:
    return ConfigurationError(sentence, hint="Write smtps://user:password@host or smtp+starttls://user:password@host.")

"""From a letter to a message: subject, text and HTML from the catalogues, headers that cannot be injected (A26).

Pure: the same row gives the same words, Message-ID and Date (RFC 5322 §3.6), so that a letter which is sent twice after
a crash can be recognised as one. Auto-Submitted after RFC 3834 §5.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from importlib import resources

import idna
from jinja2 import Environment, StrictUndefined, Template

from ecrin.base.clock import SECOND, Instant
from ecrin.base.messages import choose, text
from ecrin.errors import ConfigurationError, InvalidRequest
from ecrin.ops.mail.model import Letter

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in words. All of it may hold the code."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def render(letter: Letter) -> Rendered:
    """Return the letter in its language, as plain text and as HTML with every value escaped (A29)."""
    words = _words(letter)
    paragraphs = ("greeting", "lead", "link", "once", "note", "automatic")
    plain = "\n\n".join(words[name] for name in paragraphs) + "\n"
    return Rendered(words["subject"], plain, _html().render(words))


def compose(letter: Letter, *, sender: str, message_id: str, at: Instant) -> EmailMessage:
    """Return the message; `message_id` is the part before the @, `sender` an address with or without a name.

    A sender without a name is shown under the project's. Raises `InvalidRequest` for a recipient whose domain has no
    ASCII form and `ConfigurationError` for a sender that is not an address.
    """
    rendered = render(letter)
    source = parse_sender(sender)
    message = EmailMessage(policy=SMTP)
    name = source.display_name or one_line(letter.values["project_name"])
    message["From"] = Address(name, source.username, source.domain)
    message["To"] = _recipient(letter.recipient)
    message["Subject"] = rendered.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(at // SECOND, UTC))
    message["Message-ID"] = f"<{message_id}@{source.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = choose(letter.locale)  # last: setting contents drops such headers
    return message


def parse_sender(sender: str) -> Address:
    """Return the From address of `name@host` or `Name <name@host>`; raises `ConfigurationError`."""
    header = SMTP.header_factory("From", sender) if sender.isprintable() else None
    addresses: tuple[Address, ...] = header.addresses if header and not header.defects else ()
    if len(addresses) != 1 or not addresses[0].domain or not addresses[0].addr_spec.isascii():
        raise ConfigurationError("ECRIN_MAIL_FROM is not an address.", hint="Write name@host or Name <name@host>.")
    return addresses[0]


def one_line(name: str) -> str:
    """Return a name without line ends, control characters and other things that do not print, at most 100 long."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:MAX_NAME]


def _words(letter: Letter) -> dict[str, str]:
    values = {name: one_line(value) for name, value in letter.values.items() if name != "link"}
    common = {name: f"mail.common.{name}" for name in ("greeting", "button_fallback", "once", "automatic")}
    own = {name: f"mail.{letter.template}.{name}" for name in ("subject", "lead", "action", "note")}
    words = {name: text(key, letter.locale, **values) for name, key in (common | own).items()}
    chrome = {"link": letter.values["link"], "locale": choose(letter.locale), "project_name": values["project_name"]}
    return words | chrome


def _recipient(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise InvalidRequest("The domain of the address has no ASCII form.") from None
    return Address(username=local, domain=domain)


@cache
def _html() -> Template:
    source = resources.files(__package__).joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)

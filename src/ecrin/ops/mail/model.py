"""A letter, before it has a language and a shape. A value that exists cannot inject a header (attack A26)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from ecrin.base.clock import Instant
from ecrin.errors import InvalidRequest

Template = Literal["verify_email", "reset_password", "email_sign_in", "verify_and_change_email", "recover_email"]

MAX_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
MAX_LINK = 8192
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,:;\"]+@[^\s@<>()\[\]\\,:;\"]+")
_LINK = re.compile(r"[!-~]+")


class State(StrEnum):
    """Where a row stands; in every state `due_at` says when something has to be done with it."""

    PENDING = "pending"  # to be sent at due_at
    SENDING = "sending"  # claimed until due_at; after that its sender is taken for dead
    SENT = "sent"  # erased; the row goes at due_at
    FAILED = "failed"  # erased; the row goes at due_at
    SKIPPED = "skipped"  # stored like a letter, never sent; the row goes at due_at
    KEPT = "kept"  # readable in the mailbox of `ecrin dev` until due_at


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said, to whom, in which language, and until when (`good_until`) it is of any use.

    `values` has `link`, `email`, `project_name` and, for a change of address, `new_email`. A letter with
    `deliver=False` is stored and never sent, so that known and unknown addresses cost the same work (attack A24).

    Raises `InvalidRequest` for an unknown template, an address that is not one plain address, or a link that is not
    http(s) in printable ASCII. Neither addresses nor link show in its `repr`: the link holds a code.
    """

    project_id: str
    recipient: str = field(repr=False)
    template: Template
    locale: str
    values: Mapping[str, str] = field(repr=False)
    deliver: bool = True
    good_until: Instant | None = None

    def __post_init__(self) -> None:
        if self.template not in get_args(Template):
            raise InvalidRequest("There is no such letter.")
        for address in (self.recipient, self.values["email"], self.values.get("new_email", self.recipient)):
            _check_address(address)
        _check_link(self.values["link"])

    def to_bytes(self) -> bytes:
        """Return what is sealed into the row; what is about its way stands beside it."""
        members = {"to": self.recipient, "template": self.template, "locale": self.locale, "values": dict(self.values)}
        return json.dumps(members, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, project_id: str, data: bytes) -> "Letter":
        """Return the letter of an unsealed payload."""
        members: dict[str, Any] = json.loads(data)
        return cls(project_id, members["to"], members["template"], members["locale"], members["values"])


@dataclass(frozen=True, slots=True)
class MailRow:
    """A row of the outbox; `payload` is sealed, and None once it is erased."""

    id: str
    project_id: str
    state: State
    payload: bytes | None = field(repr=False)
    attempts: int
    due_at: Instant
    created_at: Instant
    good_until: Instant


def _check_address(address: str) -> None:
    if len(address) > MAX_ADDRESS or not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise InvalidRequest("A letter needs one plain e-mail address.")


def _check_link(link: str) -> None:
    fits = len(link) <= MAX_LINK and _LINK.fullmatch(link)
    if not fits or not link.lower().startswith(("http://", "https://")) or not urlsplit(link).netloc:
        raise InvalidRequest("A letter needs an absolute http(s) link.")

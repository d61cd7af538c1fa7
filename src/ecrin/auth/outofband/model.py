"""A code's record, frozen; the code itself is shown once and kept as a keyed hash."""

from dataclasses import dataclass, field
from enum import StrEnum

from ecrin.base.clock import Instant
from ecrin.base.secret import Secret


class Purpose(StrEnum):
    """What a code is for; it is good for nothing else."""

    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105
    VERIFY_EMAIL = "VERIFY_EMAIL"
    EMAIL_SIGNIN = "EMAIL_SIGNIN"
    VERIFY_AND_CHANGE_EMAIL = "VERIFY_AND_CHANGE_EMAIL"
    RECOVER_EMAIL = "RECOVER_EMAIL"


@dataclass(frozen=True, slots=True)
class Code:
    """The record of a code. `account_id` is None where the address has no account (yet)."""

    hash: bytes
    project_id: str
    account_id: str | None
    purpose: Purpose
    email: str
    new_email: str | None
    continue_url: str | None
    created_at: Instant
    expires_at: Instant
    used_at: Instant | None = None
    readable: Secret[str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code that is good tells its holder."""

    purpose: Purpose
    project_id: str
    email: str
    new_email: str | None
    continue_url: str | None


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code on its way: the address, and for those who may see them the code and its link."""

    email: str
    code: Secret[str]
    link: Secret[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a mail is asked for: `locale` as the client named it, `api_key` the key that the link carries."""

    purpose: Purpose
    locale: str = ""
    api_key: str = ""
    continue_url: str | None = None
    new_email: str | None = None

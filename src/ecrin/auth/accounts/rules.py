"""What an account may look like, and what a change to it does. Pure: state in, state or a refusal out."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import TypedDict

from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.errors import (
    ClaimsTooLarge,
    ForbiddenClaim,
    InvalidClaims,
    InvalidDisplayName,
    InvalidEmail,
    InvalidLocalId,
    InvalidPhoneNumber,
    InvalidPhotoUrl,
    MissingProviderId,
    MissingRawId,
)
from ecrin.base.clock import Instant, seconds
from ecrin.base.encoding import strict_json
from ecrin.base.secret import Secret
from ecrin.crypto.jose.strict import MAX_CLAIMS_DEPTH, nested_deeper
from ecrin.errors import InvalidRequest

MAX_CLAIMS = 1000
MAX_EMAIL = 254
MAX_LOCAL_ID = 128
MAX_NAME = 256
MAX_URL = 2048
RESERVED_CLAIMS = frozenset(
    "iss aud sub iat exp nbf jti nonce azp acr amr cnf auth_time firebase at_hash c_hash".split()
)
_TEXT = r"[^@\s<>,;:\"()\[\]\\]+"
_EMAIL = re.compile(f"{_TEXT}@{_TEXT}")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)


class Changes(TypedDict, total=False):
    """Fields of an account that change; one that is absent stays."""

    email: str | None
    email_verified: bool
    email_link_signin: bool
    phone_number: str | None
    display_name: str | None
    photo_url: str | None
    disabled: bool
    custom_auth: bool
    claims: str
    identities: tuple[Identity, ...]
    password: Secret[str] | None
    valid_since: int
    created_at: Instant
    last_login_at: Instant | None


def normal_email(text: str) -> str:
    """Return an address as it is stored and compared: NFKC, lower case, and NFKC again, as lower case can undo it.

    Raises `InvalidEmail` unless it is text, one "@", text, without white space, controls or the specials of RFC 5322
    §3.2.3, which would let one address be two in a mail's header (attacks A22, A26).
    """
    email = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).lower())
    if len(email) > MAX_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InvalidEmail
    return email


def checked_phone(text: str) -> str:
    """Return a phone number in E.164 form; raises `InvalidPhoneNumber`."""
    if not _PHONE.fullmatch(text):
        raise InvalidPhoneNumber("Invalid format.")
    return text


def checked_local_id(text: str) -> str:
    """Return a user id of 1 to 128 printable characters; raises `InvalidLocalId`."""
    if not 1 <= len(text) <= MAX_LOCAL_ID or not text.isprintable():
        raise InvalidLocalId
    return text


def checked_display_name(text: str) -> str | None:
    """Return a name, or None for an empty one; raises `InvalidDisplayName`."""
    if len(text) > MAX_NAME:
        raise InvalidDisplayName
    return text or None


def checked_photo_url(text: str) -> str | None:
    """Return an address of a photo, or None for an empty one.

    Raises `InvalidPhotoUrl` for anything but http(s): a page that shows it must not run it (attack A29).
    """
    if text and (len(text) > MAX_URL or not _URL.fullmatch(text)):
        raise InvalidPhotoUrl
    return text or None


def checked_claims(text: str) -> str:
    """Return custom claims as JSON text, or "" for none; they nest no deeper than a token can carry.

    Raises `ClaimsTooLarge`, `InvalidClaims`, `ForbiddenClaim`.
    """
    if len(text) > MAX_CLAIMS:
        raise ClaimsTooLarge
    try:
        claims = strict_json(text.encode()) if text else {}
    except (InvalidRequest, UnicodeEncodeError):
        raise InvalidClaims from None
    if not isinstance(claims, dict) or nested_deeper(text.encode(), MAX_CLAIMS_DEPTH):
        raise InvalidClaims
    forbid_reserved(claims)
    return json.dumps(claims, separators=(",", ":"), ensure_ascii=False) if claims else ""


def forbid_reserved(claims: dict[str, object]) -> None:
    """Raise `ForbiddenClaim` if a claim has a name that the token itself needs."""
    for name in claims:
        if name in RESERVED_CLAIMS:
            raise ForbiddenClaim(name)


def checked_identity(identity: Identity) -> Identity:
    """Return an identity that names its provider and its user; raises `MissingProviderId`, `MissingRawId`."""
    if not identity.provider_id:
        raise MissingProviderId
    if not identity.raw_id:
        raise MissingRawId
    return identity


def linked(account: Account, identity: Identity) -> tuple[Identity, ...]:
    """Return the account's identities with one added, in the place of the one it had at that provider."""
    others = tuple(i for i in account.identities if i.provider_id != identity.provider_id)
    return (*others, checked_identity(identity))


def unlinked(account: Account, provider_ids: frozenset[str]) -> Changes:
    """Return the changes that take providers away from an account; "password" and "phone" are providers too.

    The address goes with the password, as in the emulator: it is what names the user there.
    """
    changes = Changes()
    kept = tuple(i for i in account.identities if i.provider_id not in provider_ids)
    if kept != account.identities:
        changes["identities"] = kept
    if "password" in provider_ids:
        changes["email"] = None
        changes["email_link_signin"] = False
        changes["password"] = None
    if "phone" in provider_ids:
        changes["phone_number"] = None
    return changes


def without(changes: Changes, attributes: frozenset[str]) -> Changes:
    """Return changes that remove these attributes too; names as the protocol has them."""
    if "DISPLAY_NAME" in attributes:
        changes["display_name"] = None
    if "PHOTO_URL" in attributes:
        changes["photo_url"] = None
    if "PASSWORD" in attributes:
        changes["password"] = None
    if "EMAIL" in attributes:
        changes["email"] = None
    return changes


def changed(account: Account, changes: Changes, now: Instant) -> tuple[Account, tuple[str, ...]]:
    """Return the account after changes, with the names of the fields that differ.

    A new password or e-mail address ends what was issued before: `valid_since` moves to now (protocol sheet §2.3) and
    never back, and it is named even if it moved within this very second already. The first address an account had is
    kept as `initial_email`. A new address is unverified unless the change says so.
    """
    after = replace(account, **changes)
    if after.email != account.email:
        after = replace(after, initial_email=account.initial_email or account.email)
        if "email_verified" not in changes:
            after = replace(after, email_verified=False)
    if after.password != account.password:
        after = replace(after, password_updated_at=now if after.password else None)
    revoked = "valid_since" in changes
    if reissues(account, after) and not revoked:
        after = replace(after, valid_since=max(seconds(now), account.valid_since or 0))
        revoked = True
    return after, _differences(account, after, revoked=revoked)


def reissues(before: Account, after: Account) -> bool:
    """Return whether a change ends what was issued before, so that new tokens are due.

    Taking a password or an address away does not: the SDKs unlink without taking new tokens.
    """
    password = after.password is not None and after.password != before.password
    return password or (after.email is not None and after.email != before.email)


def _differences(before: Account, after: Account, *, revoked: bool) -> tuple[str, ...]:
    fields = Account.__dataclass_fields__
    differ = {name for name in fields if getattr(before, name) != getattr(after, name)}
    return tuple(name for name in fields if name in differ or (revoked and name == "valid_since"))

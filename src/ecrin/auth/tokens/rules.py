"""The claims of ID tokens and session cookies (protocol sheet §2.1, §2.5) and of custom tokens (§2.4). Pure."""

import json
from collections.abc import Mapping
from typing import Any

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import MAX_LOCAL_ID, RESERVED_CLAIMS, forbid_reserved
from ecrin.auth.errors import (
    CredentialTooOld,
    InvalidClaims,
    InvalidCustomToken,
    InvalidDuration,
    MissingIdentifier,
    NotServed,
    TokenExpired,
    UserDisabled,
)
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens.model import COOKIE_LIFETIME_DEFAULT, COOKIE_LIFETIME_MIN, ID_TOKEN_LIFETIME, Verified
from ecrin.base.clock import Instant, seconds

CUSTOM_TOKEN_AUDIENCE = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"  # noqa: S105
RECENT_SIGN_IN = 300


def issuer(project_id: str) -> str:
    """Return the issuer of a project's ID tokens."""
    return f"https://securetoken.google.com/{project_id}"


def cookie_issuer(project_id: str) -> str:
    """Return the issuer of a project's session cookies."""
    return f"https://session.firebase.google.com/{project_id}"


def id_token_claims(account: Account, session: Session, now: Instant) -> dict[str, Any]:
    """Return the claims of an ID token; the later ones win over the earlier ones, and absent values are left out."""
    claims: dict[str, Any] = {}
    _put(claims, name=account.display_name, picture=account.photo_url)
    claims |= _object(account.claims)
    claims |= _object(session.claims)
    for reserved in RESERVED_CLAIMS:
        claims.pop(reserved, None)
    if account.email is not None:
        claims |= {"email": account.email, "email_verified": account.email_verified}
    _put(claims, phone_number=account.phone_number)
    if session.provider == "anonymous":
        claims["provider_id"] = "anonymous"
    issued = seconds(now)
    return claims | {
        "iss": issuer(account.project_id),
        "aud": account.project_id,
        "auth_time": session.auth_time,
        "user_id": account.id,
        "sub": account.id,
        "iat": issued,
        "exp": issued + ID_TOKEN_LIFETIME,
        "firebase": {"identities": _identities(account), "sign_in_provider": session.provider},
    }


def cookie_claims(claims: Mapping[str, Any], project_id: str, now: Instant, lifetime: int | None) -> dict[str, Any]:
    """Return the claims of a session cookie made from an ID token's; `lifetime` is in seconds.

    Raises `InvalidDuration` unless it is five minutes to two weeks.
    """
    lifetime = COOKIE_LIFETIME_DEFAULT if lifetime is None else lifetime
    if not COOKIE_LIFETIME_MIN <= lifetime <= COOKIE_LIFETIME_DEFAULT:
        raise InvalidDuration
    issued = seconds(now)
    return {**claims, "iss": cookie_issuer(project_id), "iat": issued, "exp": issued + lifetime}


def complete(claims: Mapping[str, Any]) -> bool:
    """Return whether an ID token says what is read from it; in `ecrin dev` anybody may have written it."""
    firebase = claims.get("firebase")
    provider = firebase.get("sign_in_provider") if isinstance(firebase, dict) else None
    subject, auth_time = claims.get("sub"), claims.get("auth_time")
    return isinstance(subject, str) and isinstance(auth_time, int) and isinstance(provider, str)


def usable(claims: Mapping[str, Any], account: Account) -> Verified:
    """Return an ID token with its account if both still stand; raises `UserDisabled`, `TokenExpired`."""
    if account.disabled:
        raise UserDisabled
    if account.valid_since is not None and claims["iat"] < account.valid_since:
        raise TokenExpired
    return Verified(claims, account)


def require_recent(verified: Verified, now: Instant) -> None:
    """Raise `CredentialTooOld` if the user proved who they are more than five minutes ago."""
    if seconds(now) - verified.auth_time > RECENT_SIGN_IN:
        raise CredentialTooOld


def custom_token(claims: Mapping[str, Any]) -> tuple[str, str]:
    """Return the user id and the session claims (JSON text, or "") of a custom token that is verified.

    Raises `MissingIdentifier`, `InvalidCustomToken`, `InvalidClaims`, `ForbiddenClaim`, and `NotServed` for a tenant's
    user, who must never be taken for one of the project's own.
    """
    if claims.get("tenant_id"):
        raise NotServed("Tenants are not served by this version.")
    uid = claims.get("uid", claims.get("user_id"))
    if not uid:
        raise MissingIdentifier
    if not isinstance(uid, str) or len(uid) > MAX_LOCAL_ID or not uid.isprintable():
        raise InvalidCustomToken("The uid must be text of 1 to 128 printable characters.")
    extra = {} if claims.get("claims") is None else claims["claims"]
    if not isinstance(extra, dict):
        raise InvalidClaims
    forbid_reserved(extra)
    return uid, json.dumps(extra) if extra else ""


def _identities(account: Account) -> dict[str, list[str]]:
    identities: dict[str, list[str]] = {}
    if account.email is not None:
        identities["email"] = [account.email]
    for identity in account.identities:
        identities.setdefault(identity.provider_id, []).append(identity.raw_id)
    if account.phone_number is not None:
        identities["phone"] = [account.phone_number]
    return identities


def _object(text: str) -> dict[str, Any]:
    return dict(json.loads(text)) if text else {}


def _put(claims: dict[str, Any], **values: str | None) -> None:
    claims.update({name: value for name, value in values.items() if value is not None})

"""What a sign-in hands out, and what a token that was handed in says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrin.auth.accounts.model import Account
from ecrin.auth.sessions.model import Session
from ecrin.base.secret import Secret

ID_TOKEN_LIFETIME = 3600
COOKIE_LIFETIME_DEFAULT = 14 * 86400
COOKIE_LIFETIME_MIN = 300


@dataclass(frozen=True, slots=True)
class Tokens:
    """An ID token, the refresh token of its session, and the ID token's lifetime in seconds."""

    id_token: Secret[str]
    refresh_token: Secret[str]
    expires_in: int = ID_TOKEN_LIFETIME


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that is committed."""

    account: Account
    session: Session
    tokens: Tokens
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """An ID token that is good now: its claims and its account."""

    claims: Mapping[str, Any]
    account: Account

    @property
    def auth_time(self) -> int:
        """Return when the user proved who they are, in seconds since the epoch."""
        return int(self.claims["auth_time"])

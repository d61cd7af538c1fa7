"""A token's record, frozen; the token itself is shown once and never kept."""

from dataclasses import dataclass
from enum import StrEnum

from ecrin.base.clock import Instant
from ecrin.governance.callers import Caller, Kind, Scope


class TokenKind(StrEnum):
    """Whose token it is."""

    OPERATOR = "operator"
    CI = "ci"


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an operator or of CI. `expires_at` None means that it lasts until it is revoked."""

    id: str
    kind: TokenKind
    name: str
    scopes: tuple[Scope, ...]
    created_by: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None = None

    def valid(self, now: Instant) -> bool:
        """Return whether the token still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def caller(self) -> Caller:
        """Return the caller that this token proves."""
        return Caller(Kind.OPERATOR, f"{self.kind}:{self.id}", scopes=self.scopes, expires_at=self.expires_at)

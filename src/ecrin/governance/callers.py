"""Callers and scopes: what a credential that was presented allows. Pure rules; the default answer is no.

A scope is `PROJECT:VERB`, where PROJECT is a project id or `*` for the whole instance and VERB is `read`, `write`
(which includes read) or `all` (which includes write and everything else).
"""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ecrin.base.clock import Instant
from ecrin.errors import InvalidRequest, PermissionDenied

INSTANCE = "*"
_SCOPE = re.compile(r"(?P<project>\*|[a-z][a-z0-9-]{2,39}):(?P<verb>read|write|all)")


class Verb(IntEnum):
    """What a scope allows; a greater one includes the smaller ones."""

    READ = 1
    WRITE = 2
    ALL = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """A project (or `*`) and what may be done in it."""

    project: str
    verb: Verb

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Return the scope that `PROJECT:VERB` spells; raises `InvalidRequest` for anything else."""
        found = _SCOPE.fullmatch(text)
        if found is None:
            raise InvalidRequest(f"'{text[:60]}' is not a scope.", hint="Write PROJECT:read, PROJECT:write, or *:all.")
        return cls(found["project"], Verb[found["verb"].upper()])

    def __str__(self) -> str:
        return f"{self.project}:{self.verb.name.lower()}"

    def covers(self, other: "Scope") -> bool:
        """Return whether everything that `other` allows is allowed by this scope."""
        return self.verb >= other.verb and self.project in {INSTANCE, other.project}


class Kind(StrEnum):
    """What a caller proved to be."""

    NOBODY = "nobody"
    CLIENT = "client"  # an app that names its project by web API key
    OPERATOR = "operator"  # an operator or CI token, the local socket, or `Bearer owner` in dev
    SERVICE_ACCOUNT = "service-account"  # an access token of RFC 7523


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the kind, a stable name for the audit trail, the project it is tied to, and what it may do.

    `expires_at` is the end of the credential that was presented (None: it has none); what it makes does not outlive it.
    """

    kind: Kind
    name: str
    project: str | None = None
    scopes: tuple[Scope, ...] = ()
    expires_at: Instant | None = None

    @property
    def privileged(self) -> bool:
        """Return whether the caller proved more than the name of a project."""
        return self.kind is Kind.OPERATOR or self.kind is Kind.SERVICE_ACCOUNT

    def may(self, wanted: Scope) -> bool:
        """Return whether one of the caller's scopes covers the wanted one."""
        return any(scope.covers(wanted) for scope in self.scopes)

    def require(self, wanted: Scope) -> None:
        """Raise `PermissionDenied` unless the caller may; the message does not tell whether the project exists."""
        if not self.may(wanted):
            raise PermissionDenied(f"This needs a credential with the scope {wanted}.")


NOBODY = Caller(Kind.NOBODY, "nobody")
LOCAL = Caller(Kind.OPERATOR, "local", scopes=(Scope(INSTANCE, Verb.ALL),))


def narrower(wanted: tuple[Scope, ...], parent: Caller) -> tuple[Scope, ...]:
    """Return the wanted scopes if a credential of the parent may have them.

    Raises `InvalidRequest` for an empty list (which must never mean "all", attack A35) and `PermissionDenied` for a
    scope that the parent does not cover.
    """
    if not wanted:
        raise InvalidRequest("A credential needs at least one scope.")
    for scope in wanted:
        parent.require(scope)
    return wanted


def sooner(wanted: Instant | None, parent: Caller) -> Instant | None:
    """Return when a credential of the parent ends that was wanted until then (None: without end), or as the parent."""
    ends = [at for at in (wanted, parent.expires_at) if at is not None]
    return min(ends, default=None)

"""Callers and scopes: what a credential that was presented allows. Pure rules; the default answer is no.

A scope is `PROJECT[/APP[/CHANNEL]]:VERB`: a project (or `*` for the whole instance), one app of it, one channel of that
app. Each verb includes those before it: `read`; `upload` (add objects and bundles, and move the channels of the scope
among bundles); `write`; `all`.
"""

import re
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from ecrin.base.clock import Instant
from ecrin.errors import InvalidRequest, PermissionDenied

INSTANCE = "*"
_SCOPE = re.compile(
    r"(?:\*|(?P<project>[a-z][a-z0-9-]{2,39})(?:/(?P<app>[A-Za-z0-9][\w.-]{0,127})(?:/(?P<channel>[A-Za-z0-9][\w.-]{0,63}))?)?)"
    r":(?P<verb>read|upload|write|all)",
    re.ASCII,
)


class Verb(IntEnum):
    """What a scope allows; a greater one includes the smaller ones."""

    READ = 1
    UPLOAD = 2
    WRITE = 3
    ALL = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """A project (or `*`), an app of it or a channel of that app, and what may be done there.

    `app` None means every app of the project and the project itself, `channel` None every channel and the app itself.
    """

    project: str
    verb: Verb
    app: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        if (self.project == INSTANCE and self.app) or (self.channel and not self.app):
            raise ValueError("a channel belongs to an app, and an app to a project")

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Return the scope that a text spells; raises `InvalidRequest` for anything else."""
        found = _SCOPE.fullmatch(text)
        if found is None:
            hint = (
                "Write PROJECT:VERB, PROJECT/APP:VERB or PROJECT/APP/CHANNEL:VERB (read, upload, write, all), or *:all."
            )
            raise InvalidRequest(f"'{text[:60]}' is not a scope.", hint=hint)
        return cls(found["project"] or INSTANCE, Verb[found["verb"].upper()], found["app"], found["channel"])

    def __str__(self) -> str:
        place = "/".join(part for part in (self.project, self.app, self.channel) if part)
        return f"{place}:{self.verb.name.lower()}"

    def covers(self, other: "Scope") -> bool:
        """Return whether everything that `other` allows is allowed by this scope."""
        return (
            self.verb >= other.verb
            and self.project in {INSTANCE, other.project}
            and self.app in {None, other.app}
            and self.channel in {None, other.channel}
        )

    def reaches(self, other: "Scope") -> bool:
        """Return whether this scope covers the other, or the same verb in a part of it."""
        return self.covers(other) or (self.verb >= other.verb and replace(other, verb=self.verb).covers(self))


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

    def reaches(self, wanted: Scope) -> bool:
        """Return whether one of the caller's scopes covers the wanted one or lies within it."""
        return any(scope.reaches(wanted) for scope in self.scopes)

    def within(self, wanted: Scope) -> tuple[Scope, ...]:
        """Return the caller's scopes that allow what is wanted in parts of the place, () where they allow all of it."""
        return () if self.may(wanted) else tuple(scope for scope in self.scopes if scope.reaches(wanted))

    def require(self, wanted: Scope, *, hint: str | None = None) -> None:
        """Raise `PermissionDenied` unless the caller may; the message does not tell whether the project exists."""
        if not self.may(wanted):
            raise PermissionDenied(f"This needs a credential with the scope {wanted}.", hint=hint)


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

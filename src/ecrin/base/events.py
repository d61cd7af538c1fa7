"""Typed events: what happened to an account, a session, a project or a credential.

An event is emitted inside the transaction that makes it true, and every listener writes in that same transaction; so
there is no event without its cause and no cause without its event. Events carry ids and plain facts, never secrets.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Generic, TypeVar

from ecrin.base.clock import Instant
from ecrin.base.origin import Origin

Tx = TypeVar("Tx")


@dataclass(frozen=True, slots=True)
class Event:
    """The root of all events. `subject` is the id of what the event is about."""

    name: ClassVar[str] = "event"
    project_id: str
    subject: str

    def facts(self) -> dict[str, object]:
        """Return the fields that a kind of event adds."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"project_id", "subject"}}


@dataclass(frozen=True, slots=True)
class AccountCreated(Event):
    """An account came to be; `method` says how."""

    name: ClassVar[str] = "account.created"
    method: str


@dataclass(frozen=True, slots=True)
class AccountUpdated(Event):
    """Fields of an account changed; their names, not their values."""

    name: ClassVar[str] = "account.updated"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountDeleted(Event):
    """An account is gone."""

    name: ClassVar[str] = "account.deleted"


@dataclass(frozen=True, slots=True)
class PasswordSuspended(Event):
    """Too many failures in a row: the password of the account rests until it is reset."""

    name: ClassVar[str] = "account.password_suspended"
    failures: int


@dataclass(frozen=True, slots=True)
class SignInFailed(Event):
    """A password was wrong."""

    name: ClassVar[str] = "session.sign_in_failed"


@dataclass(frozen=True, slots=True)
class SessionStarted(Event):
    """A device signed in; the subject is the account."""

    name: ClassVar[str] = "session.started"
    session: str
    provider: str


@dataclass(frozen=True, slots=True)
class SessionLate(Event):
    """The parent of the newest refresh token came late and was answered with the newest again."""

    name: ClassVar[str] = "session.late"
    session: str
    run: int


@dataclass(frozen=True, slots=True)
class SessionEnded(Event):
    """A session, or every session of the account (`session` is "*"), ended."""

    name: ClassVar[str] = "session.ended"
    session: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeIssued(Event):
    """A code for an out-of-band purpose was made."""

    name: ClassVar[str] = "code.issued"
    purpose: str


@dataclass(frozen=True, slots=True)
class CodeUsed(Event):
    """A code was used up."""

    name: ClassVar[str] = "code.used"
    purpose: str


@dataclass(frozen=True, slots=True)
class ProjectCreated(Event):
    """A project came to be."""

    name: ClassVar[str] = "project.created"


@dataclass(frozen=True, slots=True)
class ProjectUpdated(Event):
    """Settings of a project changed; their names, not their values."""

    name: ClassVar[str] = "project.updated"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialCreated(Event):
    """An operator token, a CI token or a service account key was made."""

    name: ClassVar[str] = "credential.created"
    kind: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialRevoked(Event):
    """A credential was taken back."""

    name: ClassVar[str] = "credential.revoked"


@dataclass(frozen=True, slots=True)
class KeyRotated(Event):
    """A signing or data key got its successor; in an emergency the old ones are erased."""

    name: ClassVar[str] = "key.rotated"
    purpose: str
    emergency: bool


@dataclass(frozen=True, slots=True)
class AppCreated(Event):
    """An app came to be; the subject of events about apps is the app."""

    name: ClassVar[str] = "app.created"


@dataclass(frozen=True, slots=True)
class AppUpdated(Event):
    """Settings of an app changed; their names, not their values."""

    name: ClassVar[str] = "app.updated"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppDeleted(Event):
    """An app is gone with all that belonged to it."""

    name: ClassVar[str] = "app.deleted"


@dataclass(frozen=True, slots=True)
class BundlePublished(Event):
    """A bundle can be given to devices."""

    name: ClassVar[str] = "bundle.published"
    version: str


@dataclass(frozen=True, slots=True)
class BundleDeleted(Event):
    """A bundle is given to nobody any more."""

    name: ClassVar[str] = "bundle.deleted"
    version: str


@dataclass(frozen=True, slots=True)
class ChannelCreated(Event):
    """A channel came to be."""

    name: ClassVar[str] = "channel.created"
    channel: str


@dataclass(frozen=True, slots=True)
class ChannelUpdated(Event):
    """A channel changed; the names of what did, `version` among them when it points at another bundle."""

    name: ClassVar[str] = "channel.updated"
    channel: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelDeleted(Event):
    """A channel is gone."""

    name: ClassVar[str] = "channel.deleted"
    channel: str


@dataclass(frozen=True, slots=True)
class GroupUpdated(Event):
    """A group of custom ids has other members; how many it has now."""

    name: ClassVar[str] = "group.updated"
    group: str
    members: int


@dataclass(frozen=True, slots=True)
class RolloutChanged(Event):
    """A rollout began, moved or ended; `reason` says why where it is not plain."""

    name: ClassVar[str] = "rollout.changed"
    channel: str
    rollout: str
    version: str
    state: str
    share_bps: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceMoved(Event):
    """A device was put on a channel, or taken off ("")."""

    name: ClassVar[str] = "device.moved"
    device: str
    channel: str


Listener = Callable[[Tx, Event, Origin, Instant], Awaitable[None]]


class Events(Generic[Tx]):
    """Hands each event to every listener, inside the caller's transaction."""

    def __init__(self) -> None:
        self._listeners: list[Listener[Tx]] = []

    def listen(self, listener: Listener[Tx]) -> None:
        """Add a listener; done once, at assembly."""
        self._listeners.append(listener)

    async def emit(self, tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        """Let every listener write what it wants to keep; if one raises, the transaction fails as a whole."""
        for listener in self._listeners:
            await listener(tx, event, by, now)

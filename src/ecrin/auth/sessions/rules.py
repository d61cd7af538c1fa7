"""When a refresh token is good, and what presenting it does (design: docs/adr/0002-tokens.md). Pure.

- The newest token is rotated: its child becomes the newest.
- A token that was rotated less than 10 s ago gets the newest again, however often: fan-out, tabs, lost replies.
- Later, the parent of the newest gets the newest again, and the generation is marked late: a phone that lost a reply.
- Three late generations running, or anything older, end the session: somebody else holds its tokens.
- A session ends after resting too long (idle) and after living too long (absolute).
"""

from dataclasses import dataclass, replace

from ecrin.auth.sessions.model import Session
from ecrin.base.clock import DAY, SECOND, Instant

GRACE = 10 * SECOND
MAX_LATE_RUN = 3
MAX_ROTATIONS_KEPT = 64
RETENTION = 30 * DAY


@dataclass(frozen=True, slots=True)
class Rotated:
    """The token was the newest: the session moves on."""

    session: Session


@dataclass(frozen=True, slots=True)
class Repeated:
    """The newest token is handed out again; the session stays as it is."""

    session: Session


@dataclass(frozen=True, slots=True)
class Late:
    """The newest token is handed out again to its late parent; the generation is marked."""

    session: Session


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, or ends by this; the reason "reuse" means that nobody honest still has that token."""

    reason: str


Decision = Rotated | Repeated | Late | Ended


def present(session: Session, counter: int, now: Instant, idle: int) -> Decision:
    """Decide what presenting the token number `counter` does at `now`; `idle` is the project's rest in milliseconds."""
    if session.ended_at is not None:
        return Ended(session.end_reason or "ended")
    if now >= session.expires_at or now >= session.idle_at:
        return Ended("expired")
    if counter == session.counter:
        return Rotated(_rotated(session, now, idle))
    if _within_grace(session, counter, now):
        return Repeated(session)
    if counter == session.counter - 1:
        return _late(session)
    return Ended("reuse")


def _rotated(session: Session, now: Instant, idle: int) -> Session:
    # A time's place says whose it is, so only the tail is cut: a clock that went back leaves old times among new ones.
    oldest = max((place for place, at in enumerate(session.rotations) if _recent(at, now)), default=-1)
    return replace(
        session,
        counter=session.counter + 1,
        rotations=(now, *session.rotations[: oldest + 1])[:MAX_ROTATIONS_KEPT],
        late=False,
        late_run=session.late_run if session.late else 0,
        used_at=now,
        idle_at=min(now + idle, session.expires_at),
    )


def _within_grace(session: Session, counter: int, now: Instant) -> bool:
    """Return whether the token was rotated away less than 10 s ago."""
    age = session.counter - 1 - counter
    return 0 <= age < len(session.rotations) and _recent(session.rotations[age], now)


def _recent(at: Instant, now: Instant) -> bool:
    """Return whether two times are close; a clock that was set back does not make the grace period endless."""
    return abs(now - at) < GRACE


def _late(session: Session) -> Decision:
    if session.late:
        return Late(session)
    if session.late_run + 1 >= MAX_LATE_RUN:
        return Ended("reuse")
    return Late(replace(session, late=True, late_run=session.late_run + 1))

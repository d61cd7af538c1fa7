"""The verbs of sessions: start, present a refresh token, end. Every decision is one conditional write."""

import secrets
from dataclasses import dataclass

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import InvalidRefreshToken, TokenExpired, UserDisabled
from ecrin.auth.sessions import store
from ecrin.auth.sessions.model import Session
from ecrin.auth.sessions.rules import Decision, Ended, Late, Rotated, present
from ecrin.base.clock import MINUTE, Clock, Instant, seconds
from ecrin.base.events import (
    AccountDeleted,
    AccountUpdated,
    Event,
    Events,
    SessionEnded,
    SessionLate,
    SessionStarted,
)
from ecrin.base.origin import Origin
from ecrin.errors import StorageBusy
from ecrin.storage.sql.port import Database, Tx

ID_BYTES = 16
REFRESH_NOTED_EVERY = MINUTE
EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session may rest and live, in milliseconds."""

    idle: int
    absolute: int


class SessionService:
    """The sessions of every project."""

    def __init__(self, database: Database, accounts: AccountService, events: Events[Tx], clock: Clock) -> None:
        self._database = database
        self._accounts = accounts
        self._events = events
        self._clock = clock

    async def start(
        self, tx: Tx, account: Account, provider: str, claims: str, lifetimes: Lifetimes, by: Origin, now: Instant
    ) -> Session:
        """Start a session of an account, with an id of its own whatever the client sent (attack A12)."""
        session = Session(
            id=secrets.token_bytes(ID_BYTES),
            project_id=account.project_id,
            account_id=account.id,
            provider=provider,
            claims=claims,
            auth_time=seconds(now),
            counter=0,
            rotations=(),
            late=False,
            late_run=0,
            created_at=now,
            used_at=now,
            idle_at=now + min(lifetimes.idle, lifetimes.absolute),
            expires_at=now + lifetimes.absolute,
        )
        await store.insert(tx, session)
        event = SessionStarted(account.project_id, account.id, session.id.hex(), provider)
        await self._events.emit(tx, event, by, now)
        return session

    async def present(
        self, project_id: str, session_id: bytes, counter: int, idle: int, by: Origin
    ) -> tuple[Session, Account]:
        """Present a refresh token; return the session, whose `counter` is the newest token, and its account.

        Raises `TokenExpired` when the session is over or ends by this, `InvalidRefreshToken` when it belongs to another
        project, `UserDisabled`, `UserNotFound`. What ends the session is committed before the refusal leaves.
        """
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[Session, Account] | None:
            session = await store.get(tx, session_id)
            if session is None:
                return None
            if session.project_id != project_id:
                raise InvalidRefreshToken
            account = await self._accounts.get_in(tx, session.project_id, session.account_id)
            if account.disabled:
                raise UserDisabled
            decision = _decide(session, account, counter, now, idle)
            await self._write(tx, session, decision, by, now)
            if isinstance(decision, Ended):
                return None
            if _refresh_is_news(account, now):
                await self._accounts.refreshed(tx, account, now)
            return decision.session, account

        outcome = await self._database.write(unit)
        if outcome is None:
            raise TokenExpired
        return outcome

    async def on_event(self, tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        """End what an account's change ends: a listener of events, so that no way to change an account forgets it."""
        if isinstance(event, AccountDeleted):
            await self._end_before(tx, event, EVER, "deleted", by, now)
        elif isinstance(event, AccountUpdated) and "valid_since" in event.changed:
            account = await self._accounts.get_in(tx, event.project_id, event.subject)
            since = account.valid_since or 0
            # A revocation as of now ends all there is: what began in this second, or before the clock was set back.
            await self._end_before(tx, event, since if since < seconds(now) else EVER, "revoked", by, now)

    async def _end_before(self, tx: Tx, event: Event, second: int, reason: str, by: Origin, now: Instant) -> None:
        if await store.end_before(tx, event.project_id, event.subject, second, reason, now):
            await self._events.emit(tx, SessionEnded(event.project_id, event.subject, "*", reason), by, now)

    async def _write(self, tx: Tx, session: Session, decision: Decision, by: Origin, now: Instant) -> None:
        project, account, name = session.project_id, session.account_id, session.id.hex()
        if isinstance(decision, Ended):
            if session.ended_at is None:
                await store.end(tx, session.id, decision.reason, now)
                await self._events.emit(tx, SessionEnded(project, account, name, decision.reason), by, now)
        elif isinstance(decision, Rotated | Late) and decision.session != session:
            if not await store.update(tx, session, decision.session):
                raise StorageBusy("Another request changed the session at the same moment.")
            if isinstance(decision, Late):
                event = SessionLate(project, account, name, decision.session.late_run)
                await self._events.emit(tx, event, by, now)


def _decide(session: Session, account: Account, counter: int, now: Instant, idle: int) -> Decision:
    if account.valid_since is not None and session.auth_time < account.valid_since:
        return Ended("revoked")
    return present(session, counter, now, idle)


def _refresh_is_news(account: Account, now: Instant) -> bool:
    return account.last_refresh_at is None or now - account.last_refresh_at >= REFRESH_NOTED_EVERY

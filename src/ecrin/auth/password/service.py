"""The verbs of passwords: sign up, sign in."""

from dataclasses import dataclass

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import normal_email
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import (
    AdminOnlyOperation,
    EmailExists,
    EmailNotFound,
    InvalidLoginCredentials,
    InvalidPassword,
    PasswordLoginDisabled,
    TooManyAttempts,
)
from ecrin.auth.limits.rules import ADDRESS_FAILURES, PASSWORD_FAILURES, SIGN_UPS, network
from ecrin.auth.limits.service import LimitService
from ecrin.auth.password.hashing import PasswordHasher
from ecrin.auth.password.rules import checked_password
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens.model import SignedIn
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock, Instant
from ecrin.base.events import AccountCreated, AccountUpdated, Event, Events, PasswordSuspended, SignInFailed
from ecrin.base.ids import local_id
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.errors import Overloaded, PasswordMismatch
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A try that is counted: how many failures it would make in a row, and whose it is, if anybody's."""

    failures: int
    within: bool
    account: Account | None


class PasswordService:
    """Sign-up and sign-in with e-mail address and password."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        tokens: TokenService,
        limits: LimitService,
        hasher: PasswordHasher,
        events: Events[Tx],
        clock: Clock,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._tokens = tokens
        self._limits = limits
        self._hasher = hasher
        self._events = events
        self._clock = clock

    async def hash(self, project: Project, password: str) -> Secret[str]:
        """Return the hash of a password that the project accepts; raises as `checked_password`, and `Overloaded`."""
        return await self._hasher.hash(checked_password(password, project.settings.min_password_length))

    async def sign_up(
        self, project: Project, email: str, password: str, display_name: str | None, by: Origin
    ) -> SignedIn:
        """Make an account and sign it in.

        Raises `PasswordLoginDisabled`, `AdminOnlyOperation`, `InvalidEmail`, `EmailExists`, `WeakPassword`,
        `TooManyAttempts`, `Overloaded`.
        """
        if not project.settings.password_enabled:
            raise PasswordLoginDisabled
        if not project.settings.sign_up_enabled:
            raise AdminOnlyOperation
        email = normal_email(email)
        checked_password(password, project.settings.min_password_length)
        await self.claim_address(project, email, by)
        hashed = await self.hash(project, password)
        now = self._clock.now()
        fresh = Account(
            project.id,
            local_id(),
            now,
            email=email,
            display_name=display_name,
            password=hashed,
            password_updated_at=now,
        )

        async def unit(tx: Tx) -> tuple[Account, Session]:
            account = await self._accounts.create_in(tx, fresh, "password", by, now)
            return await self._tokens.start_in(tx, project, account, "password", by, now)

        account, session = await self._database.write(unit)
        return self._tokens.signed_in(account, session, is_new=True)

    async def sign_in(self, project: Project, email: str, password: str, by: Origin) -> SignedIn:
        """Sign in.

        With enumeration protection, an unknown address, an account without a password and a wrong password cost the
        same and are refused alike, with `InvalidLoginCredentials`; otherwise with `EmailNotFound` and
        `InvalidPassword`. Raises `TooManyAttempts`, `UserDisabled`, `PasswordLoginDisabled`, `Overloaded` too.
        """
        if not project.settings.password_enabled:
            raise PasswordLoginDisabled
        email = normal_email(email)
        attempt = await self._count(project, email, by)
        if not attempt.within:
            raise TooManyAttempts
        try:
            return await self._try(project, email, password, attempt, by)
        except Overloaded:
            await self._give_back(project, email, by)
            raise

    async def claim_address(self, project: Project, email: str, by: Origin) -> None:
        """Refuse a taken address before anything is hashed; the protocol tells, so the count is what protects (A24).

        Raises `TooManyAttempts` and `EmailExists`.
        """
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[bool, bool]:
            within = await self._limits.count_in(tx, SIGN_UPS, project.id, network(by.address), now)
            return within, await self._accounts.by_email_in(tx, project.id, email) is not None

        within, taken = await self._database.write(unit)
        if not within:
            raise TooManyAttempts
        if taken:
            raise EmailExists

    async def on_event(self, tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        """Let a suspended password be tried again once it is another one: a listener of events."""
        if _brings_password(event):
            account = await self._accounts.get_in(tx, event.project_id, event.subject)
            if account.email:
                await self._limits.clear_in(tx, PASSWORD_FAILURES, event.project_id, account.email, now)

    async def _count(self, project: Project, email: str, by: Origin) -> _Attempt:
        """Count the try as a failure before it is made: parallel tries cannot outrun the limit (attack A22).

        A source over its own limit is not counted against the account, of which it could name any number.
        """
        now = self._clock.now()

        async def unit(tx: Tx) -> _Attempt:
            if not await self._limits.count_in(tx, ADDRESS_FAILURES, project.id, network(by.address), now):
                return _Attempt(0, within=False, account=None)
            within = await self._limits.count_in(tx, PASSWORD_FAILURES, project.id, email, now)
            failures = await self._limits.current_in(tx, PASSWORD_FAILURES, project.id, email, now)
            account = await self._accounts.by_email_in(tx, project.id, email)
            return _Attempt(failures, within, account)

        return await self._database.write(unit)

    async def _try(self, project: Project, email: str, password: str, attempt: _Attempt, by: Origin) -> SignedIn:
        """Verify and sign in; once more if the hash was replaced meanwhile, by a newer cost or by another password."""
        account = await self._verified(project, attempt, attempt.account, password, by)
        signed_in = await self._succeed(project, email, password, account, by)
        if signed_in is None:
            current = await self._accounts.by_email(project.id, email)
            account = await self._verified(project, attempt, current, password, by)
            signed_in = await self._succeed(project, email, password, account, by)
        if signed_in is None:
            raise InvalidLoginCredentials
        return signed_in

    async def _verified(
        self, project: Project, attempt: _Attempt, account: Account | None, password: str, by: Origin
    ) -> Account:
        """Return the account if the password is its own."""
        stored = account.password if account else None
        try:
            await self._hasher.verify(stored, password)
        except PasswordMismatch:
            await self._note_failure(project, attempt, by)
            raise _refusal(project, account) from None
        if account is None or stored is None:
            raise InvalidLoginCredentials
        return account

    async def _give_back(self, project: Project, email: str, by: Origin) -> None:
        """Take a try back that was not made: a server without room must not suspend the passwords of its users."""
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            await self._limits.give_back_in(tx, ADDRESS_FAILURES, project.id, network(by.address), now)
            await self._limits.give_back_in(tx, PASSWORD_FAILURES, project.id, email, now)

        await self._database.write(unit)

    async def _note_failure(self, project: Project, attempt: _Attempt, by: Origin) -> None:
        now = self._clock.now()
        subject = attempt.account.id if attempt.account else ""

        async def unit(tx: Tx) -> None:
            await self._events.emit(tx, SignInFailed(project.id, subject), by, now)
            if attempt.failures == PASSWORD_FAILURES.most:
                await self._events.emit(tx, PasswordSuspended(project.id, subject, attempt.failures), by, now)

        await self._database.write(unit)

    async def _succeed(
        self, project: Project, email: str, password: str, account: Account, by: Origin
    ) -> SignedIn | None:
        """Sign in, unless the account has another hash or address by now."""
        now = self._clock.now()
        stored = account.password
        fresh = await self._hasher.hash(password) if stored and self._hasher.outdated(stored) else None

        async def unit(tx: Tx) -> tuple[Account, Session] | None:
            current = await self._accounts.get_in(tx, project.id, account.id)
            if current.password != stored or current.email != email:
                return None
            if fresh is not None:
                current = await self._accounts.rehashed(tx, current, fresh)
            started = await self._tokens.start_in(tx, project, current, "password", by, now)
            # Account, address, password, as everywhere: units that write them in one order never wait in a circle.
            await self._limits.give_back_in(tx, ADDRESS_FAILURES, project.id, network(by.address), now)
            await self._limits.clear_in(tx, PASSWORD_FAILURES, project.id, email, now)
            return started

        done = await self._database.write(unit)
        return self._tokens.signed_in(*done) if done else None


def _refusal(project: Project, account: Account | None) -> Exception:
    if project.settings.email_enumeration_protection:
        return InvalidLoginCredentials()
    return EmailNotFound() if account is None else InvalidPassword()


def _brings_password(event: Event) -> bool:
    """Return whether an account has another password now, or its first: nobody has guessed at that one."""
    if isinstance(event, AccountCreated):
        return event.method != "anonymous"
    return isinstance(event, AccountUpdated) and "password" in event.changed

"""The verbs of out-of-band codes: send, inspect, apply, reset the password."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import Changes, normal_email
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import (
    EmailExists,
    EmailNotFound,
    InvalidEmail,
    InvalidNewEmail,
    InvalidOobCode,
    MissingEmail,
    MissingNewEmail,
    OperationNotAllowed,
    QuotaExceeded,
    UserDisabled,
    UserNotFound,
)
from ecrin.auth.limits.rules import MAIL_FROM_ADDRESS, MAIL_TO_TARGET, network
from ecrin.auth.limits.service import LimitService
from ecrin.auth.outofband import rules
from ecrin.auth.outofband.codes import CodeBook, Issue
from ecrin.auth.outofband.model import Code, CodeInfo, IssuedCode, Purpose, Wanted
from ecrin.auth.password.service import PasswordService
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock, Instant
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.storage.sql.port import Database, Tx

Make = Callable[[Tx, Instant], Awaitable[IssuedCode]]


class OutOfBandService:
    """Codes by mail.

    `own_domain` is this server's host, where links may always lead; None checks no domains, as the emulator does.
    """

    def __init__(
        self,
        database: Database,
        projects: ProjectService,
        accounts: AccountService,
        tokens: TokenService,
        passwords: PasswordService,
        limits: LimitService,
        codes: CodeBook,
        clock: Clock,
        *,
        own_domain: str | None,
    ) -> None:
        self._database = database
        self._projects = projects
        self._accounts = accounts
        self._tokens = tokens
        self._passwords = passwords
        self._limits = limits
        self._codes = codes
        self._clock = clock
        self._own_domain = own_domain

    async def send_to_address(self, project: Project, wanted: Wanted, email: str, by: Origin) -> str:
        """Mail a code for `PASSWORD_RESET` or `EMAIL_SIGNIN` to an address that nobody has proved; return it.

        Raises `InvalidEmail`, `QuotaExceeded`, `InvalidContinueUri`, `UnauthorizedDomain`, `OperationNotAllowed` and,
        without enumeration protection, `EmailNotFound`.
        """
        email = normal_email(email)
        wanted = self._checked(project, wanted)

        async def unit(tx: Tx, now: Instant) -> IssuedCode:
            account = await self._accounts.by_email_in(tx, project.id, email)
            if account is None and _needs_account(project, wanted):
                raise EmailNotFound
            real = account is not None or wanted.purpose is Purpose.EMAIL_SIGNIN
            issue = Issue(email, account.id if account else None, real=real)
            return await self._codes.issue_in(tx, project, issue, wanted, by, now)

        return (await self._mail(project, email, unit, by)).email

    async def send_to_user(self, project: Project, wanted: Wanted, id_token: str, by: Origin) -> str:
        """Mail a code for `VERIFY_EMAIL` or `VERIFY_AND_CHANGE_EMAIL` to a signed-in user; return the address.

        Raises as `send_to_address`, and as `TokenService.verify`.
        """
        claims = self._tokens.claims(project, id_token)
        wanted = self._checked(project, wanted)
        changing = wanted.purpose is Purpose.VERIFY_AND_CHANGE_EMAIL
        account = (await self._tokens.verify(project, id_token)).account
        if account.email is None:
            raise MissingEmail(hint="The account has no e-mail address.")
        target = wanted.new_email if changing and wanted.new_email else account.email

        async def unit(tx: Tx, now: Instant) -> IssuedCode:
            account = (await self._tokens.verify_in(tx, claims)).account
            taken = changing and await self._accounts.by_email_in(tx, project.id, target) is not None
            if taken and not project.settings.email_enumeration_protection:
                raise EmailExists
            issue = Issue(account.email or "", account.id, real=not taken)
            return await self._codes.issue_in(tx, project, issue, wanted, by, now)

        return (await self._mail(project, target, unit, by)).email

    async def link_for(self, project: Project, wanted: Wanted, email: str, by: Origin, *, mailed: bool) -> IssuedCode:
        """Make a code for an administrator, who may see the link; mail it too if asked.

        Raises `InvalidEmail`, `EmailNotFound` (`UserNotFound` for a verification), `EmailExists`.
        """
        email = normal_email(email)
        wanted = self._checked(project, wanted)
        now = self._clock.now()

        async def unit(tx: Tx) -> IssuedCode:
            account = await self._accounts.by_email_in(tx, project.id, email)
            if account is None and wanted.purpose is not Purpose.EMAIL_SIGNIN:
                raise EmailNotFound if wanted.purpose is Purpose.PASSWORD_RESET else UserNotFound
            if wanted.new_email and await self._accounts.by_email_in(tx, project.id, wanted.new_email):
                raise EmailExists
            issue = Issue(email, account.id if account else None, mailed=mailed)
            return await self._codes.issue_in(tx, project, issue, wanted, by, now)

        issued = await self._database.write(unit)
        self._codes.wake()
        return issued

    async def offer_recovery(self, tx: Tx, before: Account, by: Origin, now: Instant) -> None:
        """Mail the old address a way back after an account's address changed, if it was ever proved."""
        if before.email and before.email_verified:
            project = self._projects.get(before.project_id)
            issue = Issue(before.email, before.id)
            await self._codes.issue_in(tx, project, issue, Wanted(Purpose.RECOVER_EMAIL), by, now)

    async def inspect(self, code: str) -> CodeInfo:
        """Return what a good code is for, without using it; raises `InvalidOobCode`, `ExpiredOobCode`."""
        return _info(await self._codes.find(code))

    async def apply(self, code: str, by: Origin) -> CodeInfo:
        """Use a code that verifies, changes or recovers an address (protocol sheet §3, update).

        Raises `InvalidOobCode`, `ExpiredOobCode`, `EmailExists`, `UserDisabled`.
        """
        now = self._clock.now()

        async def unit(tx: Tx) -> Code:
            found = await self._codes.find_in(tx, code, None, now)
            account = await self._account_of(tx, found)
            changes = rules.applied(found, account)
            await self._codes.use_in(tx, found, by, now)
            await self._accounts.change_in(tx, account, changes, by, now)
            if found.purpose is Purpose.VERIFY_AND_CHANGE_EMAIL:
                await self.offer_recovery(tx, account, by, now)
            return found

        used = await self._database.write(unit)
        self._codes.wake()
        return _info(used)

    async def reset_password(self, code: str, new_password: str, by: Origin) -> CodeInfo:
        """Set a new password with a code; it proves the address, ends all sessions and voids the other reset codes.

        Raises `InvalidOobCode`, `ExpiredOobCode`, `UserDisabled`, and as `PasswordService.hash`.
        """
        project = self._projects.get((await self._codes.find(code, Purpose.PASSWORD_RESET)).project_id)
        hashed = await self._passwords.hash(project, new_password)
        now = self._clock.now()

        async def unit(tx: Tx) -> Code:
            found = await self._codes.find_in(tx, code, Purpose.PASSWORD_RESET, now)
            account = await self._account_of(tx, found)
            rules.require_same_address(found, account)
            await self._codes.use_in(tx, found, by, now)
            await self._codes.void_in(tx, project.id, account.id, Purpose.PASSWORD_RESET, now)
            changes: Changes = {**rules.proven(account), "password": hashed}
            await self._accounts.change_in(tx, account, changes, by, now)
            return found

        return _info(await self._database.write(unit))

    async def _account_of(self, tx: Tx, code: Code) -> Account:
        try:
            account = await self._accounts.get_in(tx, code.project_id, code.account_id or "")
        except UserNotFound:
            raise InvalidOobCode from None
        if account.disabled:
            raise UserDisabled
        return account

    def _checked(self, project: Project, wanted: Wanted) -> Wanted:
        if wanted.continue_url is not None:
            domains = None
            if self._own_domain is not None:
                domains = (self._own_domain, *project.settings.authorized_domains)
            rules.checked_continue_url(wanted.continue_url, domains)
        if wanted.purpose is Purpose.VERIFY_AND_CHANGE_EMAIL:
            if not wanted.new_email:
                raise MissingNewEmail
            try:
                return replace(wanted, new_email=normal_email(wanted.new_email))
            except InvalidEmail:
                raise InvalidNewEmail from None
        if wanted.purpose is Purpose.EMAIL_SIGNIN and not project.settings.email_link_enabled:
            raise OperationNotAllowed
        return replace(wanted, new_email=None)

    async def _mail(self, project: Project, target: str, make: Make, by: Origin) -> IssuedCode:
        """Issue a code within the quotas of its target and its source (attack A26), alike for every address."""
        now = self._clock.now()

        async def unit(tx: Tx) -> IssuedCode:
            target_ok = await self._limits.count_in(tx, MAIL_TO_TARGET, project.id, target, now)
            source_ok = await self._limits.count_in(tx, MAIL_FROM_ADDRESS, project.id, network(by.address), now)
            if not (target_ok and source_ok):
                raise QuotaExceeded
            return await make(tx, now)

        issued = await self._database.write(unit)
        self._codes.wake()
        return issued


def _needs_account(project: Project, wanted: Wanted) -> bool:
    """Return whether an unknown address is told so: only for a reset, and only without enumeration protection."""
    return wanted.purpose is Purpose.PASSWORD_RESET and not project.settings.email_enumeration_protection


def _info(code: Code) -> CodeInfo:
    return CodeInfo(code.purpose, code.project_id, code.email, code.new_email, code.continue_url)

"""Sign-in by e-mail link (protocol sheet §3, signInWithEmailLink): whoever opens the mail owns the address."""

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import Changes, normal_email
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import AdminOnlyOperation, EmailExists, InvalidEmail, OperationNotAllowed
from ecrin.auth.outofband import rules
from ecrin.auth.outofband.codes import CodeBook
from ecrin.auth.outofband.model import Purpose
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens.model import SignedIn
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock, Instant, seconds
from ecrin.base.ids import local_id
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx

PROVIDER = "password"  # what an ID token reports for an e-mail link


class EmailLinkService:
    """Signs in, or links an address to the account that is signed in."""

    def __init__(
        self, database: Database, accounts: AccountService, tokens: TokenService, codes: CodeBook, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._tokens = tokens
        self._codes = codes
        self._clock = clock

    async def sign_in(self, project: Project, email: str, code: str, by: Origin, id_token: str = "") -> SignedIn:
        """Use the code up and sign in; with an ID token, give the address to that user instead.

        Raises `InvalidOobCode`, `ExpiredOobCode`, `InvalidEmail` (another address than the code's), `EmailExists`,
        `UserDisabled`, `OperationNotAllowed`, `AdminOnlyOperation`, and as `TokenService.verify`.
        """
        if not project.settings.email_link_enabled:
            raise OperationNotAllowed
        email = normal_email(email)
        claims = self._tokens.claims(project, id_token) if id_token else None
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[Account, Session, bool]:
            found = await self._codes.find_in(tx, code, Purpose.EMAIL_SIGNIN, now)
            if found.email != email or found.project_id != project.id:
                raise InvalidEmail("The email provided does not match the sign-in email address.")
            await self._codes.use_in(tx, found, by, now)
            holder = await self._accounts.by_email_in(tx, project.id, email)
            if claims is not None:
                signed_in = (await self._tokens.verify_in(tx, claims)).account
                account, is_new = await self._linked(tx, signed_in, holder, email, by, now), False
            else:
                account, is_new = await self._owner(tx, project, holder, email, by, now), holder is None
            return *await self._tokens.start_in(tx, project, account, PROVIDER, by, now), is_new

        account, session, is_new = await self._database.write(unit)
        return self._tokens.signed_in(account, session, is_new=is_new)

    async def _owner(
        self, tx: Tx, project: Project, holder: Account | None, email: str, by: Origin, now: Instant
    ) -> Account:
        if holder is None:
            if not project.settings.sign_up_enabled:
                raise AdminOnlyOperation
            fresh = Account(project.id, local_id(), now, email=email, email_verified=True, email_link_signin=True)
            return await self._accounts.create_in(tx, fresh, "email_link", by, now)
        changes: Changes = {**rules.proven(holder), "email_link_signin": True}
        if not holder.email_verified:
            changes["valid_since"] = seconds(now)  # whoever was signed in before may be somebody else (attack A17)
        return await self._accounts.change_in(tx, holder, changes, by, now)

    async def _linked(
        self, tx: Tx, account: Account, holder: Account | None, email: str, by: Origin, now: Instant
    ) -> Account:
        if holder is not None and holder.id != account.id:
            raise EmailExists
        changes = Changes(email=email, email_verified=True, email_link_signin=True)
        return await self._accounts.change_in(tx, account, changes, by, now)

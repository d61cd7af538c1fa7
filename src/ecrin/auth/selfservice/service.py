"""The verbs of self-service: update, link a password, delete."""

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import reissues
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.outofband.codes import CodeBook
from ecrin.auth.outofband.service import OutOfBandService
from ecrin.auth.password.service import PasswordService
from ecrin.auth.selfservice.rules import Wish, changes_of, provider_after
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens import rules as tokens_rules
from ecrin.auth.tokens.model import Tokens, Verified
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx


class SelfService:
    """Changes that users make to their own account; `require_recent` is off in `ecrin dev`, as in the emulator."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        tokens: TokenService,
        passwords: PasswordService,
        outofband: OutOfBandService,
        codes: CodeBook,
        clock: Clock,
        *,
        require_recent: bool,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._tokens = tokens
        self._passwords = passwords
        self._outofband = outofband
        self._codes = codes
        self._clock = clock
        self._require_recent = require_recent

    async def update(self, project: Project, id_token: str, wish: Wish, by: Origin) -> tuple[Account, Tokens | None]:
        """Change the account that an ID token names.

        A new password or address ends every session and starts a new one, whose tokens are returned. Raises as
        `TokenService.verify` and `changes_of`, `CredentialTooOld`, `EmailExists`, `TooManyAttempts`, `WeakPassword`.
        """
        claims = self._tokens.claims(project, id_token)
        verified = await self._tokens.verify(project, id_token)
        await self._check(project, verified, wish, by)
        hashed = await self._passwords.hash(project, wish.password.reveal()) if wish.password else None
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[Account, Session | None]:
            before = (await self._tokens.verify_in(tx, claims)).account
            changes = changes_of(wish, before, project)
            if hashed is not None:
                changes.setdefault("password", hashed)
            account = await self._accounts.change_in(tx, before, changes, by, now)
            if account.email != before.email:
                await self._outofband.offer_recovery(tx, before, by, now)
            if not reissues(before, account):
                return account, None
            provider = provider_after(claims["firebase"]["sign_in_provider"], wish)
            return await self._tokens.start_in(tx, project, account, provider, by, now)

        account, session = await self._database.write(unit)
        self._codes.wake()
        return account, self._tokens.signed_in(account, session).tokens if session else None

    async def delete(self, project: Project, id_token: str, by: Origin) -> None:
        """Delete the account that an ID token names; raises as `TokenService.verify`, and `CredentialTooOld`."""
        claims = self._tokens.claims(project, id_token)
        verified = await self._tokens.verify(project, id_token)
        if self._require_recent:
            tokens_rules.require_recent(verified, self._clock.now())
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            account = (await self._tokens.verify_in(tx, claims)).account
            await self._accounts.delete_in(tx, project.id, account.id, by, now)

        await self._database.write(unit)

    async def _check(self, project: Project, verified: Verified, wish: Wish, by: Origin) -> None:
        """Refuse before anything is hashed what would be refused afterwards."""
        email = changes_of(wish, verified.account, project).get("email")
        if self._require_recent and wish.sensitive:
            tokens_rules.require_recent(verified, self._clock.now())
        if email and email != verified.account.email:
            await self._passwords.claim_address(project, email, by)

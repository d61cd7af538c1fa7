"""Anonymous sign-in: an account without a name, which its device may later give one."""

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import AdminOnlyOperation, TooManyAttempts
from ecrin.auth.limits.rules import SIGN_UPS, network
from ecrin.auth.limits.service import LimitService
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens.model import SignedIn
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock
from ecrin.base.ids import local_id
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx


class AnonymousService:
    """Makes anonymous accounts."""

    def __init__(
        self, database: Database, accounts: AccountService, tokens: TokenService, limits: LimitService, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._tokens = tokens
        self._limits = limits
        self._clock = clock

    async def sign_up(self, project: Project, by: Origin) -> SignedIn:
        """Make an anonymous account and sign it in; raises `AdminOnlyOperation`, `TooManyAttempts`."""
        if not (project.settings.anonymous_enabled and project.settings.sign_up_enabled):
            raise AdminOnlyOperation
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[Account, Session]:
            if not await self._limits.count_in(tx, SIGN_UPS, project.id, network(by.address), now):
                raise TooManyAttempts
            fresh = Account(project.id, local_id(), now)
            account = await self._accounts.create_in(tx, fresh, "anonymous", by, now)
            return await self._tokens.start_in(tx, project, account, "anonymous", by, now)

        account, session = await self._database.write(unit)
        return self._tokens.signed_in(account, session, is_new=True)

"""Sign-in by custom token (protocol sheet §2.4): a backend vouches for a user with its service account's key."""

from collections.abc import Mapping
from typing import Any

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import CredentialMismatch, InvalidCustomToken, MissingCustomToken, UserNotFound
from ecrin.auth.sessions.model import Session
from ecrin.auth.tokens import rules
from ecrin.auth.tokens.model import SignedIn
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock
from ecrin.base.encoding import strict_json
from ecrin.base.origin import Origin
from ecrin.crypto.jose import unsigned
from ecrin.crypto.jose.strict import dissect
from ecrin.errors import CryptoError, InvalidRequest
from ecrin.governance.projects.model import Project
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.storage.sql.port import Database, Tx


class CustomTokenService:
    """Exchanges custom tokens; `allow_unsigned` belongs to `ecrin dev` alone."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        tokens: TokenService,
        service_accounts: ServiceAccountService,
        clock: Clock,
        *,
        allow_unsigned: bool,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._tokens = tokens
        self._service_accounts = service_accounts
        self._clock = clock
        self._allow_unsigned = allow_unsigned

    async def sign_in(self, project: Project, token: str, by: Origin) -> SignedIn:
        """Sign in the user that a custom token names, who is made if there is none.

        Raises `MissingCustomToken`, `InvalidCustomToken`, `CredentialMismatch`, `MissingIdentifier`, `InvalidClaims`,
        `ForbiddenClaim`, `UserDisabled`.
        """
        if not token:
            raise MissingCustomToken
        uid, claims = rules.custom_token(self._claims(project, token))
        now = self._clock.now()

        async def unit(tx: Tx) -> tuple[Account, Session, bool]:
            account, is_new = await self._account(tx, project, uid, by, now)
            return *await self._tokens.start_in(tx, project, account, "custom", by, now, claims), is_new

        account, session, is_new = await self._database.write(unit)
        return self._tokens.signed_in(account, session, is_new=is_new)

    async def _account(self, tx: Tx, project: Project, uid: str, by: Origin, now: int) -> tuple[Account, bool]:
        try:
            account = await self._accounts.get_in(tx, project.id, uid)
        except UserNotFound:
            fresh = Account(project.id, uid, now, custom_auth=True)
            return await self._accounts.create_in(tx, fresh, "custom", by, now), True
        return await self._accounts.change_in(tx, account, Changes(custom_auth=True), by, now), False

    def _claims(self, project: Project, token: str) -> Mapping[str, Any]:
        try:
            if self._allow_unsigned and (claims := _unsigned(token)) is not None:
                return claims
            key = self._service_accounts.verify(token, rules.CUSTOM_TOKEN_AUDIENCE, self._clock.now())
            if key.project_id != project.id:
                raise CredentialMismatch
            return dissect(token).claims
        except (CryptoError, InvalidRequest) as error:
            raise InvalidCustomToken(error.detail) from None


def _unsigned(token: str) -> Mapping[str, Any] | None:
    """Return the claims of a token that nobody signed (bare JSON, or algorithm "none"); None for a signed one."""
    if token.startswith("{"):
        return dict(strict_json(token.encode()))
    if dissect(token).header["alg"] != "none":
        return None
    claims = unsigned.decode(token)
    if claims.get("aud") != rules.CUSTOM_TOKEN_AUDIENCE:
        raise InvalidCustomToken("The audience is wrong.")
    return claims

"""The verbs of tokens: mint, refresh, verify, and session cookies. Signing happens outside units."""

from collections.abc import Mapping
from typing import Any

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import InvalidIdToken, InvalidRefreshToken, TokenExpired, UserDisabled
from ecrin.auth.sessions.model import Session
from ecrin.auth.sessions.service import ID_BYTES, Lifetimes, SessionService
from ecrin.auth.tokens import rules
from ecrin.auth.tokens.formats import TokenFormat
from ecrin.auth.tokens.model import SignedIn, Tokens, Verified
from ecrin.base.clock import DAY, Clock, Instant
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.crypto.jose.claims import TokenOutdated, check
from ecrin.errors import CryptoError
from ecrin.governance.projects.model import Project
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.port import Tx

LABEL = "refresh-token"
COUNTER_BYTES = 8


class TokenService:
    """Issues and accepts the tokens of every project."""

    def __init__(
        self,
        accounts: AccountService,
        sessions: SessionService,
        keyring: Keyring,
        token_format: TokenFormat,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._keyring = keyring
        self._format = token_format
        self._clock = clock

    async def start_in(
        self, tx: Tx, project: Project, account: Account, provider: str, by: Origin, now: Instant, claims: str = ""
    ) -> tuple[Account, Session]:
        """Sign an account in: note the time and start a session. Raises `UserDisabled`."""
        if account.disabled:
            raise UserDisabled
        account = await self._accounts.signed_in(tx, account, now)
        return account, await self._sessions.start(tx, account, provider, claims, _lifetimes(project), by, now)

    def signed_in(self, account: Account, session: Session, *, is_new: bool = False) -> SignedIn:
        """Return a committed sign-in with its tokens."""
        return SignedIn(account, session, self._mint(account, session), is_new)

    async def refresh(self, project: Project, refresh_token: str, by: Origin) -> tuple[Tokens, Account]:
        """Exchange a refresh token (protocol sheet §2.2).

        Raises `InvalidRefreshToken` for junk, without a query, and as `SessionService.present`.
        """
        now = self._clock.now()
        try:
            payload = self._keyring.mac_tokens(Purpose.REFRESH_TOKEN, LABEL, now).open(refresh_token)
        except CryptoError:
            raise InvalidRefreshToken from None
        session_id, counter = payload[:ID_BYTES], int.from_bytes(payload[ID_BYTES:], "big")
        idle = _lifetimes(project).idle
        session, account = await self._sessions.present(project.id, session_id, counter, idle, by)
        return self._mint(account, session), account

    async def verify(self, project: Project, id_token: str) -> Verified:
        """Return an ID token of the project with its account, both good now.

        Raises `InvalidIdToken`, `TokenExpired`, `UserNotFound`, `UserDisabled`.
        """
        claims = self.claims(project, id_token)
        return rules.usable(claims, await self._accounts.get(project.id, claims["sub"]))

    async def verify_in(self, tx: Tx, claims: Mapping[str, Any]) -> Verified:
        """Return verified claims with their account as the unit sees it; raises as `verify`."""
        return rules.usable(claims, await self._accounts.get_in(tx, claims["aud"], claims["sub"]))

    def claims(self, project: Project, id_token: str) -> Mapping[str, Any]:
        """Return the claims of an ID token of the project; its account is not looked at.

        Raises `InvalidIdToken`, `TokenExpired`.
        """
        now = self._clock.now()
        try:
            claims = self._format.decode(Purpose.ID_TOKEN, id_token, now)
            check(claims, issuer=rules.issuer(project.id), audience=project.id, now=now)
        except TokenOutdated:
            raise TokenExpired from None
        except CryptoError:
            raise InvalidIdToken from None
        if not rules.complete(claims):
            raise InvalidIdToken
        return claims

    async def session_cookie(self, project: Project, id_token: str, lifetime: int | None) -> Secret[str]:
        """Return a session cookie for an ID token (protocol sheet §2.5); `lifetime` is in seconds.

        Raises `InvalidDuration` and as `verify`.
        """
        now = self._clock.now()
        verified = await self.verify(project, id_token)
        claims = rules.cookie_claims(verified.claims, project.id, now, lifetime)
        return Secret(self._format.encode(Purpose.SESSION_COOKIE, claims, now))

    def _mint(self, account: Account, session: Session) -> Tokens:
        now = self._clock.now()
        id_token = self._format.encode(Purpose.ID_TOKEN, rules.id_token_claims(account, session, now), now)
        payload = session.id + session.counter.to_bytes(COUNTER_BYTES, "big")
        refresh_token = self._keyring.mac_tokens(Purpose.REFRESH_TOKEN, LABEL, now).issue(payload)
        return Tokens(Secret(id_token), Secret(refresh_token))


def _lifetimes(project: Project) -> Lifetimes:
    settings = project.settings
    return Lifetimes(settings.session_idle_days * DAY, settings.session_absolute_days * DAY)

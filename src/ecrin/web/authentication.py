"""From headers to a `Caller`. Presenting a credential that is not good is refused, never treated as presenting none."""

from collections.abc import Mapping

from ecrin.base.clock import Instant
from ecrin.errors import EcrinError, Unauthenticated
from ecrin.governance.apikeys.service import PREFIX, TokenService
from ecrin.governance.callers import INSTANCE, LOCAL, NOBODY, Caller, Kind, Scope, Verb
from ecrin.governance.projects.service import ProjectService
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.web.http import Call, Headers

OWNER = Caller(Kind.OPERATOR, "owner", scopes=(Scope(INSTANCE, Verb.ALL),))


class Authenticator:
    """Recognises callers.

    `open_project` belongs to `ecrin dev`: `Bearer owner` is then an operator, and any API key means that project.
    """

    def __init__(
        self,
        projects: ProjectService,
        tokens: TokenService,
        service_accounts: ServiceAccountService,
        open_project: str | None = None,
    ) -> None:
        self._projects = projects
        self._tokens = tokens
        self._service_accounts = service_accounts
        self._open_project = open_project

    async def caller(self, headers: Headers, query: Mapping[str, str], now: Instant, *, local: bool) -> Caller:
        """Return who calls; raises `Unauthenticated` and `InvalidApiKey`."""
        authorization = headers.get(b"authorization")
        if authorization is not None:
            return await self._bearer(authorization.decode("latin-1"), now)
        if local:
            return LOCAL
        key = query.get("key") or headers.get(b"x-goog-api-key", b"").decode("latin-1")
        return self._client(key) if key else NOBODY

    async def holds(self, call: Call, now: Instant) -> bool:
        """Return whether the credential of a call is good at this instant: streams last longer than many a token."""
        if call.caller is LOCAL:
            return True
        try:
            return await self.caller(call.headers, call.query, now, local=False) == call.caller
        except EcrinError:
            return False

    async def _bearer(self, authorization: str, now: Instant) -> Caller:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The Authorization header holds no bearer token.")
        if self._open_project is not None and (token.lower() == "owner" or token.startswith("ya29.")):
            return OWNER
        if token.startswith(PREFIX):
            return await self._tokens.authenticate(token, now)
        return self._service_accounts.authenticate(token, now)

    def _client(self, key: str) -> Caller:
        if self._open_project is not None and not self._projects.knows_key(key):
            return Caller(Kind.CLIENT, "client", self._open_project)
        return Caller(Kind.CLIENT, "client", self._projects.by_key(key).id)

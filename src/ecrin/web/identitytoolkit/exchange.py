"""Tokens for tokens: the refresh call of Secure Token (protocol sheet §2.2) and a service account's assertion."""

from ecrin.auth.errors import InvalidGrantType, MissingGrantType, MissingRefreshToken
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Instant
from ecrin.errors import CryptoError, InvalidRequest
from ecrin.governance.serviceaccounts.model import ACCESS_TOKEN_LIFETIME, TOKEN_PATH, ServiceAccountKey
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.web.http import Call, Reply, json_reply, parameters
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.context import Context
from ecrin.web.routing import CLIENT, OPEN, Route

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105


class RefreshEndpoint:
    """securetoken/v1/token."""

    def __init__(self, context: Context, tokens: TokenService) -> None:
        self._context = context
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("POST", "/securetoken.googleapis.com/v1/token", CLIENT, self.refresh, messages.Refresh)]

    async def refresh(self, call: Call) -> Reply:
        """Exchange a refresh token for an ID token and the newest refresh token."""
        body: messages.Refresh = call.body
        project = await self._context.project(call)
        if not body.grant_type:
            raise MissingGrantType
        if body.grant_type != "refresh_token":
            raise InvalidGrantType
        if not body.refresh_token:
            raise MissingRefreshToken
        tokens, account = await self._tokens.refresh(project, body.refresh_token, call.origin)
        id_token = tokens.id_token.reveal()
        return json_reply(
            {
                "access_token": id_token,
                "expires_in": str(tokens.expires_in),
                "token_type": "Bearer",
                "refresh_token": tokens.refresh_token.reveal(),
                "id_token": id_token,
                "user_id": account.id,
                "project_id": str(project.number),
            }
        )


class AssertionEndpoint:
    """The token endpoint of service accounts (RFC 7523 §2.1)."""

    def __init__(self, service_accounts: ServiceAccountService, public_url: str) -> None:
        self._service_accounts = service_accounts
        self._address = f"{public_url}{TOKEN_PATH}"

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("POST", TOKEN_PATH, OPEN, self.exchange)]

    async def exchange(self, call: Call) -> Reply:
        """Exchange an assertion that the service account's key signed for an access token of an hour."""
        form = parameters(call.body.decode("latin-1"))
        if not form.get("grant_type"):
            raise InvalidRequest("The grant_type is missing.")
        if form["grant_type"] != JWT_BEARER:
            raise InvalidGrantType(f"Send grant_type={JWT_BEARER}.")
        if not form.get("assertion"):
            raise InvalidRequest("The assertion is missing.")
        key = self._signer(form["assertion"], call.now)
        lifetime = ACCESS_TOKEN_LIFETIME // 1000
        token = self._service_accounts.access_token(key, call.now)
        return json_reply({"access_token": token, "token_type": "Bearer", "expires_in": lifetime})

    def _signer(self, assertion: str, now: Instant) -> ServiceAccountKey:
        """Return the key that signed an assertion for us; google-auth names Google's address whatever the token_uri."""
        try:
            return self._service_accounts.verify(assertion, GOOGLE_TOKEN_URI, now)
        except CryptoError:
            return self._service_accounts.verify(assertion, self._address, now)

"""/api/v1/tokens: credentials of operators and CI."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ecrin.base.clock import DAY
from ecrin.governance.apikeys.model import Token, TokenKind
from ecrin.governance.apikeys.service import TokenService
from ecrin.governance.callers import Scope, Verb
from ecrin.web.api.units import Time
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
from ecrin.web.routing import Access, Need, Route

BASE = "/api/v1/tokens"
ANY = Access(Need.CREDENTIAL_OF_BODY, Verb.READ)
DEFAULT_DAYS = 365


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """A token to make; its scopes must be covered by the caller's."""

    scopes: list[str]
    name: str = ""
    expires_in_days: int | None = DEFAULT_DAYS


class TokenShown(msgspec.Struct):
    """The record of a token. `expires_at` is null where it has no end, `revoked_at` where it was not revoked."""

    token_id: str
    kind: TokenKind
    name: str
    scopes: Annotated[list[str], Meta(description="Each is PROJECT[/APP[/CHANNEL]]:VERB, or *:VERB for the instance.")]
    created_by: str
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None


class TokenMade(TokenShown):
    """A new token."""

    token: Annotated[str, Meta(description="The secret itself, shown this once.")]


class TokenList(msgspec.Struct):
    """The records of the tokens that the caller could have made."""

    tokens: list[TokenShown]


class TokenEndpoints:
    """Make, list and revoke tokens; everybody sees and revokes only what they could have made."""

    def __init__(self, tokens: TokenService) -> None:
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", BASE, ANY, self.list, reply=TokenList),
            Route("POST", BASE, ANY, self.create, NewToken, reply=TokenMade, status=201),
            Route("DELETE", f"{BASE}/{{token}}", ANY, self.revoke),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the records of tokens."""
        return json_reply(TokenList([_shown(t) for t in await self._tokens.all(call.caller)]))

    async def create(self, call: Call) -> Reply:
        """Make a token and return it, this once."""
        body: NewToken = call.body
        scopes = tuple(Scope.parse(s) for s in body.scopes)
        lifetime = None if body.expires_in_days is None else body.expires_in_days * DAY
        record, text = await self._tokens.create(TokenKind.CI, body.name, scopes, lifetime, call.caller, call.origin)
        return json_reply({**msgspec.structs.asdict(_shown(record)), "token": text.reveal()}, 201)

    async def revoke(self, call: Call) -> Reply:
        """Revoke a token."""
        await self._tokens.revoke(call.params["token"], call.caller, call.origin)
        return NO_CONTENT


def _shown(token: Token) -> TokenShown:
    return TokenShown(
        token_id=token.id,
        kind=token.kind,
        name=token.name,
        scopes=[str(s) for s in token.scopes],
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
    )

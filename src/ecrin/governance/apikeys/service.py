"""The verbs of operator and CI tokens: create, recognise, list, revoke."""

import secrets

from ecrin.base.clock import DAY, Clock, Instant
from ecrin.base.encoding import b64url
from ecrin.base.events import CredentialCreated, CredentialRevoked, Event, Events, KeyRotated
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.errors import InvalidRequest, NotFound, Unauthenticated
from ecrin.governance.apikeys import store
from ecrin.governance.apikeys.model import Token, TokenKind
from ecrin.governance.callers import INSTANCE, Caller, Scope, narrower, sooner
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.port import Database, Tx

PREFIX = "ecrin_"
LABEL = "operator-token"
MAX_NAME = 100
MAX_LIFETIME = 36_500 * DAY  # what ends later than calendars do can be shown to nobody


class TokenService:
    """Operator and CI tokens; a token can only make narrower ones."""

    def __init__(self, database: Database, keyring: Keyring, events: Events[Tx], clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._events = events
        self._clock = clock

    async def create(
        self, kind: TokenKind, name: str, scopes: tuple[Scope, ...], lifetime: int | None, parent: Caller, by: Origin
    ) -> tuple[Token, Secret[str]]:
        """Create a token that may do no more than its parent, and no longer.

        `lifetime` is in milliseconds, None for as long as the parent may.
        Raises `PermissionDenied` for a scope the parent lacks, `InvalidRequest` for no scope or a bad name or lifetime.
        """
        narrower(scopes, parent)
        if len(name) > MAX_NAME or (lifetime is not None and not 0 < lifetime <= MAX_LIFETIME):
            raise InvalidRequest("The name is too long, or the lifetime is not positive or over 100 years.")
        now = self._clock.now()
        text = f"{PREFIX}{kind}_{b64url(secrets.token_bytes(32))}"
        expires = sooner(None if lifetime is None else now + lifetime, parent)
        token = Token(secrets.token_hex(8), kind, name, scopes, parent.name, now, expires)

        async def unit(tx: Tx) -> None:
            await store.insert(tx, token, self._keyring.token_hash(text, LABEL, now))
            event = CredentialCreated(_project(scopes), token.id, kind, tuple(str(s) for s in scopes))
            await self._events.emit(tx, event, by, now)

        await self._database.write(unit)
        return token, Secret(text)

    async def authenticate(self, text: str, now: Instant) -> Caller:
        """Return the caller that a token proves; raises `Unauthenticated` for one that is unknown, revoked or over."""
        hashes = self._keyring.token_hashes(text, LABEL, now)

        async def unit(tx: Tx) -> Token | None:
            for token_hash in hashes:
                if found := await store.by_hash(tx, token_hash):
                    return found
            return None

        token = await self._database.read(unit)
        if token is None or not token.valid(now):
            raise Unauthenticated
        return token.caller()

    async def all(self, parent: Caller) -> list[Token]:
        """Return the tokens that the parent could have made."""
        tokens = await self._database.scan(store.load)
        return [t for t in tokens if all(parent.may(s) for s in t.scopes)]

    async def revoke(self, token_id: str, parent: Caller, by: Origin) -> None:
        """Revoke a token; raises `NotFound` alike for an unknown one and one that is not the parent's to take."""
        token = next((t for t in await self.all(parent) if t.id == token_id), None)
        if token is None:
            raise NotFound
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            if await store.revoke(tx, token_id, now):
                await self._events.emit(tx, CredentialRevoked(_project(token.scopes), token_id), by, now)

        await self._database.write(unit)

    async def on_event(self, tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        """Revoke every token when the key of their hashes is erased, so that no list calls a dead token good."""
        if isinstance(event, KeyRotated) and event.emergency and event.purpose == Purpose.TOKEN_HASH:
            await store.revoke_all(tx, now)


def _project(scopes: tuple[Scope, ...]) -> str:
    names = {s.project for s in scopes}
    return names.pop() if len(names) == 1 else INSTANCE

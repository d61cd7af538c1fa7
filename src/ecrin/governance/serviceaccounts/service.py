"""The verbs of service accounts: make a key, exchange an assertion for an access token, recognise both."""

import asyncio
import hashlib

from ecrin.base.clock import SECOND, Clock, Instant
from ecrin.base.events import CredentialCreated, CredentialRevoked, Events
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.crypto.jose import rsa
from ecrin.errors import CryptoError, NotFound, Unauthenticated
from ecrin.governance.callers import Caller, Kind, Scope, Verb
from ecrin.governance.serviceaccounts import rules, store
from ecrin.governance.serviceaccounts.model import ACCESS_TOKEN_LIFETIME, ServiceAccountKey, email_of
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.port import Database, Tx

LABEL = "access-token"
ID_BYTES = 20


class ServiceAccountService:
    """The service account of each project. Its keys are few and read often, so they are held in memory."""

    def __init__(self, database: Database, keyring: Keyring, events: Events[Tx], clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._events = events
        self._clock = clock
        self._keys: dict[str, ServiceAccountKey] = {}
        self._turn = asyncio.Lock()  # an older reading never replaces a newer one

    async def load(self) -> None:
        """Read the keys anew."""
        async with self._turn:
            self._keys = {key.id: key for key in await self._database.scan(store.load)}

    def keys(self, project_id: str) -> list[ServiceAccountKey]:
        """Return the keys of a project that are not revoked."""
        return [key for key in self._keys.values() if key.project_id == project_id]

    async def create_key(self, project_id: str, by: Origin) -> tuple[ServiceAccountKey, Secret[str]]:
        """Make a key and return its record with the private half (PEM), which is not kept here."""
        private, public = await asyncio.to_thread(rsa.generate)
        now = self._clock.now()
        kid = hashlib.sha256(public).hexdigest()[: 2 * ID_BYTES]
        key = ServiceAccountKey(kid, project_id, email_of(project_id), public, now)

        async def unit(tx: Tx) -> None:
            await store.insert(tx, key)
            event = CredentialCreated(project_id, key.id, Kind.SERVICE_ACCOUNT, (str(_scope(project_id)),))
            await self._events.emit(tx, event, by, now)

        await self._database.write(unit)
        await self.load()
        return key, Secret(rsa.private_pem(private))

    async def revoke_key(self, project_id: str, key_id: str, by: Origin) -> None:
        """Revoke a key, and with it the tokens it signed and the access tokens it was exchanged for."""
        if key_id not in {key.id for key in self.keys(project_id)}:
            raise NotFound
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            if await store.revoke(tx, key_id, now):
                await self._events.emit(tx, CredentialRevoked(project_id, key_id), by, now)

        await self._database.write(unit)
        self._keys.pop(key_id, None)  # even if the keys cannot be read now
        await self.load()

    def verify(self, token: str, audience: str, now: Instant) -> ServiceAccountKey:
        """Return the key that signed a token for this audience; raises as `rules.verify`."""
        return rules.verify(token, list(self._keys.values()), audience, now)

    def access_token(self, key: ServiceAccountKey, now: Instant) -> str:
        """Return an access token (RFC 6749 §1.4) of an hour; it dies with the key."""
        expires = (now + ACCESS_TOKEN_LIFETIME) // SECOND
        payload = bytes.fromhex(key.id) + expires.to_bytes(5, "big")
        return self._keyring.mac_tokens(Purpose.TOKEN_HASH, LABEL, now).issue(payload)

    def authenticate(self, access_token: str, now: Instant) -> Caller:
        """Return the caller that an access token proves; raises `Unauthenticated`."""
        try:
            payload = self._keyring.mac_tokens(Purpose.TOKEN_HASH, LABEL, now).open(access_token)
        except CryptoError:
            raise Unauthenticated from None
        key = self._keys.get(payload[:ID_BYTES].hex())
        expires_at = int.from_bytes(payload[ID_BYTES:], "big") * SECOND
        if key is None or expires_at <= now:
            raise Unauthenticated
        name, scopes = f"service-account:{key.id}", (_scope(key.project_id),)
        return Caller(Kind.SERVICE_ACCOUNT, name, key.project_id, scopes, expires_at)


def _scope(project_id: str) -> Scope:
    return Scope(project_id, Verb.ALL)

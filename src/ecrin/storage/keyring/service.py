"""The verbs of the keyring. Parsed key objects are cached; which of them signs is asked anew for each instant."""

import asyncio
import hashlib
import hmac
import secrets

from ecrin.base.clock import DAY, Clock, Instant
from ecrin.base.events import Events, KeyRotated
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.crypto import keyset as rules
from ecrin.crypto.envelope import Envelope
from ecrin.crypto.jose import rsa
from ecrin.crypto.jose.sign import Rs256Signer
from ecrin.crypto.jose.verify import Rs256Verifier
from ecrin.crypto.kdf import derive
from ecrin.crypto.keyset import Key, Keyset
from ecrin.crypto.mactoken import MacTokens
from ecrin.errors import ConfigurationError, DecryptionFailed, MasterKeyRejected
from ecrin.storage.keyring.model import CENTURY, POLICIES, Purpose
from ecrin.storage.keyring.store import KeyStore
from ecrin.storage.sql.port import Database, Tx

MAX_SYMMETRIC_KEYS = 255
REMEMBERED_TOKENS = 4096  # some 2 KB each
CERTIFICATE_NAME = "securetoken.system.gserviceaccount.com"


class Keyring:
    """Every key set of the instance. Call `load` once before anything else."""

    def __init__(self, database: Database, master: Secret[bytes], events: Events[Tx], clock: Clock) -> None:
        self._database = database
        self._store = KeyStore(Envelope({"master": master.reveal()}, "master"))
        self._events = events
        self._clock = clock
        self._sets: dict[Purpose, Keyset] = {}
        self._signers: dict[str, Rs256Signer] = {}
        self._verifiers: dict[tuple[str, ...], Rs256Verifier] = {}
        self._macs: dict[tuple[str, ...], MacTokens] = {}
        self._hash_keys: dict[tuple[str, str], bytes] = {}
        self._envelope: Envelope | None = None

    async def load(self) -> None:
        """Read all keys and make the first one of each purpose that has none.

        Raises `MasterKeyRejected` if the master key does not open them.
        """
        try:
            keys = await self._database.scan(self._store.load)
        except DecryptionFailed:
            raise MasterKeyRejected("The master key is not the one that this database was sealed with.") from None
        self._replace(keys)
        missing = [p for p in Purpose if not self._sets[p].keys]
        made = await asyncio.gather(*(asyncio.to_thread(new_key, p, 1, self._clock.now()) for p in missing))
        if made:
            await self._save(list(made))

    def inventory(self) -> list[tuple[Key, rules.State]]:
        """Return every key that is not retired with its state, by purpose and age."""
        now = self._clock.now()
        return [(k, s.state(k, now)) for s in self._sets.values() for k in s.published(now)]

    def published(self, purpose: Purpose, now: Instant) -> tuple[Key, ...]:
        """Return the keys that verifiers must know now."""
        return self._sets[purpose].published(now)

    def signer(self, purpose: Purpose, now: Instant) -> Rs256Signer:
        """Return the signer of an asymmetric purpose."""
        key = self._active(purpose, now)
        if key.id not in self._signers:
            self._signers[key.id] = Rs256Signer(key.id, key.material.reveal())
        return self._signers[key.id]

    def verifier(self, purpose: Purpose, now: Instant) -> Rs256Verifier:
        """Return the verifier over the keys that are published now."""
        keys = self._sets[purpose].published(now)
        ids = tuple(k.id for k in keys)
        if ids not in self._verifiers:
            self._verifiers[ids] = Rs256Verifier({k.id: k.public for k in keys}, remember=REMEMBERED_TOKENS)
        return self._verifiers[ids]

    def mac_tokens(self, purpose: Purpose, label: str, now: Instant) -> MacTokens:
        """Return the opaque tokens of a label under a symmetric purpose."""
        keys = self._sets[purpose].published(now)
        active = self._active(purpose, now)
        ids = (label, active.id, *(k.id for k in keys))
        if ids not in self._macs:
            self._macs[ids] = MacTokens({_number(k): k.material.reveal() for k in keys}, _number(active), label)
        return self._macs[ids]

    def token_hash(self, text: str, label: str, now: Instant) -> bytes:
        """Return the keyed hash under which a new secret of this label is stored (HMAC-SHA256, 32 bytes)."""
        return self._hash(self._active(Purpose.TOKEN_HASH, now), text, label)

    def token_hashes(self, text: str, label: str, now: Instant) -> list[bytes]:
        """Return every hash under which a secret that is presented may be stored, the newest key's first."""
        return [self._hash(k, text, label) for k in reversed(self._sets[Purpose.TOKEN_HASH].published(now))]

    def columns(self) -> Envelope:
        """Return the envelope of sealed columns."""
        if self._envelope is None:
            opened = {k.id: k.material.reveal() for k in self._sets[Purpose.COLUMN].keys}
            self._envelope = Envelope(opened, self._active(Purpose.COLUMN, self._clock.now()).id)
        return self._envelope

    async def rotate(self, purpose: Purpose, by: Origin, *, emergency: bool = False) -> Key:
        """Make the next key of a purpose: publish, then sign, then retire the old one.

        In an emergency the new key signs at once and the old ones are erased: what they signed is worth nothing from
        now on. Sealed columns would be lost with their key, so there the old one stays. Raises `RotationPending` while
        a next key waits (not in an emergency).
        """
        now = self._clock.now()
        policy = POLICIES[purpose]
        fresh = await asyncio.to_thread(new_key, purpose, self._next_number(purpose), now)
        if emergency and purpose is not Purpose.COLUMN:
            changes, erased = [fresh], tuple(k.id for k in self._sets[purpose].keys)
        else:
            times = {"publish_for": policy.publish_for, "verify_for": policy.verify_for}
            changes, erased = list(rules.rotate(self._sets[purpose], fresh, now, **times)), ()
        await self._save(changes, KeyRotated("*", fresh.id, purpose, emergency), by, erased)
        return changes[0]

    async def _save(
        self,
        keys: list[Key],
        event: KeyRotated | None = None,
        by: Origin | None = None,
        erased: tuple[str, ...] = (),
    ) -> None:
        async def unit(tx: Tx) -> list[Key]:
            for key_id in erased:
                await self._store.erase(tx, key_id)
            for key in keys:
                await self._store.save(tx, key)
            if event and by:
                await self._events.emit(tx, event, by, self._clock.now())
            return await self._store.load(tx)

        self._replace(await self._database.write(unit))

    def _active(self, purpose: Purpose, now: Instant) -> Key:
        """Return the key that signs; before the time of the first one, where only a wrong clock can be, that one."""
        keys = self._sets[purpose]
        return keys.signer(max(now, keys.keys[0].active_from))

    def _hash(self, key: Key, text: str, label: str) -> bytes:
        name = key.id, label
        if name not in self._hash_keys:
            self._hash_keys[name] = derive(key.material.reveal(), label)
        return hmac.digest(self._hash_keys[name], text.encode(), "sha256")

    def _replace(self, keys: list[Key]) -> None:
        self._sets = {p: Keyset(p, tuple(k for k in keys if k.purpose == p)) for p in Purpose}
        self._verifiers.clear()
        self._macs.clear()
        self._hash_keys.clear()
        self._envelope = None

    def _next_number(self, purpose: Purpose) -> int:
        if POLICIES[purpose].asymmetric:
            return 0
        number = max(_number(k) for k in self._sets[purpose].keys) + 1
        if number > MAX_SYMMETRIC_KEYS:
            raise ConfigurationError(f"The purpose {purpose} has used up its 255 keys.")
        return number


def new_key(purpose: Purpose, number: int, now: Instant) -> Key:
    """Return a new key: RSA 2048 with a self-signed certificate, or 32 random bytes, as the purpose needs."""
    if not POLICIES[purpose].asymmetric:
        return Key(f"{purpose}-{number}", purpose, Secret(secrets.token_bytes(32)), b"", "", now, now, None)
    private, public = rsa.generate()
    certificate = rsa.certificate(private, CERTIFICATE_NAME, now - DAY, now + CENTURY // 10)
    kid = hashlib.sha256(public).hexdigest()[:40]
    return Key(kid, purpose, Secret(private), public, certificate, now, now, None)


def _number(key: Key) -> int:
    return int(key.id.rsplit("-", 1)[1])

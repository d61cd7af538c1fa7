"""Slots ("Slots" in docs/specs/vault-format.md): the vault key, wrapped for each way to open the vault.

Pure. A slot's secret (from a passcode, a chip, a key store) makes an X25519 key pair; the vault key is wrapped to the
public half by HPKE (RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). So a rotation gives the
new key to every slot without asking anybody for theirs, and who held an old key learns nothing about the new one.

Base mode does not say who wrapped (RFC 9180 §9.1), and whoever can write the file can wrap. So the keys of a vault
are made of the vault key and of its *guard*, which never changes: each slot keeps it, sealed under its own secret.
"""

import hmac
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ecrin.base.ids import Draw
from ecrin.crypto.aead import KEY_BYTES, NONCE_BYTES
from ecrin.crypto.kdf import Buffer, derive_into
from ecrin.vault.errors import SlotRefused, VaultDamaged
from ecrin.vault.memory import forget

SLOT_ID_BYTES = 16
EPOCH_BYTES = 4
SECRET_BYTES = 32  # at least
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Slot:
    """A row: how a slot is opened (`kind`, `params` as canonical JSON), its public key, guard and vault key, sealed."""

    id: bytes
    kind: str
    params: bytes
    public: bytes
    guard: bytes = b""
    wrapped: bytes = b""


def public_key(vault_id: bytes, slot_id: bytes, secret: Buffer) -> bytes:
    """Return the public key (32 bytes) of a slot's secret, which must be strong: 32 bytes or more."""
    return _private(vault_id, slot_id, secret).public_key().public_bytes_raw()


def guarded(vault_id: bytes, slot: Slot, secret: Buffer, guard: Buffer, draw: Draw = secrets.token_bytes) -> Slot:
    """Return a new slot that keeps the vault's guard (32 bytes), sealed under its secret."""
    nonce = draw(NONCE_BYTES)
    with _guarding(vault_id, slot.id, secret) as cipher:
        return replace(slot, guard=nonce + cipher.encrypt(nonce, guard, _info(vault_id, slot)))


def wrap(vault_id: bytes, slot: Slot, epoch: int, vault_key: Buffer) -> Slot:
    """Return the slot with the vault key of an epoch wrapped for it."""
    recipient = X25519PublicKey.from_public_bytes(slot.public)
    plain = bytearray(epoch.to_bytes(EPOCH_BYTES, "big")) + vault_key
    try:
        return replace(slot, wrapped=SUITE.encrypt(plain, recipient, info=_info(vault_id, slot)))
    finally:
        plain[:] = bytes(len(plain))


def unwrap(vault_id: bytes, slot: Slot, secret: Buffer, out: memoryview) -> int:
    """Write the vault key and the guard into `out` (64 bytes) and return the key's epoch.

    Raises `SlotRefused` for another secret or a slot that was changed, `VaultDamaged` for a changed one whose secret
    this is; `out` is as it was then.
    """
    private = _private(vault_id, slot.id, secret)
    try:
        return _opened(vault_id, slot, secret, private, out)
    except (InvalidTag, ValueError):
        right = hmac.compare_digest(private.public_key().public_bytes_raw(), slot.public)
    del private  # an app may keep the error, and with it this frame
    if right:
        raise VaultDamaged("A slot was changed by something else than this vault.")
    raise SlotRefused


def _opened(vault_id: bytes, slot: Slot, secret: Buffer, private: X25519PrivateKey, out: memoryview) -> int:
    info, guard, opened = _info(vault_id, slot), bytearray(KEY_BYTES), b""
    try:
        nonce, sealed = slot.guard[:NONCE_BYTES], slot.guard[NONCE_BYTES:]
        with _guarding(vault_id, slot.id, secret) as cipher:
            cipher.decrypt_into(nonce, sealed, info, guard)
        opened = SUITE.decrypt(slot.wrapped, private, info=info)
        if len(opened) != EPOCH_BYTES + KEY_BYTES:
            raise ValueError("This is no vault key.")
        out[:KEY_BYTES], out[KEY_BYTES:] = memoryview(opened)[EPOCH_BYTES:], guard
        return int.from_bytes(opened[:EPOCH_BYTES], "big")
    finally:
        forget(opened)
        guard[:] = bytes(KEY_BYTES)


def hash_of(slots: Iterable[Slot]) -> bytes:
    """Return the hash that binds the slots to the manifest: of every row but the vault key, by id."""
    found = sha256()
    for slot in sorted(slots, key=lambda slot: slot.id):
        found.update(_framed(slot.id, slot.kind.encode(), slot.params, slot.public, slot.guard))
    return found.digest()


def _private(vault_id: bytes, slot_id: bytes, secret: Buffer) -> X25519PrivateKey:
    with _derived(vault_id, b"ecrin slot 1" + slot_id, secret) as private:
        return X25519PrivateKey.from_private_bytes(private)


@contextmanager
def _guarding(vault_id: bytes, slot_id: bytes, secret: Buffer) -> Iterator[AESGCM]:
    with _derived(vault_id, b"ecrin slot 1 guard" + slot_id, secret) as key:
        yield AESGCM(key)


@contextmanager
def _derived(vault_id: bytes, info: bytes, secret: Buffer) -> Iterator[bytearray]:
    """Lend a key of a slot's secret."""
    if len(secret) < SECRET_BYTES:
        raise ValueError("A slot's secret has at least 32 bytes.")
    key = bytearray(KEY_BYTES)
    derive_into(secret, vault_id, info, memoryview(key))
    try:
        yield key
    finally:
        key[:] = bytes(KEY_BYTES)


def _info(vault_id: bytes, slot: Slot) -> bytes:
    return b"ecrin vault 1 slot" + vault_id + _framed(slot.id, slot.kind.encode(), slot.params, slot.public)


def _framed(*parts: bytes) -> bytes:
    """Return parts that cannot run into each other: each behind its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

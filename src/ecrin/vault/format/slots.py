"""Slots ("Slots" in docs/specs/vault-format.md): the vault key, wrapped for each way to open the vault.

Pure. A slot's secret (from a passcode, a chip, a key store) makes an X25519 key pair; the vault key is wrapped to the
public half by HPKE (RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). So a rotation gives the
new key to every slot without asking anybody for theirs, and who held an old key learns nothing about the new one.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ecrin.crypto.aead import KEY_BYTES
from ecrin.crypto.kdf import Buffer, derive_into
from ecrin.vault.errors import SlotRefused, VaultDamaged
from ecrin.vault.memory import forget

SLOT_ID_BYTES = 16
EPOCH_BYTES = 4
SECRET_BYTES = 32  # at least
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Slot:
    """A row: how a slot is opened (`kind`, `params` as canonical JSON), its public key, and the vault key wrapped."""

    id: bytes
    kind: str
    params: bytes
    public: bytes
    wrapped: bytes = b""


def public_key(vault_id: bytes, slot_id: bytes, secret: Buffer) -> bytes:
    """Return the public key (32 bytes) of a slot's secret, which must be strong: 32 bytes or more."""
    return _private(vault_id, slot_id, secret).public_key().public_bytes_raw()


def wrap(vault_id: bytes, slot: Slot, epoch: int, vault_key: Buffer) -> Slot:
    """Return the slot with the vault key of an epoch wrapped for it."""
    recipient = X25519PublicKey.from_public_bytes(slot.public)
    plain = bytearray(epoch.to_bytes(EPOCH_BYTES, "big")) + vault_key
    try:
        return replace(slot, wrapped=SUITE.encrypt(plain, recipient, info=_info(vault_id, slot)))
    finally:
        plain[:] = bytes(len(plain))


def unwrap(vault_id: bytes, slot: Slot, secret: Buffer, out: memoryview) -> int:
    """Write the vault key into `out` (32 bytes) and return its epoch.

    Raises `SlotRefused` for another secret or a slot that was changed, `VaultDamaged` for a changed one whose secret
    this is; `out` is as it was then.
    """
    private = _private(vault_id, slot.id, secret)
    try:
        opened = SUITE.decrypt(slot.wrapped, private, info=_info(vault_id, slot))
    except (InvalidTag, ValueError):
        if hmac.compare_digest(private.public_key().public_bytes_raw(), slot.public):
            raise VaultDamaged("A slot was changed by something else than this vault.") from None
        raise SlotRefused from None
    try:
        if len(opened) != EPOCH_BYTES + KEY_BYTES:
            raise SlotRefused
        out[:] = memoryview(opened)[EPOCH_BYTES:]
        return int.from_bytes(opened[:EPOCH_BYTES], "big")
    finally:
        forget(opened)


def hash_of(slots: Iterable[Slot]) -> bytes:
    """Return the hash that binds the slots to the manifest: of every row but what is wrapped, by id."""
    found = sha256()
    for slot in sorted(slots, key=lambda slot: slot.id):
        found.update(_framed(slot.id, slot.kind.encode(), slot.params, slot.public))
    return found.digest()


def _private(vault_id: bytes, slot_id: bytes, secret: Buffer) -> X25519PrivateKey:
    if len(secret) < SECRET_BYTES:
        raise ValueError("A slot's secret has at least 32 bytes.")
    private = bytearray(32)
    derive_into(secret, vault_id, b"ecrin slot 1" + slot_id, memoryview(private))
    try:
        return X25519PrivateKey.from_private_bytes(private)
    finally:
        private[:] = bytes(32)


def _info(vault_id: bytes, slot: Slot) -> bytes:
    return b"ecrin vault 1 slot" + vault_id + _framed(slot.id, slot.kind.encode(), slot.params, slot.public)


def _framed(*parts: bytes) -> bytes:
    """Return parts that cannot run into each other: each behind its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

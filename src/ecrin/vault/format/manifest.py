"""The manifest ("Manifest" in docs/specs/vault-format.md): what the vault holds as a whole, sealed.

Pure. It says how many entries there are, which (by a hash of the set), which slots, and how often anything changed. The
hash is sealed because it is linear: whoever had seen enough of them could solve for a set that was never there.
"""

import secrets
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from ecrin.base.ids import Draw
from ecrin.crypto.aead import KEY_BYTES, NONCE_BYTES
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.format.keys import EpochKeys

_FIXED = struct.Struct(">QQ32s32s32s32sI")  # counter, count, set, slots, ids key, set key, length of the settings
MAX_SETTINGS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """`counter` grows with every change; `entries` is their number, `set_hash` the XOR of their digests.

    `slots_hash` is over the rows of the slots, `ids_key` and `set_key` are kept over rotations, `settings` is canonical
    JSON. Never printed.
    """

    counter: int
    entries: int
    set_hash: int
    slots_hash: bytes
    ids_key: bytes
    set_key: bytes
    settings: bytes

    def __repr__(self) -> str:
        return f"Manifest(counter={self.counter}, entries={self.entries})"


def seal(keys: EpochKeys, vault_id: bytes, manifest: Manifest, draw: Draw = secrets.token_bytes) -> bytes:
    """Return the manifest as it is stored: nonce, ciphertext and tag; raises `ValueError` for too long settings."""
    if len(manifest.settings) > MAX_SETTINGS:
        raise ValueError("The settings have more than 64 KiB.")
    body = _FIXED.pack(
        manifest.counter,
        manifest.entries,
        manifest.set_hash.to_bytes(KEY_BYTES, "big"),
        manifest.slots_hash,
        manifest.ids_key,
        manifest.set_key,
        len(manifest.settings),
    )
    nonce = draw(NONCE_BYTES)
    return nonce + keys.manifest.encrypt(nonce, body + manifest.settings, _bound(vault_id, keys.epoch))


def unseal(keys: EpochKeys, vault_id: bytes, sealed: bytes) -> Manifest:
    """Return a manifest; raises `VaultDamaged` if it is not one of this vault and epoch, to the last bit."""
    try:
        body = keys.manifest.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(vault_id, keys.epoch))
        fixed = _FIXED.unpack_from(body)
    except (InvalidTag, ValueError, struct.error):
        raise VaultDamaged("The manifest does not open.") from None
    counter, entries, set_hash, slots_hash, ids_key, set_key, length = fixed
    settings = body[_FIXED.size :]
    if len(settings) != length:
        raise VaultDamaged("The manifest is cut.")
    return Manifest(counter, entries, int.from_bytes(set_hash, "big"), slots_hash, ids_key, set_key, settings)


def _bound(vault_id: bytes, epoch: int) -> bytes:
    return b"ecrin vault 1 manifest" + vault_id + epoch.to_bytes(4, "big")

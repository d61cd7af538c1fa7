"""The manifest ("Manifest" in docs/specs/vault-format.md): what the vault holds as a whole, sealed.

Pure. It says how many entries there are, which (by a hash of the set), which slots, and how often anything changed. The
hash is sealed because it is linear: whoever had seen enough of them could solve for a set that was never there. Keys
that outlive an epoch are kept in it too; they come out into a room of the caller's, never as bytes.
"""

import secrets
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from ecrin.base.ids import Draw
from ecrin.crypto.aead import KEY_BYTES, NONCE_BYTES, TAG_BYTES
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.format.keys import EpochKeys

_FIXED = struct.Struct(">QQQQ32s32sI")  # counter, since, mark, count, set, slots, previous epoch
KEPT_BYTES = 3 * KEY_BYTES  # ids key, set key, previous vault key
_HEAD = _FIXED.size + KEPT_BYTES
MAX_SETTINGS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a vault holds.

    `counter` grows with every change; it stood at `since` when the epoch began. `mark` grows with every anchoring.
    `entries` is their number, `set_hash` the XOR of their digests, `slots_hash` over the rows of the slots. `previous`
    is the epoch that a rotation under way comes from, or 0. `settings` is canonical JSON.
    """

    counter: int
    since: int
    mark: int
    entries: int
    set_hash: int
    slots_hash: bytes
    previous: int
    settings: bytes


def seal(
    keys: EpochKeys, vault_id: bytes, manifest: Manifest, kept: memoryview, draw: Draw = secrets.token_bytes
) -> bytes:
    """Return the manifest as it is stored: nonce, ciphertext and tag; raises `ValueError` for too long settings.

    `kept` has `KEPT_BYTES` bytes: ids key, set key, and the vault key of the previous epoch, or zeros.
    """
    if len(manifest.settings) > MAX_SETTINGS:
        raise ValueError("The settings have more than 64 KiB.")
    body = bytearray(_HEAD + len(manifest.settings))
    _FIXED.pack_into(
        body,
        0,
        manifest.counter,
        manifest.since,
        manifest.mark,
        manifest.entries,
        manifest.set_hash.to_bytes(KEY_BYTES, "big"),
        manifest.slots_hash,
        manifest.previous,
    )
    body[_FIXED.size : _HEAD] = kept
    body[_HEAD:] = manifest.settings
    nonce = draw(NONCE_BYTES)
    try:
        return nonce + keys.manifest.encrypt(nonce, body, _bound(vault_id, keys.epoch))
    finally:
        body[:] = bytes(len(body))


def unseal(keys: EpochKeys, vault_id: bytes, sealed: bytes, kept: memoryview) -> Manifest:
    """Return a manifest and fill `kept`; raises `VaultDamaged` if it is not one of this vault and epoch, to the bit."""
    body = bytearray(max(len(sealed) - NONCE_BYTES - TAG_BYTES, 0))
    try:
        keys.manifest.decrypt_into(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(vault_id, keys.epoch), body)
        counter, since, mark, entries, set_hash, slots_hash, previous = _FIXED.unpack_from(body)
        kept[:] = memoryview(body)[_FIXED.size : _HEAD]
        settings = bytes(body[_HEAD:])
    except (InvalidTag, ValueError, struct.error):
        raise VaultDamaged("The manifest does not open.") from None
    finally:
        body[:] = bytes(len(body))
    set_number = int.from_bytes(set_hash, "big")
    return Manifest(counter, since, mark, entries, set_number, slots_hash, previous, settings)


def _bound(vault_id: bytes, epoch: int) -> bytes:
    return b"ecrin vault 1 manifest" + vault_id + epoch.to_bytes(4, "big")

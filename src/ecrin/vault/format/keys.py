"""The keys of a vault ("Keys" in docs/specs/vault-format.md): HKDF-SHA256 (RFC 5869) from the vault key of an epoch.

Pure. A key is a buffer that the caller owns and wipes; the copy that a cipher keeps goes with the cipher.
"""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecrin.crypto.aead import KEY_BYTES
from ecrin.crypto.kdf import Buffer, derive_into

VAULT_ID_BYTES = 16
MAX_EPOCH = 2**32 - 1
ROOM = 2 * KEY_BYTES


class EpochKeys:
    """The two ciphers of one epoch, AES-256-GCM under a key each: `entries` and `manifest`.

    `vault_key` has 32 bytes, `vault_id` 16; `room` has `ROOM` bytes and is filled with the two keys; the caller keeps
    it as long as the ciphers are used, and wipes it then. Raises `ValueError` for other sizes or epochs.
    """

    __slots__ = ("entries", "epoch", "manifest")

    def __init__(self, vault_key: Buffer, vault_id: bytes, epoch: int, room: memoryview) -> None:
        if len(vault_key) != KEY_BYTES or len(vault_id) != VAULT_ID_BYTES or len(room) != ROOM:
            raise ValueError("The key, the id or the room for keys has another size.")
        if not 1 <= epoch <= MAX_EPOCH:
            raise ValueError("An epoch is 1 to 2^32 - 1.")
        number = epoch.to_bytes(4, "big")
        for at, label in enumerate((b"entries", b"manifest")):
            derive_into(vault_key, vault_id, b"ecrin vault 1 " + label + number, room[at * KEY_BYTES :][:KEY_BYTES])
        self.epoch = epoch
        self.entries = AESGCM(room[:KEY_BYTES])
        self.manifest = AESGCM(room[KEY_BYTES:])

"""The keys of a vault ("Keys" in docs/specs/vault-format.md): HKDF-SHA256 (RFC 5869) of vault key and guard.

Pure. A key is a buffer that the caller owns and wipes; the copy that a cipher keeps goes with the cipher.
"""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecrin.crypto.aead import KEY_BYTES
from ecrin.crypto.kdf import Buffer, derive_into

VAULT_ID_BYTES = 16
MAX_EPOCH = 2**32 - 1
ROOM = 2 * KEY_BYTES
SECRET_BYTES = 2 * KEY_BYTES  # the vault key of an epoch, and the guard behind it


class EpochKeys:
    """The two ciphers of one epoch, AES-256-GCM under a key each: `entries` and `manifest`.

    `secret` has 64 bytes, the vault key of the epoch and the guard, `vault_id` 16; `room` has `ROOM` bytes and is
    filled with the two keys; the caller keeps it as long as the ciphers are used, and wipes it then. Raises
    `ValueError` for other sizes or epochs.
    """

    __slots__ = ("entries", "epoch", "manifest")

    def __init__(self, secret: Buffer, vault_id: bytes, epoch: int, room: memoryview) -> None:
        if len(secret) != SECRET_BYTES or len(vault_id) != VAULT_ID_BYTES or len(room) != ROOM:
            raise ValueError("The key, the id or the room for keys has another size.")
        if not 1 <= epoch <= MAX_EPOCH:
            raise ValueError("An epoch is 1 to 2^32 - 1.")
        number = epoch.to_bytes(4, "big")
        for at, label in enumerate((b"entries", b"manifest")):
            derive_into(secret, vault_id, b"ecrin vault 1 " + label + number, room[at * KEY_BYTES :][:KEY_BYTES])
        self.epoch = epoch
        self.entries = AESGCM(room[:KEY_BYTES])
        self.manifest = AESGCM(room[KEY_BYTES:])

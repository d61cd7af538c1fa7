"""Secrets as they cross the bus: AES-128-CBC under the session's key (Secret Service API 0.2, "Transfer of Secrets").

The library can do that too, but it leaves copies of the secret that nobody can wipe. This encryption keeps listeners on
the bus away and authenticates nothing; what is kept does not depend on it.
"""

import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import KeyStoreUnavailable
from ecrin.vault.memory import SecretRoom

BLOCK = 16  # bytes
CONTENT_TYPE = "application/octet-stream"


def packed(session: Any, secret: Buffer) -> tuple[str, bytes, bytes, str]:
    """Return a secret as the structure of the bus: session, parameters (the IV), ciphertext, content type."""
    pad = BLOCK - len(secret) % BLOCK
    padded = bytearray((pad,)) * (len(secret) + pad)  # PKCS #7
    padded[:-pad] = secret
    iv = secrets.token_bytes(BLOCK)
    try:
        sealing = Cipher(AES(session.aes_key), CBC(iv)).encryptor()
        return (session.object_path, iv, sealing.update(padded) + sealing.finalize(), CONTENT_TYPE)
    finally:
        padded[:] = bytes(len(padded))


def unpacked(session: Any, structure: tuple[str, bytes, bytes, str]) -> SecretRoom:
    """Return the secret of such a structure; raises `KeyStoreUnavailable` if it is none, or an empty one."""
    _, iv, sealed, _ = structure
    scratch = SecretRoom(len(sealed) + BLOCK)  # the library wants a block more than it fills
    try:
        opening = Cipher(AES(session.aes_key), CBC(iv)).decryptor()
        size = opening.update_into(sealed, scratch.view) + len(opening.finalize())
        return _unpadded(scratch.view[:size])
    except ValueError:
        raise KeyStoreUnavailable("The key store returned something that is no secret.") from None
    finally:
        scratch.close()


def _unpadded(padded: memoryview) -> SecretRoom:
    with padded:
        pad = padded[-1] if padded else 0
        if not 1 <= pad <= BLOCK or pad >= len(padded):
            raise ValueError("padding")
        room = SecretRoom(len(padded) - pad)
        room.view[:] = padded[:-pad]
        return room

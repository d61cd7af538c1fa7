"""Authenticated encryption: AES-256-GCM (NIST SP 800-38D) with the nonce in front.

Layout: 12 bytes nonce, ciphertext as long as the plaintext, 16 bytes tag. A random 96-bit nonce is safe for 2^32
messages under one key (SP 800-38D §8.3), so keys are drawn per record class and rotated, never shared by everything.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecrin.errors import DecryptionFailed

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def seal(key: bytes, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
    """Return nonce, ciphertext and tag of `plaintext` under a 32-byte `key`, bound to `aad`.

    `nonce` (12 bytes) is for test vectors only: one used twice under a key gives both plaintexts away.
    Raises `ValueError` for a key or a nonce of another size.
    """
    cipher = _cipher(key)
    nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    if len(nonce) != NONCE_BYTES:
        raise ValueError("The nonce must have 12 bytes.")
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Return the plaintext of what `seal` returned.

    Raises `DecryptionFailed` if a bit of it, the key or `aad` is another; `ValueError` for a key of another size.
    """
    cipher = _cipher(key)
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise DecryptionFailed("The ciphertext is shorter than its nonce and tag.")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag:
        raise DecryptionFailed from None


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:  # the library would also take 16 bytes and silently be AES-128
        raise ValueError("The key must have 32 bytes.")
    return AESGCM(key)

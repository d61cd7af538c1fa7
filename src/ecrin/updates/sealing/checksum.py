"""Checksums: SHA-256 of the plaintext, sealed so that only the publisher can write one.

The spelling of today is 512 lower-case hex digits; an older one, which clients still read, is base64 of a block over
the hex text read as base64 (48 bytes). Unsealed, a checksum is plain SHA-256 hex.
"""

import base64
import binascii
import hmac
import re

from ecrin.errors import DecryptionFailed, InvalidRequest, SignatureInvalid
from ecrin.updates.sealing.keys import BLOCK, PrivateKey, PublicKey

_PLAIN = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-fA-F]+")


def seal(sha256_hex: str, private: PrivateKey) -> str:
    """Return the sealed spelling of a checksum; raises `InvalidRequest` for what is no SHA-256 hex."""
    check_plain(sha256_hex)
    return private.seal(bytes.fromhex(sha256_hex)).hex()


def recover(spelled: str, public: PublicKey) -> str:
    """Return the SHA-256 hex that a sealed spelling holds, of today or older.

    Raises `InvalidRequest` for what is no such spelling, `DecryptionFailed` if another key sealed it.
    """
    data = public.recover(_block(spelled))
    if len(data) == 32:
        return data.hex()
    text = base64.b64encode(data).decode()
    if not _PLAIN.fullmatch(text):
        raise DecryptionFailed("The sealed checksum is no SHA-256.")
    return text


def verify(spelled: str, sha256_hex: str, public: PublicKey) -> None:
    """Raise `SignatureInvalid` unless the checksum is that of `sha256_hex`; raises as `recover` too."""
    if not hmac.compare_digest(recover(spelled, public), sha256_hex):
        raise SignatureInvalid("The checksum is of other content.")


def check_plain(text: str) -> None:
    """Raise `InvalidRequest` for what is no SHA-256 in lower-case hex."""
    if not _PLAIN.fullmatch(text):
        raise InvalidRequest("The checksum is not a SHA-256 in lower-case hex.")


def check_sealed(spelled: str) -> None:
    """Raise `InvalidRequest` for a text that cannot be a sealed checksum."""
    _block(spelled)


def _block(spelled: str) -> bytes:
    try:
        block = bytes.fromhex(spelled) if _HEX.fullmatch(spelled) else base64.b64decode(spelled, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The sealed checksum is neither hex nor base64.") from None
    if len(block) != BLOCK:
        raise InvalidRequest("The sealed checksum does not have 256 bytes.")
    return block

"""Keys from keys: HKDF with SHA-256 (RFC 5869), one label for each use."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Buffer = bytes | bytearray | memoryview


def derive(secret: bytes, label: str, length: int = 32) -> bytes:
    """Return `length` bytes (at most 8160) that depend on `secret` and `label`.

    `secret` must be a strong key, not a password: RFC 5869 §4 stretches nothing. The label is HKDF's `info`, the salt
    is empty. Raises `ValueError` if more is asked for than SHA-256 can give (RFC 5869 §2.3).
    """
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=label.encode()).derive(secret)


def derive_into(secret: Buffer, salt: bytes, info: bytes, out: memoryview) -> None:
    """Fill `out` with bytes that depend on a strong secret, salt and info, in memory that the caller can wipe."""
    HKDF(algorithm=SHA256(), length=len(out), salt=salt, info=info).derive_into(secret, out)

"""Sealed columns: a value of the database that only this row, under one of these keys, can open.

Layout: format version (1 byte), length of the key id (1 byte), key id (ASCII), then `aead` (nonce, ciphertext, tag).
Associated data: format version (1 byte), then table, row and column, each as UTF-8 behind its length (4 bytes, big
endian). The lengths keep ("ab", "c") apart from ("a", "bc"), so a ciphertext cannot be moved to another place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecrin.crypto import aead
from ecrin.errors import DecryptionFailed, KeyUnknown

VERSION = 1
MAX_KEY_ID = 255
_HEAD = 2


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Data keys by id (32 bytes each) and the one that seals; all of them open.

    Raises `ValueError` at construction for an id that is not 1 to 255 ASCII characters and `KeyUnknown` if the active
    key is not among the keys.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    active: str

    def __post_init__(self) -> None:
        if not all(key_id.isascii() and 0 < len(key_id) <= MAX_KEY_ID for key_id in self.keys):
            raise ValueError("A key id must have 1 to 255 ASCII characters.")
        self._key(self.active)

    def seal(self, plaintext: bytes, *, table: str, row: str, column: str, nonce: bytes | None = None) -> bytes:
        """Return the value for this place, sealed with the active key; `nonce` is for test vectors only."""
        key_id = self.active.encode("ascii")
        sealed = aead.seal(self._key(self.active), plaintext, _place(table, row, column), nonce=nonce)
        return bytes((VERSION, len(key_id))) + key_id + sealed

    def unseal(self, sealed: bytes, *, table: str, row: str, column: str) -> bytes:
        """Return the plaintext.

        Raises `KeyUnknown` if the value names a key that is not here, `DecryptionFailed` if it was changed, cut, moved
        from another place or is no sealed value at all.
        """
        key_id = self.key_of(sealed)
        body = sealed[_HEAD + len(key_id) :]
        return aead.unseal(self._key(key_id), body, _place(table, row, column))

    def key_of(self, sealed: bytes) -> str:
        """Return the id of the key that the value says it was sealed with; raises `DecryptionFailed` if unreadable."""
        if len(sealed) < _HEAD or sealed[0] != VERSION:
            raise DecryptionFailed("The value is not a sealed value of a known version.")
        key_id = sealed[_HEAD : _HEAD + sealed[1]]
        if not key_id or len(key_id) < sealed[1] or not key_id.isascii():
            raise DecryptionFailed("The sealed value names no key.")
        return key_id.decode("ascii")

    def _key(self, key_id: str) -> bytes:
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyUnknown from None


def _place(table: str, row: str, column: str) -> bytes:
    parts = [part.encode() for part in (table, row, column)]
    return bytes((VERSION,)) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)

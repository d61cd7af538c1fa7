"""The session key of one version: an AES-128 key and an IV, which seal its archive and all of its files.

On the wire it is base64(IV) ":" base64(RSA block over the key).
"""

import base64
import binascii
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ecrin.base.ids import Draw
from ecrin.errors import DecryptionFailed, InvalidRequest
from ecrin.updates.sealing.keys import BLOCK, PrivateKey, PublicKey

SIZE = 16
_BITS = SIZE * 8


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Key and IV, 16 bytes each."""

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)

    def spelled(self, private: PrivateKey) -> str:
        """Return the wire form for the holders of the public key."""
        return f"{_base64(self.iv)}:{_base64(private.seal(self.key))}"

    def seal(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the AES-128-CBC ciphertext with PKCS#7 padding (RFC 5652 §6.3), as long as the plaintext and a bit."""
        cipher, pad = self._cipher().encryptor(), PKCS7(_BITS).padder()
        for chunk in chunks:
            yield cipher.update(pad.update(chunk))
        yield cipher.update(pad.finalize()) + cipher.finalize()

    def open(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the plaintext, which only its checksum vouches for: CBC has no MAC. Raises `DecryptionFailed`."""
        cipher, pad = self._cipher().decryptor(), PKCS7(_BITS).unpadder()
        for chunk in chunks:
            yield pad.update(cipher.update(chunk))
        try:
            yield pad.update(cipher.finalize()) + pad.finalize()
        except ValueError:
            raise DecryptionFailed("The bundle was not sealed with this session key, or it is cut.") from None

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES128(self.key), modes.CBC(self.iv))


def draw(random: Draw = secrets.token_bytes) -> SessionKey:
    """Return a new session key."""
    return SessionKey(random(SIZE), random(SIZE))


def recover(spelled: str, public: PublicKey) -> SessionKey:
    """Return the session key that a wire form holds; raises `InvalidRequest` and `DecryptionFailed`."""
    iv, block = _parts(spelled)
    key = public.recover(block)
    if len(key) != SIZE:
        raise DecryptionFailed("The session key does not have 16 bytes.")
    return SessionKey(key, iv)


def check(spelled: str) -> None:
    """Raise `InvalidRequest` for a text that cannot be a session key; whoever has no key can see no more."""
    _parts(spelled)


def _parts(spelled: str) -> tuple[bytes, bytes]:
    iv_text, colon, block_text = spelled.partition(":")
    try:
        iv, block = (base64.b64decode(part, validate=True) for part in (iv_text, block_text))
    except (binascii.Error, ValueError):
        raise InvalidRequest("The session key is not two base64 texts with a colon between.") from None
    if not colon or len(iv) != SIZE or len(block) != BLOCK:
        raise InvalidRequest("The session key must be 16 bytes of IV and a block of 256 bytes.")
    return iv, block


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""Opaque stateless tokens: a payload that we wrote, sealed against change but not against reading.

Layout, as canonical base64url without padding: version (1 byte, 1), key number (1 byte), payload, and the first 16
bytes of HMAC-SHA256 (RFC 2104, truncated as its §5 allows) over all that stands before. The MAC key is derived from
the secret by the label, so a token of one label never passes as another's (attack A8). The payload is readable.
"""

import hmac
from collections.abc import Mapping

from ecrin.base.encoding import b64url, unb64url
from ecrin.crypto.kdf import derive
from ecrin.errors import InvalidRequest, KeyUnknown, SignatureInvalid

VERSION = 1
MAC_BYTES = 16
MAX_CHARS = 2048
SECRET_BYTES = 32
_HEAD = 2
MAX_PAYLOAD = MAX_CHARS * 3 // 4 - _HEAD - MAC_BYTES


class MacTokens:
    """Tokens of one label under numbered secrets; the active one signs, all of them verify.

    `keys` maps a key number (0 to 255) to a 32-byte secret. Raises `ValueError` for another number or size and
    `KeyUnknown` if `active` is not among them.
    """

    __slots__ = ("_active", "_keys")

    def __init__(self, keys: Mapping[int, bytes], active: int, label: str) -> None:
        if not all(0 <= number <= 255 and len(secret) == SECRET_BYTES for number, secret in keys.items()):
            raise ValueError("A key number must be 0 to 255 and a secret must have 32 bytes.")
        if active not in keys:
            raise KeyUnknown
        self._keys = {number: derive(secret, label) for number, secret in keys.items()}
        self._active = active

    def issue(self, payload: bytes) -> str:
        """Return a token for at most `MAX_PAYLOAD` bytes; raises `ValueError` for more, which `open` would refuse."""
        if len(payload) > MAX_PAYLOAD:
            raise ValueError("The payload is too long for a token.")
        signed = bytes((VERSION, self._active)) + payload
        return b64url(signed + _mac(self._keys[self._active], signed))

    def open(self, token: str) -> bytes:
        """Return the payload of a token of ours; raises `SignatureInvalid` for everything else.

        Length first, then spelling, then the MAC in constant time: nobody needs to look anything up for junk.
        """
        if len(token) > MAX_CHARS:
            raise SignatureInvalid("The token is too long.")
        try:
            data = unb64url(token)
        except InvalidRequest as error:
            raise SignatureInvalid(error.detail) from None
        if len(data) < _HEAD + MAC_BYTES or data[0] != VERSION:
            raise SignatureInvalid("The token is cut or of an unknown version.")
        key = self._keys.get(data[1])
        signed, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
        if key is None or not hmac.compare_digest(mac, _mac(key, signed)):
            raise SignatureInvalid
        return signed[_HEAD:]


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")[:MAC_BYTES]

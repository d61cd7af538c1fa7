"""UNSAFE: tokens that nobody signed (alg "none", RFC 7519 §6), as the Firebase emulator speaks them.

Anybody can write such a token. Only `ecrin dev` on loopback may use this module, for the Node Admin SDK in emulator
mode; call it as `unsigned.encode` and `unsigned.decode`, so that every use says so.
"""

from collections.abc import Mapping
from typing import Any

from ecrin.base.encoding import b64url, canonical_json
from ecrin.crypto.jose.strict import dissect
from ecrin.errors import SignatureInvalid


def encode(claims: Mapping[str, object]) -> str:
    """Return an UNSIGNED token: header alg none and typ JWT, the claims, and an empty third segment."""
    return f"{b64url(canonical_json({'alg': 'none', 'typ': 'JWT'}))}.{b64url(canonical_json(claims))}."


def decode(token: str) -> dict[str, Any]:
    """Return the UNVERIFIED claims of an unsigned token; raises `SignatureInvalid` if it is malformed or signed."""
    parsed = dissect(token)
    if parsed.header["alg"] != "none" or parsed.signature:
        raise SignatureInvalid("The token is not an unsigned one.")
    return parsed.claims

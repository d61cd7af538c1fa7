"""What a compact JWS must look like before any key is looked up (RFC 7515 §3.1, §4.1; RFC 8725 §3).

Sizes first, then spelling, then nesting, and only then is anything parsed: the work for junk is bounded by a few KiB.
Refused whatever the signature: other header members than alg, kid, typ and cty (so crit, b64, jku, jwk, x5u and x5c,
with which a sender would choose the rules or the key), alg "none" in any spelling, and duplicate members.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrin.base.encoding import strict_json, unb64url
from ecrin.errors import InvalidRequest, SignatureInvalid

MAX_TOKEN = 16 * 1024
MAX_HEADER = 2 * 1024
MAX_HEADER_DEPTH = 4
MAX_CLAIMS_DEPTH = 32
MAX_KID = 256
HEADER_MEMBERS = frozenset(("alg", "kid", "typ", "cty"))

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A token that is well-formed and not yet believed: header and claims are what the sender says.

    `signed` is what the signature is over: the first two segments as they were sent (RFC 7515 §5.2).
    """

    header: Mapping[str, str]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def parse(token: str) -> Parsed:
    """Return the parts of a signed token; raises `SignatureInvalid` for everything that is not one."""
    parsed = dissect(token)
    if parsed.header["alg"].strip().lower() == "none" or not parsed.signature:
        raise SignatureInvalid("The token is not signed.")
    return parsed


def dissect(token: str) -> Parsed:
    """Return the parts of a token, signed or not; for `parse` and `unsigned`, which decide about the algorithm.

    Raises `SignatureInvalid` for a token that is too long, not three segments of canonical base64url, or whose header
    or payload is not a strict JSON object within the limits of this module.
    """
    if len(token) > MAX_TOKEN:
        raise SignatureInvalid("The token is too long.")
    segments = token.split(".", 3)
    if len(segments) != 3:
        raise SignatureInvalid("The token does not have three segments.")
    if len(segments[0]) * 3 // 4 > MAX_HEADER:
        raise SignatureInvalid("The header of the token is too long.")
    try:
        head, payload, signature = (unb64url(segment) for segment in segments)
        header = _object(head, MAX_HEADER_DEPTH)
        _check_header(header)
        claims = _object(payload, MAX_CLAIMS_DEPTH)
    except InvalidRequest as error:
        raise SignatureInvalid(error.detail) from None
    return Parsed(header, claims, f"{segments[0]}.{segments[1]}".encode(), signature)


def nested_deeper(text: bytes, limit: int) -> bool:
    """Return whether a JSON text nests arrays and objects deeper than `limit`, without parsing it."""
    if text.count(b"{") + text.count(b"[") <= limit:
        return False
    depth = 0
    for byte in _STRING.sub(b"", text):
        if byte in b"{[":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"}]":
            depth -= 1
    return False


def _object(text: bytes, max_depth: int) -> dict[str, Any]:
    if nested_deeper(text, max_depth):
        raise InvalidRequest("The JSON of the token nests too deep.")
    value = strict_json(text)
    if not isinstance(value, dict):
        raise InvalidRequest("The JSON of the token is not an object.")
    return value


def _check_header(header: dict[str, Any]) -> None:
    if not header.keys() <= HEADER_MEMBERS:
        raise InvalidRequest("The header of the token has a member that is not allowed.")
    if "alg" not in header or not all(isinstance(value, str) for value in header.values()):
        raise InvalidRequest("The header of the token needs an alg, and strings only.")
    kid = header.get("kid", "-")
    if not (0 < len(kid) <= MAX_KID and kid.isascii() and kid.isprintable()):
        raise InvalidRequest("The key id of the token is not printable ASCII.")

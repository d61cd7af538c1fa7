"""Base64url without padding, the one spelling only (RFC 4648 §5, RFC 7515 §2), and canonical JSON."""

import base64
import binascii
import json
import math
from typing import Any

from ecrin.errors import InvalidRequest


def b64url(data: bytes) -> str:
    """Return base64url text without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """Return the bytes of base64url text.

    Raises `InvalidRequest` for padding, foreign characters, white space and set trailing bits: two spellings of one
    token would let a revoked one live on under the other (attack A9).
    """
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The text is not base64url.") from None
    if b64url(data) != text:
        raise InvalidRequest("The text is not canonical base64url.")
    return data


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and no white space, so that equal values have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def strict_json(data: bytes) -> Any:
    """Return the value of a JSON text.

    Raises `InvalidRequest` for a duplicate member, NaN, Infinity, a lone surrogate, bad UTF-8 or nesting too deep for
    the parser: two readers of such a text may see two different values.
    """
    try:
        text = data.decode("utf-8")
        value = _STRICT.decode(text)
        if "\\u" in text:  # in valid UTF-8 a lone surrogate can only come from an escape
            canonical_json(value)
    except (ValueError, RecursionError):
        raise InvalidRequest("The text is not strict JSON.") from None
    return value


def text_size(value: object) -> int | None:
    """Return how many bytes of UTF-8 a text has; None for what is no text, as half a surrogate pair is none."""
    try:
        return len(value.encode()) if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _no_constants(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_STRICT = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constants, parse_float=_finite)

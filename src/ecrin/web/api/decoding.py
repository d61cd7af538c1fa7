"""Request bodies of our own API: strict JSON of the declared type; an unknown member is an error, not a guess."""

from typing import Any

import msgspec

from ecrin.errors import InvalidRequest


def decode(raw: bytes, wanted: type) -> Any:
    """Return the body as the wanted type; raises `InvalidRequest` that names the member."""
    try:
        return msgspec.json.decode(raw or b"{}", type=wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        known = str(error) if isinstance(error, msgspec.ValidationError) else "The body is not JSON."
        raise InvalidRequest(known) from None

"""Bodies and queries of this surface: strict about types, with the protocol's codes (sheet §1)."""

from typing import Any, TypeVar

import msgspec

from ecrin.web.capgo.errors import InvalidJsonBody, InvalidJsonParseBody, InvalidQueryParameters

T = TypeVar("T")


def decode(raw: bytes, wanted: type) -> Any:
    """Return the body as the wanted type; unknown members are ignored.

    Raises `InvalidJsonParseBody` for what is no JSON, `InvalidJsonBody` that names the member for everything else.
    """
    try:
        return msgspec.json.decode(raw, type=wanted)
    except msgspec.ValidationError as error:  # names members and types
        raise InvalidJsonBody(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidJsonParseBody from None


def from_query(query: object, wanted: type[T]) -> T:
    """Return the parameters as the wanted type, truth values spelled `true` and `false`.

    Raises `InvalidQueryParameters`.
    """
    try:
        return msgspec.convert(query, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidQueryParameters(str(error)) from None

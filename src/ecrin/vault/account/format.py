"""What is sealed of an account: the JSON `[name, data]`, so that the names can be listed. Pure."""

import json

from ecrin.base.encoding import strict_json, text_size
from ecrin.errors import InvalidRequest
from ecrin.vault.account.errors import InvalidAccount
from ecrin.vault.memory import forget
from ecrin.vault.model import Json

MAX_NAME = 1024  # bytes of UTF-8
MAX_DATA = 4 * 2**20  # bytes of JSON, the name included
_EMPTY = "An account without data is an empty object."


def pack(name: str, data: Json) -> bytes:
    """Return what is sealed; raises `InvalidAccount` for what would not come back as it is."""
    check_name(name)
    if data is None:
        raise InvalidAccount("None would read as if there were no account: use `delete`.", hint=_EMPTY)
    try:
        text = json.dumps([name, data], ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        same = strict_json(text) == [name, data]
    except (TypeError, ValueError, RecursionError, InvalidRequest):
        raise InvalidAccount("The data is no JSON.") from None
    if not same:  # a tuple, or a number as a member's name
        raise InvalidAccount("The data would come back as something else: it is no JSON.")
    if len(text) > MAX_DATA:
        raise InvalidAccount("The data has more than 4 MiB.")
    return text


def unpack(packed: bytes) -> tuple[str, Json]:
    """Return the name and the data of what `pack` returned, which is wiped."""
    try:
        name, data = strict_json(packed)
        return name, data
    finally:
        forget(packed)


def check_name(name: str) -> None:
    """Raise `InvalidAccount` for what is no name of an account."""
    if not 1 <= (text_size(name) or 0) <= MAX_NAME:
        raise InvalidAccount(f"The name of an account is a text of 1 to {MAX_NAME} bytes.")

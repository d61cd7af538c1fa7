"""Request bodies: camelCase or snake_case, numbers as text, enums by name or index (protocol sheet §1.2)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ecrin.errors import InvalidRequest
from ecrin.web.errors import PayloadUnreadable
from ecrin.web.http import parameters

REQ_TYPES = (
    "OOB_REQ_TYPE_UNSPECIFIED PASSWORD_RESET OLD_EMAIL_AGREE NEW_EMAIL_ACCEPT VERIFY_EMAIL RECOVER_EMAIL EMAIL_SIGNIN"
    " VERIFY_AND_CHANGE_EMAIL REVERT_SECOND_FACTOR_ADDITION"
).split()
ATTRIBUTES = "USER_ATTRIBUTE_NAME_UNSPECIFIED EMAIL DISPLAY_NAME PROVIDER PHOTO_URL PASSWORD RAW_USER_INFO".split()
SORT_FIELDS = "SORT_BY_FIELD_UNSPECIFIED USER_ID NAME CREATED_AT LAST_LOGIN_AT USER_EMAIL".split()
ORDERS = "ORDER_UNSPECIFIED ASC DESC".split()


def decode_json(raw: bytes, wanted: type) -> Any:
    """Return the body as the wanted type; an empty one is `{}`, unknown members are ignored.

    Raises `InvalidRequest` whose message begins as Google's does, also for a NUL, which no database keeps.
    """
    if b"\\u0000" in raw:
        raise InvalidRequest("Invalid JSON payload received. A text holds a NUL.")
    try:
        if b"_" not in raw:
            return msgspec.json.decode(raw or b"{}", type=wanted, strict=False)
        return msgspec.convert(_camel_members(msgspec.json.decode(raw)), wanted, strict=False)
    except msgspec.ValidationError as error:  # names members and types, and no values
        raise InvalidRequest(f"Invalid JSON payload received. {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PayloadUnreadable("Invalid JSON payload received.") from None


def decode_form_or_json(raw: bytes, wanted: type) -> Any:
    """Return a body that may be urlencoded too (the refresh call of the JS SDK); raises `InvalidRequest`."""
    if raw.lstrip()[:1] == b"{":
        return decode_json(raw, wanted)
    return msgspec.convert(_camel_members(parameters(raw.decode("latin-1"))), wanted, strict=False)


def named(value: str | int | None, names: Sequence[str]) -> str:
    """Return an enum's name, given by name or index; "" for none and for the unspecified one (index 0).

    Raises `InvalidRequest` for a name or an index that there is not.
    """
    if value is None or value in {"", 0, names[0]}:
        return ""
    if isinstance(value, int):
        value = names[value] if 0 < value < len(names) else ""
    if value not in names:
        raise InvalidRequest(f"Invalid JSON payload received. The values allowed are {', '.join(names[1:])}.")
    return value


def _camel_members(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(k): _camel_members(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_camel_members(v) for v in value]
    return value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest) if head and rest else name

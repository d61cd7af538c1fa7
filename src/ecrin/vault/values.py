"""What an app keeps under a name, and back: bytes, text, or what JSON can say."""

import json
from contextlib import suppress

from ecrin.base.encoding import canonical_json
from ecrin.vault.errors import InvalidEntry, VaultDamaged
from ecrin.vault.format.entries import Kind, Plain, check
from ecrin.vault.model import Value

_NO_VALUE = "A value is bytes, a text (UTF-8), or what JSON can say (no NaN; names of members are texts)."
_CHANGED = "This value would come back as another: in JSON, names of members are texts, and a tuple is a list."
_FORM = "Keep it in another form: what JSON can say, a text, or bytes."


def plain(name: str, value: Value) -> Plain:
    """Return the entry of a value; raises `InvalidEntry` for a name or a value that there is no room for."""
    found = Plain(name, *_encoded(value))
    check(found)
    return found


def value_of(found: Plain) -> Value:
    """Return the value of an entry; raises `VaultDamaged` for one that no vault has written."""
    try:
        if found.kind is Kind.TEXT:
            return found.value.decode()
        return found.value if found.kind is Kind.BYTES else json.loads(found.value)
    except ValueError:
        raise VaultDamaged("A value is not what its kind says.") from None


def _encoded(value: Value) -> tuple[Kind, bytes]:
    if isinstance(value, bytes | bytearray | memoryview):
        return Kind.BYTES, bytes(value)
    encoded = None
    with suppress(TypeError, ValueError, RecursionError):  # raised outside: what Python says of it holds the value
        if isinstance(value, str):
            return Kind.TEXT, value.encode()
        encoded = canonical_json(value)
        if json.loads(encoded) == value:
            return Kind.JSON, encoded
    raise InvalidEntry(_NO_VALUE if encoded is None else _CHANGED, hint=_FORM)

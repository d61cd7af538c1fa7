"""What an app keeps under a name, and back: bytes, text, or what JSON can say."""

import json
from contextlib import suppress

from ecrin.base.encoding import canonical_json
from ecrin.vault.errors import InvalidEntry, VaultDamaged
from ecrin.vault.format.entries import Kind, Plain, check
from ecrin.vault.model import Value


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
    encoded: tuple[Kind, bytes] | None = None
    with suppress(TypeError, ValueError, RecursionError):  # raised outside: what Python says of it holds the value
        encoded = (Kind.TEXT, value.encode()) if isinstance(value, str) else (Kind.JSON, canonical_json(value))
    if encoded is None:
        raise InvalidEntry("A value is bytes, a text, or what JSON can say.")
    return encoded

"""A sealed file, version 1: bytes in, bytes out. Pure.

A file is the line `ecrin sealed 1`, a line with the item's terms, which may be empty, and AES-256-GCM of the data,
bound to both lines, to the room, to the app's id and to the file's id. The id is an HMAC of the item's name: it says
nothing without the key. So a file does not open when a bit of it was changed, or in the place of another item's,
another room's or another app's. An older copy in its own place does.
"""

import hmac
from dataclasses import dataclass

from ecrin.crypto import aead
from ecrin.crypto.kdf import derive
from ecrin.errors import DecryptionFailed
from ecrin.vault.errors import VaultDamaged, VaultNewer
from ecrin.vault.memory import forget

FAMILY, VERSION = b"ecrin sealed ", b"1"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose files these are: a room of an app's, such as "accounts"."""

    app_id: str
    room: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a room, from the one in the key store; `forget` ends them."""

    names: bytes
    data: bytes

    @classmethod
    def of(cls, root: bytes) -> "Keys":
        """Return the keys that come from the room's (32 bytes)."""
        return cls(derive(root, "ecrin sealed 1 names"), derive(root, "ecrin sealed 1 data"))

    def id_of(self, name: bytes) -> str:
        """Return what the file of this item is called."""
        return hmac.digest(self.names, name, "sha256").hex()

    def forget(self) -> None:
        """Wipe the keys."""
        forget(self.names)
        forget(self.data)

    def __repr__(self) -> str:
        return "Keys(…)"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file as it lies there. Nobody vouches for the terms before it was opened."""

    id_: str
    terms: bytes
    text: bytes

    @classmethod
    def of(cls, id_: str, file: bytes) -> "Sealed":
        """Return what is in a file; raises `VaultDamaged` if it is none of ours, `VaultNewer`."""
        line, _, rest = file.partition(b"\n")
        if line != FAMILY + VERSION:
            raise _newer() if line.startswith(FAMILY) and line[len(FAMILY) :].isdigit() else damaged()
        terms, _, text = rest.partition(b"\n")
        return cls(id_, terms, text)


def seal(keys: Keys, place: Place, id_: str, terms: bytes, data: bytes) -> bytes:
    """Return the file of this id; `terms` is one line, readable by everybody."""
    return _head(terms) + aead.seal(keys.data, data, _bound(place, id_, terms))


def unseal(keys: Keys, place: Place, sealed: Sealed) -> bytes:
    """Return the data, for the caller to forget; raises `VaultDamaged`."""
    try:
        return aead.unseal(keys.data, sealed.text, _bound(place, sealed.id_, sealed.terms))
    except DecryptionFailed:
        raise damaged() from None


def damaged() -> VaultDamaged:
    """Return the error for a file that was changed."""
    return VaultDamaged(
        "What was kept was changed by something else, or it is not whole.",
        hint="Put a copy of the file back; or delete it, let the user sign in, and keep it anew.",
    )


def _newer() -> VaultNewer:
    return VaultNewer("What was kept was written by a newer version of ecrin.")


def _head(terms: bytes) -> bytes:
    return FAMILY + VERSION + b"\n" + terms + b"\n"


def _bound(place: Place, id_: str, terms: bytes) -> bytes:
    return _head(terms) + f"{place.room}\n{place.app_id}\n{id_}".encode()

"""Entries ("Entries" in docs/specs/vault-format.md): a name that nobody can read, and a value bound to its place.

Pure. An entry is bound to vault, id, version and epoch: one that was moved, swapped, or taken from another vault or
from an earlier day does not open.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from ecrin.base.encoding import text_size
from ecrin.base.ids import Draw
from ecrin.crypto.aead import NONCE_BYTES, TAG_BYTES
from ecrin.crypto.kdf import Buffer
from ecrin.vault.errors import InvalidEntry, VaultDamaged
from ecrin.vault.format.keys import EpochKeys

NAME_LENGTH_BYTES = 2
MAX_NAME = 1024  # bytes of UTF-8
MAX_VALUE = 16 * 2**20  # bytes


class Kind(IntEnum):
    """What a value is for the app."""

    BYTES = 0
    TEXT = 1
    JSON = 2


_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: `version` is the vault's counter when it was written, `epoch` that of the key it is sealed under."""

    id: bytes
    version: int
    epoch: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Plain:
    """What an entry holds; never printed."""

    name: str
    kind: Kind
    value: bytes

    def __repr__(self) -> str:
        return "Plain(...)"


def entry_id(ids_key: Buffer, name: str) -> bytes:
    """Return the 32 bytes under which a name is kept: HMAC-SHA256, which says nothing without the key."""
    return namer(ids_key)(name)


def namer(ids_key: Buffer) -> Callable[[str], bytes]:
    """Return `entry_id` for many names: the key is taken in once, and goes with what is returned."""
    keyed = HMAC(ids_key, SHA256())

    def id_of(name: str) -> bytes:
        found = keyed.copy()
        found.update(name.encode())
        return found.finalize()

    return id_of


def seal(
    keys: EpochKeys, vault_id: bytes, id_: bytes, version: int, plain: Plain, draw: Draw = secrets.token_bytes
) -> Entry:
    """Return the row of an entry; its nonce is drawn (SP 800-38D §8.2.2), so a key is for 2^32 of them at most.

    Raises `InvalidEntry` as `check`.
    """
    check(plain)
    name = plain.name.encode()
    text = bytes((plain.kind,)) + len(name).to_bytes(NAME_LENGTH_BYTES, "big") + name + plain.value
    nonce = draw(NONCE_BYTES)
    sealed = keys.entries.encrypt(nonce, text, _bound(vault_id, id_, version, keys.epoch))
    return Entry(id_, version, keys.epoch, nonce + sealed)


def unseal(keys: EpochKeys, vault_id: bytes, entry: Entry) -> Plain:
    """Return what an entry holds; raises `VaultDamaged` if a bit of it, or its place, is another."""
    nonce, sealed = entry.sealed[:NONCE_BYTES], entry.sealed[NONCE_BYTES:]
    start = 1 + NAME_LENGTH_BYTES
    try:
        text = keys.entries.decrypt(nonce, sealed, _bound(vault_id, entry.id, entry.version, entry.epoch))
        end = start + int.from_bytes(text[1:start], "big")
        return Plain(text[start:end].decode(), _KINDS[text[0]], text[end:])
    except (InvalidTag, ValueError, IndexError):
        raise VaultDamaged("An entry does not open.") from None


def check(plain: Plain) -> None:
    """Raise `InvalidEntry` for a name or a value that the format has no room for."""
    check_name(plain.name)
    if len(plain.value) > MAX_VALUE:
        raise InvalidEntry(f"A value has at most {MAX_VALUE // 2**20} MiB.")


def check_name(name: str) -> None:
    """Raise `InvalidEntry` for a name that the format has no room for, or that is no text."""
    if not 1 <= (text_size(name) or 0) <= MAX_NAME:
        raise InvalidEntry(f"A name is a text (UTF-8) of 1 to {MAX_NAME:,} bytes.", hint="Choose another name.")


def digest(set_key: Buffer, entry: Entry) -> int:
    """Return what an entry adds to the hash of the set (by XOR): 256 bits that only the holder of the key can compute.

    Nonce and tag stand for the ciphertext, which without the key nobody can change and keep both.
    """
    return digester(set_key)(entry)


def digester(set_key: Buffer) -> Callable[[Entry], int]:
    """Return `digest` for many entries: the key is taken in once, and goes with what is returned."""
    keyed = HMAC(set_key, SHA256())

    def digest_of(entry: Entry) -> int:
        place = entry.id + entry.version.to_bytes(8, "big") + entry.epoch.to_bytes(4, "big")
        found = keyed.copy()
        found.update(place + entry.sealed[:NONCE_BYTES] + entry.sealed[-TAG_BYTES:])
        return int.from_bytes(found.finalize(), "big")

    return digest_of


def _bound(vault_id: bytes, id_: bytes, version: int, epoch: int) -> bytes:
    return b"ecrin vault 1 entry" + vault_id + id_ + version.to_bytes(8, "big") + epoch.to_bytes(4, "big")

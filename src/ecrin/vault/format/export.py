"""An export ("Export" in docs/specs/vault-format.md): all values of a vault, sealed by a passphrase of its own.

Pure, but slow on purpose: call it in a thread. Magic line, header (canonical JSON, one line), nonce, ciphertext, tag.
The header, with the cost of Argon2id, is authenticated; costs above the caps are refused before any memory is taken.
"""

import json
import secrets
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecrin.base.encoding import b64url, canonical_json, strict_json, unb64url
from ecrin.base.ids import Draw
from ecrin.crypto.aead import KEY_BYTES, NONCE_BYTES, TAG_BYTES
from ecrin.crypto.profiles import Profile
from ecrin.errors import InvalidRequest
from ecrin.vault.errors import InvalidEntry, InvalidExport, VaultDamaged
from ecrin.vault.format.entries import Kind, Plain, check
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Params
from ecrin.vault.slots.stretch import new_cost, stretch

MAGIC = b"ecrin vault export 1\n"
MAX_HEADER = 4096
MAX_BYTES = 2**30  # of an export: it is held in memory more than once
_REFUSALS = (InvalidTag, InvalidRequest, InvalidEntry, VaultDamaged)
_OTHER_SHAPES = (ValueError, TypeError, AttributeError, RecursionError)
_NO_EXPORT = (
    InvalidTag,
    InvalidRequest,
    InvalidEntry,
    VaultDamaged,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


def seal(plains: Iterable[Plain], passphrase: bytearray, profile: Profile, draw: Draw = secrets.token_bytes) -> bytes:
    """Return the export; `passphrase` is UTF-8 of its NFKC form, and is left to the caller.

    Raises `InvalidExport` for more than an export holds.
    """
    cost = new_cost(profile, draw)
    head = MAGIC + canonical_json(cost) + b"\n"
    body = canonical_json([[plain.name, plain.kind.value, b64url(plain.value)] for plain in plains])
    if len(head) + len(body) > MAX_BYTES - NONCE_BYTES - TAG_BYTES:
        raise InvalidExport("The values are more than an export holds: 1 GiB.", hint="Take them out one by one.")
    nonce = draw(NONCE_BYTES)
    room = SecretRoom(KEY_BYTES)
    try:
        stretch(passphrase, cost, room.view)
        return head + nonce + AESGCM(room.view).encrypt(nonce, body, head)
    finally:
        room.close()


def unseal(data: bytes, passphrase: bytearray) -> list[Plain]:
    """Return what an export holds; raises `InvalidExport` for another passphrase, and for a file changed anywhere."""
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + MAX_HEADER) + 1
    if not data.startswith(MAGIC) or end == 0 or len(data) > MAX_BYTES:
        raise InvalidExport
    head, nonce, sealed = data[:end], data[end : end + NONCE_BYTES], data[end + NONCE_BYTES :]
    room = SecretRoom(KEY_BYTES)
    try:
        stretch(passphrase, _header(head), room.view)
        return [_plain(row) for row in json.loads(AESGCM(room.view).decrypt(nonce, sealed, head))]
    except (*_REFUSALS, *_OTHER_SHAPES):
        raise InvalidExport from None
    finally:
        room.close()


def _header(head: bytes) -> Params:
    found = strict_json(head[len(MAGIC) :])
    if not isinstance(found, dict):
        raise InvalidExport
    return found


def _plain(row: tuple[str, int, str]) -> Plain:
    name, kind, value = row
    plain = Plain(name, Kind(kind), unb64url(value))
    check(plain)
    if plain.kind is Kind.TEXT:
        plain.value.decode()
    elif plain.kind is Kind.JSON:
        json.loads(plain.value)
    return plain

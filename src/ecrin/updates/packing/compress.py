"""What is made of one file: its member of the archive, and the bytes that its manifest entry names.

Both compressors let other threads run, so files are compressed side by side.
"""

import hashlib
from collections.abc import Container
from dataclasses import dataclass

import brotli

from ecrin.updates.bundles.paths import BROTLI
from ecrin.updates.errors import InvalidBundle
from ecrin.updates.packing import archive
from ecrin.updates.packing.model import Source
from ecrin.updates.packing.rules import BROTLI_FROM, as_brotli

QUALITY = 9
WINDOW = 22  # bits, as Node's default


@dataclass(frozen=True, slots=True)
class Compressed:
    """A file: `hash` is the SHA-256 hex of the plain file, `name` and `data` those of its manifest entry.

    `member` is None where no archive is made, `data` None where the file has no entry or an object is there already.
    """

    source: Source
    hash: str
    name: str
    data: bytes | None
    member: archive.Member | None


def read(source: Source) -> bytes:
    """Return a file's content; raises `InvalidBundle` if it changed since it was scanned."""
    try:
        data = source.path.read_bytes()
    except OSError as error:
        raise InvalidBundle(f"{source.path} cannot be read: {error.strerror}.") from None
    if len(data) != source.size:
        raise InvalidBundle(f"{source.name!r} changed while it was read.", hint="Push again when the build is over.")
    return data


def compress(
    source: Source, *, quality: int = QUALITY, known: Container[str] = (), zipped: bool = True, listed: bool = True
) -> Compressed:
    """Return a file ready to be stored.

    `quality` is brotli's (0 to 11), `known` the hashes of files whose objects need not be made, `zipped` whether the
    file goes into the archive that is made here, `listed` whether a manifest is made; an empty file is never in one.
    """
    data = read(source)
    name, stored = source.name, None
    found = hashlib.sha256(data).hexdigest()
    if listed and data and (found not in known or source.name.endswith(BROTLI)):
        name, stored = entry(source.name, data, quality)
    return Compressed(source, found, name, stored, archive.member(source.name, data) if zipped else None)


def entry(name: str, data: bytes, quality: int) -> tuple[str, bytes]:
    """Return the name and the stored bytes of a manifest entry."""
    if len(data) < BROTLI_FROM and not name.endswith(BROTLI):
        return name, data
    packed = brotli.compress(data, quality=quality, lgwin=WINDOW)
    return (name + BROTLI, packed) if as_brotli(name, len(data), len(packed)) else (name, data)

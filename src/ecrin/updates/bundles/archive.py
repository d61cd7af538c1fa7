"""Archives: a zip is read here as strictly as the loosest of readers is loose (attack A59; APPNOTE 6.3.10).

Phones read it from the front (java.util.zip.ZipInputStream), others from the directory at the end: an archive is good
only if both see the same files. So every byte must belong to an entry, to the directory, or to its end; nothing is
mended. Pure: a seekable file in, names out; nothing is extracted.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from ecrin.updates.bundles import paths
from ecrin.updates.bundles.zipformat import DEFLATED, Entry, directory, entry_end
from ecrin.updates.errors import InvalidBundle

PIECE = 1024 * 1024  # bytes
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold: files, bytes of one and of all when unpacked, and how far it may unpack.

    `ratio` is unpacked to packed bytes, looked at once `ratio_from` bytes are unpacked.
    """

    entries: int = 10_000
    file: int = 512 * MEBIBYTE
    total: int = 1024 * MEBIBYTE
    ratio: int = 100
    ratio_from: int = 32 * MEBIBYTE


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a good archive holds: the SHA-256 hex of each file (no folders), in order, and their bytes when unpacked."""

    hashes: Mapping[str, str]
    size: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the files in order."""
        return tuple(self.hashes)

    def below_top(self) -> dict[str, str]:
        """Return the files by the names that devices give them: without the one folder that holds everything."""
        if paths.INDEX in self.hashes:
            return dict(self.hashes)
        return {name.partition("/")[2]: found for name, found in self.hashes.items()}


def check(file: BinaryIO, limits: Limits = LIMITS) -> Contents:
    """Read a whole archive and return what is in it.

    Takes as long as unpacking it, and at most a few mebibytes of memory. Raises `InvalidBundle` that says what is
    wrong with it, before more was unpacked than the limits allow.
    """
    entries, start_of_directory = directory(file, limits.entries)
    _check_sizes(entries, start_of_directory, limits)
    files = [entry.name for entry in entries if not entry.folder]
    for entry in entries:
        paths.check(entry.name.removesuffix("/"))
    _check_names(entries)
    paths.check_index(files)
    at, hashes = 0, {}
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != at:
            raise InvalidBundle(f"{paths.shown(entry.name)} does not begin where the file before it ends.")
        data, at = entry_end(file, entry, start_of_directory)
        hashes[entry.name] = _check_content(file, entry, data)
    if at != start_of_directory:
        raise InvalidBundle("There are bytes between the last file and the directory of the archive.")
    return Contents({name: hashes[name] for name in files}, sum(entry.size for entry in entries))


def _check_sizes(entries: list[Entry], packed: int, limits: Limits) -> None:
    """Refuse a bomb by what it says of itself; that it says the truth is checked while it is unpacked."""
    total = sum(entry.size for entry in entries)
    if total > limits.total or any(entry.size > limits.file for entry in entries):
        raise InvalidBundle(f"It unpacks to more than {limits.total // MEBIBYTE} MiB, or one file of it is too large.")
    if total > limits.ratio_from and total > limits.ratio * packed:
        raise InvalidBundle(f"It unpacks to more than {limits.ratio} times its size.")


def _check_names(entries: list[Entry]) -> None:
    """Refuse names that would meet: a folder may be named once itself, and never be a file as well."""
    folders = {paths.fold(entry.name.removesuffix("/")) for entry in entries if entry.folder}
    if len(folders) != sum(entry.folder for entry in entries):
        raise InvalidBundle("A folder is there twice, at least for a file system without case.")
    files = [entry.name for entry in entries if not entry.folder]
    paths.check_distinct(files)
    both = folders & {paths.fold(name) for name in files}
    if both:
        raise InvalidBundle(f"{paths.shown(min(both))} is a file and a folder at once.")


def _check_content(file: BinaryIO, entry: Entry, data: int) -> str:
    """Unpack an entry and return its SHA-256 hex; refuse it unless it has the size and the CRC-32 that it says."""
    size, crc, digest = 0, 0, hashlib.sha256()
    for piece in _unpacked(file, entry, data):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        digest.update(piece)
        if size > entry.size:
            break
    if (size, crc) != (entry.size, entry.crc):
        raise InvalidBundle(f"{paths.shown(entry.name)} has another size or CRC-32 than the archive says.")
    return digest.hexdigest()


def _unpacked(file: BinaryIO, entry: Entry, data: int) -> Iterator[bytes]:
    file.seek(data)
    pieces = _pieces(file, entry.packed)
    if entry.method != DEFLATED:
        yield from pieces
        return
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in pieces:
            todo = piece
            while todo and not stream.eof:
                yield stream.decompress(todo, PIECE)
                todo = stream.unconsumed_tail
            if todo or stream.unused_data:
                break
        while not stream.eof and (rest := stream.decompress(b"", PIECE)):
            yield rest
    except zlib.error:
        raise InvalidBundle(f"{paths.shown(entry.name)} cannot be unpacked.") from None
    if not stream.eof or stream.unused_data or any(pieces):
        raise InvalidBundle(f"{paths.shown(entry.name)} ends before its bytes do, or after.")


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        piece = file.read(min(PIECE, length))
        if not piece:
            return
        length -= len(piece)
        yield piece

"""Manifests: what devices make of each object must be the file that its entry names (attack A59; protocol sheet §5).

A device that gets another file refuses the whole update, so a bundle is read as they read it before any hears of it.
Pure: files in, nothing out; nothing is extracted. What is sealed cannot be read here.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import BinaryIO

import brotli

from ecrin.updates.bundles import paths, rules
from ecrin.updates.bundles.archive import LIMITS, MEBIBYTE, PIECE, Contents, Limits
from ecrin.updates.bundles.model import File
from ecrin.updates.errors import InvalidBundle

_EMPTY = hashlib.sha256().hexdigest()


def compressed(manifest: Iterable[File]) -> dict[str, list[File]]:
    """Return the entries that are stored as brotli, by object; the others are their objects, byte for byte."""
    found: dict[str, list[File]] = {}
    for entry in manifest:
        if entry.name.endswith(paths.BROTLI):
            found.setdefault(entry.object, []).append(entry)
    return found


def room(manifest: Collection[File], limits: Limits = LIMITS) -> int:
    """Return how many bytes the entries that are brotli may unpack to: with the others, what an archive may.

    Raises `InvalidBundle` where the others alone have more.
    """
    stored = sum(entry.size for entry in manifest)
    plain = sum(entry.size for entry in manifest if not entry.name.endswith(paths.BROTLI))
    left = min(limits.total, max(limits.ratio_from, limits.ratio * stored)) - plain
    if left < 0:
        raise InvalidBundle(f"The files of the manifest have more than {limits.total // MEBIBYTE} MiB.")
    return left


def check(file: BinaryIO, entries: Sequence[File], left: int, limits: Limits = LIMITS) -> int:
    """Read an object that entries are stored as, and return how many bytes they have together when unpacked.

    Takes as long as unpacking it, and a few mebibytes of memory beside brotli's window (16 at most). Raises
    `InvalidBundle` that names the file: for what is no whole brotli stream, is other content than an entry says, or has
    more than `left` bytes.
    """
    name, digest, size = paths.shown(entries[0].name), hashlib.sha256(), 0
    for piece in _unpacked(file, name):
        size += len(piece)
        if size > limits.file or size * len(entries) > left:
            whole = f"{limits.total // MEBIBYTE} MiB or {limits.ratio} times their size"
            raise InvalidBundle(f"{name} is too large: with it the files unpack to more than {whole}.")
        digest.update(piece)
    for entry in entries:
        if entry.hash != digest.hexdigest():
            raise InvalidBundle(f"{paths.shown(entry.name)} unpacks to other content than its hash says.")
    return size * len(entries)


def check_same(manifest: Iterable[File], contents: Contents) -> None:
    """Raise `InvalidBundle` unless an archive has the files of a manifest.

    It may have more of those that publishers leave out of a manifest: empty ones, and what belongs to tools.
    """
    inside = contents.below_top()
    for entry in manifest:
        name = rules.target(entry)
        if inside.pop(name, None) != entry.hash:
            raise InvalidBundle(f"{paths.shown(name)} is other content in the archive, or is not there.")
    for name, found in inside.items():
        if found != _EMPTY and not paths.belongs_to_tools(name):
            raise InvalidBundle(f"{paths.shown(name)} is in the archive, and not in the manifest.")


def _unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    try:
        while not stream.is_finished():
            packed = file.read(PIECE) if stream.can_accept_more_data() else b""
            piece = stream.process(packed, output_buffer_limit=PIECE)
            if not (packed or piece):
                break
            yield piece
    except brotli.error:
        raise InvalidBundle(f"{name} is not brotli, or not whole.") from None
    if not stream.is_finished() or file.read(1):
        raise InvalidBundle(f"{name} is not brotli, or not whole.")

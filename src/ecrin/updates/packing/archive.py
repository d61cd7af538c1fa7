"""The archive: a zip that Java's streaming reader and ZIPFoundation open, and whose bytes follow from the files alone.

Sizes and checksums stand in the local headers (no data descriptors), times are those of DOS's first day, order is by
name, and there is no zip64 (APPNOTE 6.3.10 §4.3.7, §4.3.12, §4.3.16).
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from ecrin.updates.errors import InvalidBundle

LEVEL = 6
_LIMIT = 0xFFFF_FFFF
_MOST = 0xFFFF
_VERSION = 20
_UNIX = 3 << 8
_UTF8 = 1 << 11
_DATE = 1 << 5 | 1  # 1980-01-01
_MODE = 0o100644 << 16
STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """A file as it stands in the archive; `size` and `crc` are those of the plain file."""

    name: str
    size: int
    crc: int
    method: int
    data: bytes


def member(name: str, data: bytes) -> Member:
    """Return a file compressed, or as it is where that would not be smaller."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    packed = compressor.compress(data) + compressor.flush()
    crc = zlib.crc32(data)
    if len(packed) < len(data):
        return Member(name, len(data), crc, DEFLATED, packed)
    return Member(name, len(data), crc, STORED, data)


def write(out: BinaryIO, members: Iterable[Member]) -> int:
    """Write the archive and return its size in bytes.

    Raises `InvalidBundle` for more than a zip without zip64 can hold: 4 GiB or 65,535 files.
    """
    directory: list[bytes] = []
    at = 0

    def put(part: bytes) -> None:
        nonlocal at
        out.write(part)
        at += len(part)

    for each in members:
        start = at
        name, fields = each.name.encode(), _fields(each)
        put(struct.pack("<4s", b"PK\3\4") + fields + struct.pack("<HH", len(name), 0) + name)
        put(each.data)
        tail = struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, _MODE, start)
        directory.append(struct.pack("<4sH", b"PK\1\2", _UNIX | _VERSION) + fields + tail + name)
        _check(at, len(directory))
    start = at
    put(b"".join(directory))
    _check(at, len(directory))
    count = len(directory)
    put(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, at - start, start, 0))
    return at


def _fields(each: Member) -> bytes:
    """Return what local header and directory say alike."""
    return struct.pack("<HHHHHIII", _VERSION, _UTF8, each.method, 0, _DATE, each.crc, len(each.data), each.size)


def _check(size: int, count: int) -> None:
    if size > _LIMIT or count > _MOST:
        raise InvalidBundle("It is too large for an archive that every device opens (4 GiB, 65,535 files).")

"""The records of a zip (APPNOTE 6.3.10 §4.3): the directory at its end, and the header before each file. Pure.

Only what every reader reads alike: stored and deflated files in one volume, sizes of 32 bits, names in ASCII or
declared UTF-8, no encryption, no extra field that renames, links or resizes an entry.
"""

import stat
import struct
from dataclasses import dataclass
from typing import BinaryIO

from ecrin.updates.bundles.paths import shown
from ecrin.updates.errors import InvalidBundle

STORED, DEFLATED = 0, 8
_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s2x3H4x3I4H2x2I")  # left out: who made it, time, internal attributes
_LOCAL = struct.Struct("<4s3H4x3I2H")
_DESCRIPTOR = struct.Struct("<3I")
_SIGNED_DESCRIPTOR = struct.Struct("<4s3I")
_UTF8, _DESCRIBED = 1 << 11, 1 << 3
_FLAGS = _UTF8 | _DESCRIBED | 0b110  # and how hard the packer tried
_MAX_NEEDED = 45  # version 4.5 of the format: what cautious writers ask for
_VOLUME, _FOLDER = 0x08, 0x10  # MS-DOS attributes
_NO_ROOM = 0xFFFFFFFF
_MAX_DIRECTORY = 16 * 1024 * 1024  # bytes
# zip64, PKWARE Unix (links, devices), ASi Unix (links), and the Unicode path that overrides the name
_EXTRA_REFUSED = {0x0001: "zip64", 0x000D: "Unix", 0x756E: "ASi Unix", 0x7075: "Unicode path"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of the directory; `offset` is where its header begins, `packed` how many bytes follow that."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def folder(self) -> bool:
        """Return whether it is a folder, which has no content."""
        return self.name.endswith("/")


def directory(file: BinaryIO, most: int) -> tuple[list[Entry], int]:
    """Return the entries of a zip and where its directory begins; raises `InvalidBundle`."""
    count, size, start = _end(file)
    if count > most or size > _MAX_DIRECTORY:
        raise InvalidBundle(f"It has {count} files, of which at most {most} are allowed, or their names are too long.")
    file.seek(start)
    raw = file.read(size)
    entries, at = [], 0
    for _ in range(count):
        entry, at = _central(raw, at)
        entries.append(entry)
    if at != len(raw):
        raise InvalidBundle("The directory of the archive is longer than its files.")
    return entries, start


def entry_end(file: BinaryIO, entry: Entry, stop: int) -> tuple[int, int]:
    """Return where the bytes of an entry begin and where all that belongs to it ends, at or before `stop`.

    Raises `InvalidBundle` where the header before the bytes, or the descriptor after them, says other than the
    directory.
    """
    file.seek(entry.offset)
    signature, needed, flags, method, crc, packed, size, name_length, extra_length = _LOCAL.unpack(
        _exactly(file, _LOCAL.size)
    )
    name = _exactly(file, name_length)
    _check_extra(_exactly(file, extra_length), entry.name)
    _check_needed(needed, entry.name)
    described = bool(entry.flags & _DESCRIBED)
    said = (crc, packed, size)
    true = (entry.crc, entry.packed, entry.size)
    if signature != b"PK\3\4" or (flags, method, name) != (entry.flags, entry.method, entry.raw_name):
        raise InvalidBundle(f"{shown(entry.name)} is another file in its own header than in the directory.")
    if said != true and not (described and said == (0, 0, 0)):
        raise InvalidBundle(f"{shown(entry.name)} has another size or CRC-32 in its own header than in the directory.")
    data = file.tell()
    end = data + entry.packed
    if described:
        end += _descriptor(file, entry, end)
    if end > stop:
        raise InvalidBundle(f"{shown(entry.name)} reaches into the directory of the archive.")
    return data, end


def _end(file: BinaryIO) -> tuple[int, int, int]:
    """Return the number of entries, and the size and the place of the directory, which must be the last things."""
    length = file.seek(0, 2)
    if length < _END.size:
        raise InvalidBundle("It is not a zip.")
    file.seek(length - _END.size)
    signature, disk, first_disk, here, count, size, start, comment = _END.unpack(file.read(_END.size))
    if signature != b"PK\5\6" or comment:
        raise InvalidBundle("It is not a zip, or something follows the end of the archive.")
    if disk or first_disk or here != count or count == 0xFFFF or _NO_ROOM in (size, start):
        raise InvalidBundle("It has several volumes, or is a zip64, which not every device can read.")
    if start + size + _END.size != length or size < count * _CENTRAL.size:
        raise InvalidBundle("The directory is not where the archive says, or something stands before the first file.")
    return count, size, start


def _central(raw: bytes, at: int) -> tuple[Entry, int]:
    fixed = raw[at : at + _CENTRAL.size]
    if len(fixed) < _CENTRAL.size or fixed[:4] != b"PK\1\2":
        raise InvalidBundle("The directory of the archive is shorter than its files.")
    _, needed, flags, method, crc, packed, size, *lengths, disk, attributes, offset = _CENTRAL.unpack(fixed)
    name_length, extra_length, comment = lengths
    at += _CENTRAL.size
    raw_name = raw[at : at + name_length]
    extra = raw[at + name_length : at + name_length + extra_length]
    at += name_length + extra_length + comment
    if at > len(raw):
        raise InvalidBundle("The directory of the archive is shorter than its files.")
    entry = Entry(_name(raw_name, flags), raw_name, flags, method, crc, packed, size, offset)
    if disk or comment:
        raise InvalidBundle(f"{shown(entry.name)} is on another volume, or has a comment.")
    _check_needed(needed, entry.name)
    _check_extra(extra, entry.name)
    _check_kind(entry, attributes)
    return entry, at


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise InvalidBundle(f"{shown(raw.decode('latin-1'))} is neither ASCII nor declared to be UTF-8.") from None


def _check_kind(entry: Entry, attributes: int) -> None:
    """Refuse what is no plain file or folder, is encrypted, or is packed in a way that some devices cannot read."""
    if entry.flags & ~_FLAGS or entry.method not in {STORED, DEFLATED}:
        raise InvalidBundle(f"{shown(entry.name)} is encrypted, patched, or packed by another method than deflate.")
    if entry.method == STORED and (entry.flags & _DESCRIBED or entry.packed != entry.size):
        raise InvalidBundle(f"{shown(entry.name)} is stored without its size in front, which phones cannot read.")
    if _NO_ROOM in {entry.packed, entry.size, entry.offset}:
        raise InvalidBundle(f"{shown(entry.name)} has sizes of 64 bits, which not every device can read.")
    kind = stat.S_IFMT(attributes >> 16)
    if attributes & _VOLUME or kind not in {0, stat.S_IFDIR if entry.folder else stat.S_IFREG}:
        raise InvalidBundle(f"{shown(entry.name)} is a link, a device or something else that is no file.")
    if attributes & _FOLDER and not entry.folder:
        raise InvalidBundle(f"{shown(entry.name)} is called a folder, but its name is that of a file.")
    if entry.folder and (entry.size or entry.crc):
        raise InvalidBundle(f"{shown(entry.name)} is a folder and has content.")


def _check_needed(version: int, name: str) -> None:
    if version > _MAX_NEEDED:
        raise InvalidBundle(f"{shown(name)} asks for a newer kind of reader than deflate needs.")


def _check_extra(raw: bytes, name: str) -> None:
    at = 0
    while at < len(raw):
        if len(raw) - at < 4:
            raise InvalidBundle(f"{shown(name)} has an extra field that is cut.")
        kind, length = struct.unpack_from("<2H", raw, at)
        at += 4 + length
        if at > len(raw):
            raise InvalidBundle(f"{shown(name)} has an extra field that is cut.")
        if kind in _EXTRA_REFUSED:
            raise InvalidBundle(f"{shown(name)} has an extra field ({_EXTRA_REFUSED[kind]}) that not all read alike.")


def _descriptor(file: BinaryIO, entry: Entry, at: int) -> int:
    """Return the length of the record after the bytes of an entry: 16 or, without its signature, 12."""
    file.seek(at)
    raw = file.read(_SIGNED_DESCRIPTOR.size)
    true = (entry.crc, entry.packed, entry.size)
    if len(raw) == _SIGNED_DESCRIPTOR.size and _SIGNED_DESCRIPTOR.unpack(raw) == (b"PK\7\x08", *true):
        return _SIGNED_DESCRIPTOR.size
    if len(raw) >= _DESCRIPTOR.size and _DESCRIPTOR.unpack(raw[: _DESCRIPTOR.size]) == true:
        return _DESCRIPTOR.size
    raise InvalidBundle(f"{shown(entry.name)} is not followed by its sizes, though its header says so.")


def _exactly(file: BinaryIO, length: int) -> bytes:
    raw = file.read(length)
    if len(raw) != length:
        raise InvalidBundle("The archive is cut.")
    return raw

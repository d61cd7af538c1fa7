"""Zips for the tests: good ones, and a writer that lies wherever it is told to."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field, replace


def good(**files: bytes) -> bytes:
    """A zip as `zipfile` writes it; names have `__` for a slash and `_` for a dot."""
    return packed({name.replace("__", "/").replace("_", "."): data for name, data in files.items()})


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return held.getvalue()


@dataclass(frozen=True)
class Item:
    """One entry; a member of `local` or `central` says something else there only."""

    name: bytes = b"a.js"
    data: bytes = b"let a = 1;" * 9
    method: int = 8
    flags: int = 0
    attributes: int = 0
    size: int | None = None
    crc: int | None = None
    raw: bytes | None = None  # what stands there instead of the packed data
    extra: bytes = b""
    comment: bytes = b""
    descriptor: bytes | None = None
    local: dict[str, int | bytes] = field(default_factory=dict)
    offset: int | None = None


INDEX = Item(b"index.html", b"<p>hello</p>")


def zipped(*items: Item, front: bytes = b"", gap: bytes = b"", back: bytes = b"", **end: int) -> bytes:
    """A zip of these entries; `end` overrides members of its last record."""
    body, directory = front, b""
    for item in items:
        data = item.raw if item.raw is not None else _packed(item)
        crc = zlib.crc32(item.data) if item.crc is None else item.crc
        size = len(item.data) if item.size is None else item.size
        said = {"needed": 20, "name": item.name, "flags": item.flags, "method": item.method, "extra": item.extra}
        here = {**said, "crc": crc, "packed": len(data), "size": size, **item.local}
        offset = len(body) if item.offset is None else item.offset
        body += _local(here) + data + (item.descriptor or b"")
        directory += struct.pack(
            "<4s6H3I5H2I",
            b"PK\1\2", 20 | 3 << 8, 20, item.flags, item.method, 0, 33, crc, len(data), size,
            len(item.name), len(item.extra), len(item.comment), 0, 0, item.attributes, offset,
        ) + item.name + item.extra + item.comment  # fmt: skip
    body += gap
    last = {"disk": 0, "first": 0, "here": len(items), "count": len(items), "size": len(directory), "start": len(body)}
    last = {**last, "comment": 0, **end}
    return body + directory + struct.pack("<4s4H2IH", b"PK\5\6", *last.values()) + back


def with_index(item: Item, **changes: int | bytes) -> bytes:
    return zipped(INDEX, replace(item, **changes))  # type: ignore[arg-type]


def _local(said: dict[str, int | bytes]) -> bytes:
    name, extra = said["name"], said["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    fixed = (said["flags"], said["method"], 0, 33, said["crc"], said["packed"], said["size"], len(name), len(extra))
    return struct.pack("<4s5H3I2H", b"PK\3\4", said["needed"], *fixed) + name + extra


def _packed(item: Item) -> bytes:
    if item.method != 8:
        return item.data
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(item.data) + stream.flush()

"""Archives that are refused before anything is extracted (attack A59), and those that are not."""

import io
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.updates.bundles.archive import Limits, check
from ecrin.updates.errors import InvalidBundle
from updates.bundles.zips import INDEX, Item, good, packed, with_index, zipped

A = Item()
LINK, DEVICE, FIFO, FOLDER_MODE = 0o120777 << 16, 0o020644 << 16, 0o010644 << 16, 0o040755 << 16
MEGA = b"\0" * 1024 * 1024


def deflated(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def descriptor(item: Item, signed: bool = True, **wrong: int) -> bytes:
    said = {"crc": zlib.crc32(item.data), "packed": len(deflated(item.data)), "size": len(item.data), **wrong}
    return (b"PK\7\x08" if signed else b"") + struct.pack("<3I", *said.values())


DESCRIBED = {"flags": 8, "local": {"crc": 0, "packed": 0, "size": 0}}

GOOD = {
    "written by zipfile": good(index_html=b"hello", assets__a_js=b"let a"),
    "stored": packed({"index.html": b"hello", "b.bin": b"\0" * 9}, zipfile.ZIP_STORED),
    "one top folder": packed({"dist/index.html": b"hello", "dist/a.js": b"let a"}),
    "folders named": packed({"css/": b"", "index.html": b"hello", "css/a.css": b"p{}"}),
    "names in UTF-8": packed({"index.html": b"hello", "é/日本.js": b"let a"}),
    "an empty file": packed({"index.html": b"hello", "empty": b""}),
    "large files": packed({"index.html": b"hello", "large": bytes(range(256)) * 20_000}),
    "a space in a name": packed({"index.html": b"hello", "my file.js": b"let a"}),
    "descriptors": with_index(A, descriptor=descriptor(A), **DESCRIBED),  # type: ignore[arg-type]
    "descriptors without a signature": with_index(A, descriptor=descriptor(A, signed=False), **DESCRIBED),  # type: ignore[arg-type]
    "times in extra fields": with_index(A, extra=struct.pack("<2HBI", 0x5455, 5, 1, 0)),
    "modes of files": with_index(A, attributes=0o100644 << 16),
}

BAD = {
    "a file above": with_index(A, name=b"../a.js"),
    "a file above, deeper": with_index(A, name=b"b/../../a.js"),
    "dots in the middle": with_index(A, name=b"b/./a.js"),
    "an absolute path": with_index(A, name=b"/a.js"),
    "two slashes": with_index(A, name=b"b//a.js"),
    "a drive": with_index(A, name=b"C:a.js"),
    "an absolute drive": with_index(A, name=b"C:/a.js"),
    "a stream": with_index(A, name=b"index.html:a"),
    "a backslash": with_index(A, name=b"b\\a.js"),
    "a share": with_index(A, name=b"\\\\host\\a.js"),
    "a NUL": with_index(A, name=b"a.js\0.png"),
    "a newline": with_index(A, name=b"a\n.js"),
    "an empty name": with_index(A, name=b""),
    "a slash alone": with_index(A, name=b"/", data=b""),
    "a dot at the end": with_index(A, name=b"a.js."),
    "a space at the end": with_index(A, name=b"a.js "),
    "a long name": with_index(A, name=b"a" * 300),
    "a long path": with_index(A, name=b"/".join([b"abcdefgh"] * 130)),
    "a slash of full width": with_index(A, name="b\uff0f..\uff0fa.js".encode(), flags=1 << 11),
    "one leader of dots": with_index(A, name="\u2025/a.js".encode(), flags=1 << 11),
    "right to left": with_index(A, name="a\u202esj.exe".encode(), flags=1 << 11),
    "a name that is no UTF-8": with_index(A, name=b"\xff.js", flags=1 << 11),
    "a name in another code": with_index(A, name=b"\x82.js"),
    "a symbolic link": with_index(A, attributes=LINK, data=b"/etc/passwd"),
    "a device": with_index(A, attributes=DEVICE),
    "a pipe": with_index(A, attributes=FIFO),
    "a folder called file": with_index(A, name=b"b/", data=b"", attributes=0o100644 << 16),
    "a file called folder": with_index(A, attributes=FOLDER_MODE),
    "a file with the mark of a folder": with_index(A, attributes=0x10),
    "a volume label": with_index(A, attributes=0x08),
    "a folder with content": with_index(A, name=b"b/"),
    "a hard link (PKWARE Unix)": with_index(A, extra=struct.pack("<2H12s", 0x000D, 12, b"index.html\0\0")),
    "a link (ASi Unix)": with_index(A, extra=struct.pack("<2H14s", 0x756E, 14, b"")),
    "another name (Unicode path)": with_index(A, extra=struct.pack("<2H9s", 0x7075, 9, b"")),
    "zip64 sizes": with_index(A, extra=struct.pack("<2HQ", 0x0001, 8, 90)),
    "an extra field that is cut": with_index(A, extra=b"UT\x09"),
    "an extra field that is too long": with_index(A, extra=struct.pack("<2H", 0x5455, 9)),
    "a name twice": zipped(INDEX, A, A),
    "a name in two cases": zipped(INDEX, A, Item(b"A.JS")),
    "a name in two forms": zipped(
        INDEX, Item("\u00e9".encode(), flags=1 << 11), Item("e\u0301".encode(), flags=1 << 11)
    ),
    "a name in compatible letters": zipped(INDEX, Item(b"file"), Item("ﬁle".encode(), flags=1 << 11)),
    "a file where a folder is": zipped(INDEX, Item(b"b"), Item(b"b/a.js")),
    "a file named as a folder": zipped(INDEX, Item(b"B"), Item(b"b/", b"")),
    "a folder twice": zipped(INDEX, Item(b"b/", b""), Item(b"B/", b"")),
    "entries that share bytes": zipped(INDEX, A, Item(b"b.js", offset=0)),
    "an entry inside another": zipped(INDEX, Item(b"b.js", zipped(A), 0), Item(offset=len(zipped(INDEX)) - 76 + 34)),
    "encrypted": with_index(A, flags=1),
    "strongly encrypted": with_index(A, flags=1 | 1 << 6),
    "masked headers": with_index(A, flags=1 << 13),
    "another method": with_index(A, method=14, raw=b"LZMA"),
    "AES": with_index(A, method=99, raw=b"xxxx"),
    "a wrong CRC-32": with_index(A, crc=1),
    "a wrong CRC-32, stored": with_index(A, crc=1, method=0),
    "a smaller size than it is": with_index(A, size=1),
    "a larger size than it is": with_index(A, size=10_000),
    "another size, stored": with_index(A, size=1, method=0),
    "garbage": with_index(A, raw=b"\xff" * 40),
    "cut data": with_index(A, raw=deflated(A.data)[:-2]),
    "bytes after the data": with_index(A, raw=deflated(A.data) + b"xx"),
    "a second stream after the data": with_index(A, raw=deflated(A.data) * 2),
    "another name in front": with_index(A, local={"name": b"b.js"}),
    "a shorter name in front": with_index(A, local={"name": b"a"}),
    "another size in front": with_index(A, local={"size": 5}),
    "another CRC-32 in front": with_index(A, local={"crc": 5}),
    "another method in front": with_index(A, local={"method": 0}),
    "encrypted in front only": with_index(A, local={"flags": 1}),
    "a link in front only": with_index(A, local={"extra": struct.pack("<2H12s", 0x000D, 12, b"")}),
    "no size in front and no descriptor": with_index(A, local={"crc": 0, "packed": 0, "size": 0}),
    "a descriptor that is wrong": with_index(A, descriptor=descriptor(A, size=5), **DESCRIBED),  # type: ignore[arg-type]
    "a descriptor that is missing": with_index(A, **DESCRIBED),  # type: ignore[arg-type]
    "stored with a descriptor": with_index(Item(method=0), descriptor=b"PK\7\x08" + bytes(12), **DESCRIBED),  # type: ignore[arg-type]
    "a version of the format that few can read": with_index(A, local={"needed": 63}),
    "a comment of a file": with_index(A, comment=b"hello"),
    "a comment of the archive": zipped(INDEX, A, comment=5, back=b"hello"),
    "bytes behind": zipped(INDEX, A, back=b"x"),
    "bytes in front": zipped(INDEX, A, front=b"#!/bin/sh\n"),
    "bytes in front that nothing counts": b"x" + zipped(INDEX, A),
    "bytes before the directory": zipped(INDEX, A, gap=b"x"),
    "fewer entries than there are": zipped(INDEX, A, count=1, here=1),
    "more entries than there are": zipped(INDEX, A, count=3, here=3),
    "two volumes": zipped(INDEX, A, disk=1),
    "zip64": zipped(INDEX, A, count=0xFFFF, here=0xFFFF),
    "a directory elsewhere": zipped(INDEX, A, start=0),
    "an archive in the archive": zipped(INDEX, A) + zipped(INDEX),
    "no index.html": zipped(A),
    "index.html in the second folder": zipped(Item(b"a/b.js"), Item(b"b/index.html")),
    "index.html too deep": zipped(Item(b"a/b/index.html")),
    "INDEX.HTML": zipped(Item(b"INDEX.HTML")),
    "no files": zipped(),
    "nothing": b"",
    "no zip": b"PK" * 50,
    "its end alone": zipped(INDEX)[-22:],
    "too small to have an end": b"PK\5\6",
}


def checked(raw: bytes, limits: Limits | None = None) -> tuple[str, ...]:
    return (check(io.BytesIO(raw), limits) if limits else check(io.BytesIO(raw))).names


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD.keys())
def test_a_good_archive_passes_with_the_names_that_zipfile_sees(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert checked(raw) == tuple(info.filename for info in archive.infolist() if not info.is_dir())


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_a59_an_archive_that_readers_could_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidBundle):
        checked(raw)


def test_a59_a_bomb_is_refused_by_what_it_says() -> None:
    with pytest.raises(InvalidBundle, match="times its size"):
        checked(packed({"index.html": b"hello", **{f"{i}.bin": MEGA for i in range(40)}}))


def test_a59_a_bomb_that_lies_is_refused_once_it_unpacked_what_it_said() -> None:
    bomb = Item(b"bomb", size=10, raw=deflated(MEGA * 50), crc=0)
    limits = Limits(total=1000, file=1000)
    with pytest.raises(InvalidBundle, match="size or CRC-32"):
        checked(zipped(INDEX, bomb), limits)


def test_a59_ten_gigabytes_are_refused_without_unpacking_them() -> None:
    ten = [Item(f"{i}.bin".encode(), b"", raw=b"\3\0", size=2**30 + 1) for i in range(10)]
    with pytest.raises(InvalidBundle, match="MiB"):
        checked(zipped(INDEX, *ten))


def test_a59_files_that_overlap_as_in_42_zip_are_refused() -> None:
    kernel = Item(b"0", b"\0" * 5000)
    first = len(zipped(INDEX)) - 22 - 46 - len(INDEX.name)
    shared = [Item(str(i).encode(), kernel.data, raw=b"", offset=first) for i in range(1, 50)]
    with pytest.raises(InvalidBundle):
        checked(zipped(INDEX, kernel, *shared))


def test_a59_too_many_files_are_refused_before_their_names_are_read() -> None:
    with pytest.raises(InvalidBundle, match="at most 3"):
        checked(zipped(INDEX, *(Item(str(i).encode()) for i in range(3))), Limits(entries=3))


@pytest.mark.parametrize("tool", ["zip", "jar"])
def test_what_other_tools_write_passes(tmp_path: Path, tool: str) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>hello</p>" * 100)
    (tmp_path / "assets" / "a.js").write_text("let a = 1;" * 100)
    command = {"zip": ["zip", "-qr", "out.zip", "."], "jar": ["jar", "cfM", "out.zip", "index.html", "assets"]}[tool]
    try:
        subprocess.run(command, cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip(f"{tool} is not installed")
    assert sorted(checked((tmp_path / "out.zip").read_bytes())) == ["assets/a.js", "index.html"]


def judged(raw: bytes) -> None:
    """What passes is below its folder for everybody who extracts it, and each file is there once."""
    try:
        names = checked(raw)
    except InvalidBundle:
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        seen = [info for info in archive.infolist() if not info.is_dir()]
        assert tuple(info.orig_filename for info in seen) == names
        assert archive.testzip() is None
    for name in names:
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert "\\" not in name
        assert str(path) == name
    assert len({name.casefold() for name in names}) == len(names)


@given(st.binary(max_size=300))
def test_a59_random_bytes_are_refused_or_harmless(raw: bytes) -> None:
    judged(raw)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a59_a_good_archive_with_bytes_changed_is_refused_or_harmless(name: str, data: st.DataObject) -> None:
    raw = bytearray(GOOD[name])
    small = st.tuples(st.integers(-200, 200), st.integers(0, 255))
    for at, value in data.draw(st.lists(small, min_size=1, max_size=4)):
        raw[at % len(raw)] = value
    judged(bytes(raw))


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=4), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1))
def test_a59_any_names_flags_and_attributes_are_refused_or_harmless(
    names: list[bytes], flags: int, attributes: int
) -> None:
    judged(zipped(INDEX, *(Item(name, flags=flags & 0x808, attributes=attributes) for name in names)))


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_a59_any_unicode_names_are_refused_or_harmless(names: list[str]) -> None:
    judged(zipped(INDEX, *(Item(name.encode("utf-8", "replace"), flags=1 << 11) for name in names)))

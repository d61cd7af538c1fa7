"""What devices make of a manifest, read before any of them hears of it (attack A59)."""

import hashlib
import io
import os
import tracemalloc

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.updates.bundles.archive import PIECE, Limits
from ecrin.updates.bundles.archive import check as archived
from ecrin.updates.bundles.entries import check, check_same, room
from ecrin.updates.bundles.model import File
from ecrin.updates.errors import InvalidBundle
from updates.bundles.publishing import sha
from updates.bundles.zips import packed

MEBIBYTE = 1024 * 1024
TEXT = b"let a = 1;" * 2000


def entry(name: str, plain: bytes, stored: bytes | None = None) -> File:
    stored = brotli.compress(plain) if stored is None else stored
    return File(name, sha(plain), sha(stored), len(stored))


def checked(stored: bytes, *entries: File, left: int = 512 * MEBIBYTE) -> int:
    return check(io.BytesIO(stored), entries, left)


@pytest.mark.parametrize("plain", [b"", b"x", TEXT, bytes(range(256)) * 20_000], ids=["nothing", "1", "text", "5 MB"])
def test_an_entry_that_unpacks_to_what_it_names_is_good(plain: bytes) -> None:
    assert checked(brotli.compress(plain), entry("a.js.br", plain)) == len(plain)


@given(st.binary(max_size=4096), st.integers(0, 11), st.integers(10, 24))
def test_whatever_brotli_packed_is_unpacked(plain: bytes, quality: int, window: int) -> None:
    stored = brotli.compress(plain, quality=quality, lgwin=window)
    assert checked(stored, entry("a.js.br", plain, stored)) == len(plain)


def test_a_file_that_unpacks_to_something_else_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidBundle, match=r"'assets/a\.js\.br' unpacks to other content"):
        checked(brotli.compress(b"other"), entry("assets/a.js.br", TEXT))


def test_the_one_wrong_name_of_an_object_that_several_name_is_said() -> None:
    with pytest.raises(InvalidBundle, match=r"'b\.js\.br'"):
        checked(brotli.compress(TEXT), entry("a.js.br", TEXT), entry("b.js.br", b"other"))


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"hello",
        TEXT,
        brotli.compress(TEXT)[:-1],
        brotli.compress(TEXT)[:4],
        brotli.compress(TEXT) + b"\0",
        brotli.compress(TEXT) + brotli.compress(b"more"),
        brotli.compress(bytes(MEBIBYTE)) + b"\0" * 5 * MEBIBYTE,
    ],
    ids=["nothing", "text", "plain", "cut", "cut early", "a byte after", "another after", "mebibytes after"],
)
def test_what_is_no_whole_brotli_is_refused(stored: bytes) -> None:
    with pytest.raises(InvalidBundle, match=r"'a\.js\.br' is not brotli, or not whole"):
        checked(stored, entry("a.js.br", TEXT))


def test_bytes_after_the_end_are_refused_where_a_piece_that_was_read_ends_there_too() -> None:
    noise = os.urandom(PIECE)
    stored = next(s for n in range(2, 64) if len(s := brotli.compress(noise[n:], quality=1)) == PIECE)
    plain = brotli.decompress(stored)
    assert checked(stored, entry("a.js.br", plain)) == len(plain)
    with pytest.raises(InvalidBundle, match="not whole"):
        checked(stored + b"\0", entry("a.js.br", plain))


def test_a59_a_bomb_is_refused_in_pieces_that_fit_into_memory() -> None:
    bomb = brotli.compress(bytes(256 * MEBIBYTE), quality=1)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidBundle, match="times their size"):
            checked(bomb, entry("a.js.br", TEXT), left=32 * MEBIBYTE)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a59_each_name_of_an_object_takes_its_room() -> None:
    entries = [entry(f"{i}.js.br", TEXT) for i in range(3)]
    assert checked(brotli.compress(TEXT), *entries, left=3 * len(TEXT)) == 3 * len(TEXT)
    with pytest.raises(InvalidBundle, match="times their size"):
        checked(brotli.compress(TEXT), *entries, left=3 * len(TEXT) - 1)


def test_a59_no_file_is_larger_than_one_in_an_archive_may_be() -> None:
    with pytest.raises(InvalidBundle, match="times their size"):
        check(io.BytesIO(brotli.compress(TEXT)), [entry("a.js.br", TEXT)], 2**40, Limits(file=len(TEXT) - 1))


@pytest.mark.parametrize(
    ("packed", "plain", "left"),
    [(0, 0, 32), (1, 0, 100), (1, 9, 991), (10, 0, 1000), (11, 0, 1024), (500, 0, 1024), (1, 1023, 1), (1, 1024, 0)],
)
def test_a59_a_manifest_unpacks_as_far_as_an_archive_does(packed: int, plain: int, left: int) -> None:
    limits = Limits(total=1024, ratio=100, ratio_from=32)
    assert room([File("a.br", "", "", packed), File("b", "", "", plain)], limits) == left


def test_a59_files_that_are_not_packed_take_their_room_too() -> None:
    with pytest.raises(InvalidBundle, match="more than 1 MiB"):
        room([File("a", "", "", MEBIBYTE), File("b", "", "", 1)], Limits(total=MEBIBYTE))


# --- the same files in both forms

FILES = {"index.html": b"<p>", "assets/a.js": TEXT, "assets/x.br": b"x"}


def listed(files: dict[str, bytes]) -> list[File]:
    return [entry(f"{name}.br" if name.endswith((".js", ".br")) else name, data) for name, data in files.items()]


def same(archive: dict[str, bytes], manifest: dict[str, bytes]) -> None:
    check_same(listed(manifest), archived(io.BytesIO(packed(archive))))


@pytest.mark.parametrize(
    "more", [{}, {"empty.txt": b""}, {".DS_Store": b"x"}, {"node_modules/a/index.js": b"x"}, {"lib/.git/HEAD": b"x"}]
)
def test_an_archive_and_a_manifest_of_the_same_files_are_good(more: dict[str, bytes]) -> None:
    """Publishers leave empty files and those of tools out of a manifest (protocol sheet §5)."""
    same({**FILES, **more}, FILES)


def test_the_folder_that_holds_a_whole_archive_is_no_part_of_the_names() -> None:
    same({f"dist/{name}": data for name, data in FILES.items()}, FILES)


@pytest.mark.parametrize(
    ("archive", "manifest", "name"),
    [
        ({**FILES, "assets/a.js": b"other"}, FILES, "assets/a.js"),
        ({**FILES, "assets/a.js": b""}, FILES, "assets/a.js"),
        ({"index.html": b"<p>"}, {**FILES}, "assets/a.js"),
        ({**FILES, "more.css": b"p{}"}, FILES, "more.css"),
        ({**FILES, "Assets2.js": b"x"}, {**FILES, "assets2.js": b"x"}, "ssets2.js"),
    ],
    ids=["other content", "emptied", "not in the archive", "not in the manifest", "another case"],
)
def test_an_archive_and_a_manifest_of_other_files_are_refused(
    archive: dict[str, bytes], manifest: dict[str, bytes], name: str
) -> None:
    with pytest.raises(InvalidBundle, match=f"{name}.*(archive|manifest)"):
        same(archive, manifest)


def test_an_archive_says_the_hash_of_each_file() -> None:
    hashes = archived(io.BytesIO(packed(FILES))).hashes
    assert hashes == {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}

"""From a folder to a package: what is stored, what is listed, and that it says the truth."""

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.secret import Secret
from ecrin.updates.bundles import archive as judge
from ecrin.updates.bundles import rules
from ecrin.updates.bundles.model import File, NewBundle
from ecrin.updates.errors import InvalidBundle
from ecrin.updates.packing import archive
from ecrin.updates.packing.compress import entry
from ecrin.updates.packing.model import Package
from ecrin.updates.packing.pack import Packer
from ecrin.updates.packing.ready import sealed, unpacked
from ecrin.updates.packing.rules import as_brotli, to_download
from ecrin.updates.packing.scan import scan
from ecrin.updates.sealing import checksum, keys, session
from ecrin.updates.sealing.keys import PrivateKey

KEY = PrivateKey(keys.create()[0])
LONG = "".join(f"const value{i} = {i};\n" for i in range(2000))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<html>é</html>")
    (folder / "assets/main.js").write_text(LONG)
    (folder / "assets/é.css").write_text("body{}")
    (folder / "assets/empty.txt").write_text("")
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def content(package: Package, name: str) -> bytes:
    return package.objects[name].read_bytes()


def listed(package: Package) -> dict[str, File]:
    return {file.name: file for file in package.manifest}


def new(package: Package) -> NewBundle:
    return NewBundle(
        version="1.0.0",
        checksum=package.checksum,
        zip=package.zip,
        session_key=package.sealing.session_key,
        key_id=package.sealing.key_id,
        manifest=package.manifest,
    )


def test_the_archive_holds_every_file_and_is_good(dist: Path, work: Path) -> None:
    package = Packer(work).pack(scan(dist).files)
    data = content(package, package.zip)
    assert judge.check(io.BytesIO(data)).names == ("assets/empty.txt", "assets/main.js", "assets/é.css", "index.html")
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        assert zipped.read("assets/main.js").decode() == LONG
    assert (package.zip, package.zip_size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert package.checksum == package.zip


def test_the_same_files_make_the_same_archive(dist: Path, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (dist / "index.html").touch()
        made.append(Packer(tmp_path / name).pack(scan(dist).files).zip)
    assert made[0] == made[1]


def test_local_headers_say_size_and_checksum_without_data_descriptors(dist: Path, work: Path) -> None:
    package = Packer(work).pack(scan(dist).files)
    data = content(package, package.zip)
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        for info in zipped.infolist():
            flags, method, _, _, crc, packed, size = struct.unpack_from("<HHHHIII", data, info.header_offset + 6)
            assert (flags & 8, method, crc, packed, size) == (
                0,
                info.compress_type,
                info.CRC,
                info.compress_size,
                info.file_size,
            )
            assert (info.extract_version, info.extra, info.date_time) == (20, b"", (1980, 1, 1, 0, 0, 0))


@given(st.dictionaries(st.from_regex(r"[a-zé]{1,8}(/[a-z]{1,8})?\.js", fullmatch=True), st.binary(max_size=300)))
def test_any_archive_is_read_by_pythons_reader_too(files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    size = archive.write(out, [archive.member(name, data) for name, data in files.items()])
    assert size == len(out.getvalue())
    with zipfile.ZipFile(out) as zipped:
        assert {info.filename: zipped.read(info) for info in zipped.infolist()} == files


def test_manifest_names_what_is_stored(dist: Path, work: Path) -> None:
    package = Packer(work).pack(scan(dist).files)
    assert list(listed(package)) == ["assets/main.js.br", "assets/é.css", "index.html"]
    for name, file in listed(package).items():
        stored = content(package, file.object)
        assert (hashlib.sha256(stored).hexdigest(), len(stored)) == (file.object, file.size)
        plain = brotli.decompress(stored) if name.endswith(".br") else stored
        assert hashlib.sha256(plain).hexdigest() == file.hash
        assert plain == (dist / name.removesuffix(".br")).read_bytes()
    rules.check(new(package))


@pytest.mark.parametrize(
    ("size", "packed", "wanted"),
    [(8191, 10, False), (8192, 8182, False), (8192, 8181, True), (8192, 8192, False), (0, 1, False)],
)
def test_brotli_is_used_from_8192_bytes_if_it_saves_more_than_ten(size: int, packed: int, wanted: bool) -> None:
    assert as_brotli("a.js", size, packed) is wanted


def test_a_file_called_br_is_what_it_was_after_a_device_strips_and_decompresses() -> None:
    name, stored = entry("a.js.br", b"tiny", 9)
    assert (name, brotli.decompress(stored)) == ("a.js.br.br", b"tiny")


def test_quality_is_the_one_that_was_asked_for(dist: Path, tmp_path: Path) -> None:
    sizes = []
    for quality in (0, 11):
        folder = tmp_path / str(quality)
        folder.mkdir()
        package = Packer(folder, quality=quality).pack(scan(dist).files)
        sizes.append(listed(package)["assets/main.js.br"].size)
    assert sizes[0] > sizes[1]


def test_without_a_manifest_there_is_the_archive_alone(dist: Path, work: Path) -> None:
    package = Packer(work).pack(scan(dist).files, listed=False)
    assert (package.manifest, list(package.objects)) == ((), [package.zip])


def test_what_was_published_before_is_not_made_again(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = Packer(tmp_path / "one").pack(scan(dist).files)
    (dist / "assets/main.js").rename(dist / "assets/renamed.js")
    (dist / "index.html").write_text("changed")
    before = {file.hash: file for file in first.manifest}
    second = Packer(tmp_path / "two", published=before).pack(scan(dist).files)
    assert listed(second)["assets/renamed.js.br"].object == listed(first)["assets/main.js.br"].object
    assert set(second.objects) == {second.zip, listed(second)["index.html"].object}
    rules.check(new(second))


def test_a_sealed_bundle_opens_to_the_plain_one(dist: Path, tmp_path: Path) -> None:
    for name in ("plain", "sealed"):
        (tmp_path / name).mkdir()
    plain = Packer(tmp_path / "plain").pack(scan(dist).files)
    shut = Packer(tmp_path / "sealed", key=KEY, published={f.hash: f for f in plain.manifest}).pack(scan(dist).files)
    rules.check(new(shut))
    opening = session.recover(shut.sealing.session_key, KEY.public)
    assert shut.sealing.key_id == KEY.public.id
    assert checksum.recover(shut.checksum, KEY.public) == plain.zip
    assert b"".join(opening.open([content(shut, shut.zip)])) == content(plain, plain.zip)
    for ours, theirs in zip(shut.manifest, plain.manifest, strict=True):
        assert (ours.name, checksum.recover(ours.hash, KEY.public)) == (theirs.name, theirs.hash)
        assert len(ours.hash) == 512
        assert b"".join(opening.open([content(shut, ours.object)])) == content(plain, theirs.object)


def test_every_sealed_bundle_has_a_key_of_its_own(dist: Path, work: Path) -> None:
    made = {Packer(work, key=KEY).pack(scan(dist).files).sealing.session_key for _ in range(3)}
    assert len(made) == 3


def test_a_file_that_changes_between_scan_and_pack_is_refused(dist: Path, work: Path) -> None:
    found = scan(dist)
    (dist / "assets/main.js").write_text("shorter")
    with pytest.raises(InvalidBundle, match="changed"):
        Packer(work).pack(found.files)


def test_a_file_that_is_gone_is_refused(dist: Path, work: Path) -> None:
    found = scan(dist)
    (dist / "assets/main.js").unlink()
    with pytest.raises(InvalidBundle, match="cannot be read"):
        Packer(work).pack(found.files)


def test_stages_hear_of_every_byte(dist: Path, work: Path) -> None:
    heard: dict[str, list[int]] = {}

    def stages(stage: str, total: int, unit: str = "B"):  # type: ignore[no-untyped-def]
        heard[stage] = [total, 0]

        def advance(more: int) -> None:
            heard[stage][1] += more

        return advance

    Packer(work, key=KEY, stages=stages).pack(scan(dist).files)
    assert list(heard) == ["compress", "encrypt", "sign"]
    assert all(total == done > 0 for total, done in heard.values())


@pytest.mark.parametrize("top", ["", "www/"])
def test_a_ready_archive_is_published_as_it_is(dist: Path, work: Path, top: str, tmp_path: Path) -> None:
    path = tmp_path / "ready.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for name in ("index.html", "assets/main.js"):
            zipped.write(dist / name, top + name)
    (work / "in").mkdir()
    package = Packer(work).pack(unpacked(path, work / "in").files, path)
    assert content(package, package.zip) == path.read_bytes()
    assert list(listed(package)) == ["assets/main.js.br", "index.html"]


@pytest.mark.parametrize("name", ["../a.js", "/a.js", "a\\b.js", "c:a.js"])
def test_an_archive_that_would_leave_its_folder_is_refused_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("index.html", "x")
        zipped.writestr(name, "x")
    (tmp_path / "in").mkdir()
    with pytest.raises(InvalidBundle):
        unpacked(path, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


def test_a_sealed_archive_is_taken_as_it_is_and_looked_into_with_the_public_key(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    made = Packer(tmp_path / "made", key=KEY).pack(scan(dist).files)
    path = made.objects[made.zip]
    taken = sealed(path, made.checksum, made.sealing.session_key, KEY.public, tmp_path)
    assert (taken.zip, taken.checksum, taken.sealing) == (made.zip, made.checksum, made.sealing)
    assert taken.manifest == ()


def test_a_sealed_archive_is_refused_with_a_checksum_of_another(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    made = Packer(tmp_path / "made", key=KEY).pack(scan(dist).files)
    with pytest.raises(Exception, match="other content"):
        sealed(made.objects[made.zip], checksum.seal("0" * 64, KEY), made.sealing.session_key, KEY.public, tmp_path)


@pytest.mark.parametrize("spoil", ["checksum", "session", "plain"])
def test_what_is_not_sealed_is_refused_without_any_key(dist: Path, tmp_path: Path, spoil: str) -> None:
    (tmp_path / "made").mkdir()
    made = Packer(tmp_path / "made", key=KEY).pack(scan(dist).files)
    path = made.objects[made.zip]
    if spoil == "plain":
        path = tmp_path / "plain.zip"
        path.write_bytes(b"x" * 17)
    with pytest.raises(InvalidBundle):
        sealed(
            path,
            "c3" * 32 if spoil == "checksum" else made.checksum,
            "a:b" if spoil == "session" else made.sealing.session_key,
            None,
            tmp_path,
        )


def test_a_sealed_archive_with_something_bad_inside_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as zipped:
        zipped.writestr("../index.html", "x")
    key = session.draw()
    shut = tmp_path / "shut.zip"
    shut.write_bytes(b"".join(key.seal([bad.read_bytes()])))
    spelled = checksum.seal(hashlib.sha256(bad.read_bytes()).hexdigest(), KEY)
    with pytest.raises(InvalidBundle):
        sealed(shut, spelled, key.spelled(KEY), KEY.public, tmp_path)


def test_a_device_downloads_what_it_has_not_under_that_base_name() -> None:
    def file(name: str, digit: str) -> File:
        return File(name, digit * 64, digit * 64, 10)

    before = [file("a/main.js.br", "1"), file("b.css", "2"), file("c.png", "3")]
    after = [file("z/main.js", "1"), file("renamed.css", "2"), file("c.png", "4"), file("new.js", "5")]
    assert [f.name for f in to_download(after, before)] == ["renamed.css", "c.png", "new.js"]


def test_a_key_that_is_no_key_does_not_show_in_the_refusal() -> None:
    with pytest.raises(Exception, match="private key") as caught:
        PrivateKey(Secret("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n"))
    assert "hunter2" not in str(caught.value)

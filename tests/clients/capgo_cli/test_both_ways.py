"""Keys and bundles of `@capgo/cli` and ours, each opened by the other, byte for byte."""

import hashlib
import json
from pathlib import Path

import pytest

from ecrin.base.secret import Secret
from ecrin.cli.root import run
from ecrin.updates.packing.pack import Packer
from ecrin.updates.packing.ready import unpacked
from ecrin.updates.packing.scan import scan
from ecrin.updates.sealing import checksum, session
from ecrin.updates.sealing.keys import PrivateKey, PublicKey

from .conftest import Capgo

PRIVATE, PUBLIC = ".capgo_key_v2", ".capgo_key_v2.pub"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<html>é</html>")
    (folder / "assets/main.js").write_text("".join(f"const x{i} = {i};\n" for i in range(3000)))
    (folder / "assets/empty.css").write_text("")
    return folder


def make_key(capgo: Capgo, by: str) -> PrivateKey:
    """Make a key pair in the project by either command, and read it as ours."""
    if by == "capgo":
        capgo.run("key", "create")
    else:
        assert run(["update-key", "create", "--out", str(capgo.folder), "--json"]) == 0
        config = {"plugins": {"CapacitorUpdater": {"publicKey": (capgo.folder / PUBLIC).read_text()}}}
        (capgo.folder / "capacitor.config.json").write_text(json.dumps({"appId": "com.example.notes", **config}))
    return PrivateKey(Secret((capgo.folder / PRIVATE).read_text()))


def test_key_files_have_the_same_names_and_shape(capgo: Capgo, tmp_path: Path) -> None:
    make_key(capgo, "capgo")
    assert run(["update-key", "create", "--out", str(tmp_path / "ours"), "--json"]) == 0
    for name in (PRIVATE, PUBLIC):
        theirs, ours = ((folder / name).read_text() for folder in (capgo.folder, tmp_path / "ours"))
        assert [len(line) for line in ours.splitlines()] == pytest.approx([len(x) for x in theirs.splitlines()], abs=4)
        assert (ours.splitlines()[0], ours.splitlines()[-1]) == (theirs.splitlines()[0], theirs.splitlines()[-1])
        assert ours[-2:] == theirs[-2:] == "-\n"


def test_the_configuration_that_we_advise_is_the_one_that_they_write(
    capgo: Capgo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(capgo, "capgo")
    theirs = json.loads((capgo.folder / "capacitor.config.json").read_text())["plugins"]["CapacitorUpdater"]
    capsys.readouterr()
    assert run(["update-key", "create", "--out", str(tmp_path / "ours"), "--json"]) == 0
    ours = json.loads(capsys.readouterr().out)["config"]["plugins"]["CapacitorUpdater"]
    assert theirs == {"publicKey": (capgo.folder / PUBLIC).read_text()}
    assert ours == {"publicKey": (tmp_path / "ours" / PUBLIC).read_text()}


@pytest.mark.parametrize("by", ["capgo", "ecrin"])
def test_what_they_seal_we_open(capgo: Capgo, dist: Path, by: str) -> None:
    public = make_key(capgo, by).public
    path, plain = capgo.zip(dist)
    made = capgo.json("bundle", "encrypt", path, plain)
    sealed = (capgo.folder / made["filename"]).read_bytes()
    opened = b"".join(session.recover(made["ivSessionKey"], public).open([sealed]))
    assert opened == path.read_bytes()
    checksum.verify(made["checksum"], hashlib.sha256(opened).hexdigest(), public)


@pytest.mark.parametrize("by", ["capgo", "ecrin"])
def test_what_we_seal_they_open(capgo: Capgo, dist: Path, by: str, tmp_path: Path) -> None:
    key = make_key(capgo, by)
    ours = tmp_path / "ours"
    ours.mkdir()
    plain = Packer(ours).pack(scan(dist).files)
    plain_zip = plain.objects[plain.zip].read_bytes()
    package = Packer(ours, key=key).pack(scan(dist).files)
    path = package.objects[package.zip].rename(capgo.folder / "pushed.zip")
    capgo.run("bundle", "decrypt", path, package.sealing.session_key, "--checksum", package.checksum)
    assert (capgo.folder / "pushed.zip_decrypted.zip").read_bytes() == plain_zip


def test_they_refuse_our_checksum_of_other_content(capgo: Capgo, dist: Path, tmp_path: Path) -> None:
    key = make_key(capgo, "ecrin")
    package = Packer(tmp_path, key=key).pack(scan(dist).files)
    other = checksum.seal("0" * 64, key)
    with pytest.raises(AssertionError, match=r"(?i)checksum"):
        capgo.run("bundle", "decrypt", package.objects[package.zip], package.sealing.session_key, "--checksum", other)


def test_a_zip_of_theirs_is_good_and_holds_the_files(capgo: Capgo, dist: Path, tmp_path: Path) -> None:
    path, plain = capgo.zip(dist)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == plain
    (tmp_path / "unpacked").mkdir()
    names = [f.name for f in unpacked(path, tmp_path / "unpacked").files]
    assert names == ["assets/empty.css", "assets/main.js", "index.html"]


def test_the_key_id_is_that_of_the_configuration(capgo: Capgo) -> None:
    key = make_key(capgo, "capgo")
    config = json.loads((capgo.folder / "capacitor.config.json").read_text())
    pem = config["plugins"]["CapacitorUpdater"]["publicKey"]
    assert PublicKey(pem).id == key.public.id
    assert key.public.id.startswith("MIIBCgKCAQEA")
    assert len(key.public.id) == 20

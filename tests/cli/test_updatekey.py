"""`ecrin update-key`: the files it writes, and the ones it does not replace."""

import json
import stat
from pathlib import Path

from ecrin.base.secret import Secret
from ecrin.updates.sealing.keys import PrivateKey
from server_process import ecrin


def test_the_pair_is_written_and_what_to_do_with_it_is_said(tmp_path: Path) -> None:
    done = ecrin("update-key", "create", "--out", "some/folder", cwd=tmp_path)
    private, public = (tmp_path / "some/folder" / name for name in (".capgo_key_v2", ".capgo_key_v2.pub"))
    key = PrivateKey(Secret(private.read_text()))
    assert (done.returncode, stat.S_IMODE(private.stat().st_mode)) == (0, 0o600)
    assert public.read_text() == key.public.pem
    assert key.public.id in done.stdout
    assert json.dumps(key.public.pem) in done.stderr
    assert private.read_text().splitlines()[1] not in done.stdout + done.stderr


def test_json_has_the_configuration_of_the_app(tmp_path: Path) -> None:
    done = ecrin("update-key", "create", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert said["config"] == {
        "plugins": {"CapacitorUpdater": {"publicKey": (tmp_path / ".capgo_key_v2.pub").read_text()}}
    }
    assert done.stderr == ""


def test_a_key_that_is_there_is_kept(tmp_path: Path) -> None:
    ecrin("update-key", "create", cwd=tmp_path)
    before = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    done = ecrin("update-key", "create", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--force" in done.stderr
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before


def test_half_a_pair_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / ".capgo_key_v2.pub").write_text("mine")
    assert ecrin("update-key", "create", cwd=tmp_path).returncode == 1
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_force_replaces_both(tmp_path: Path) -> None:
    for name in (".capgo_key_v2", ".capgo_key_v2.pub"):
        (tmp_path / name).write_text("mine")
        (tmp_path / name).chmod(0o644)
    assert ecrin("update-key", "create", "--force", cwd=tmp_path).returncode == 0
    key = PrivateKey(Secret((tmp_path / ".capgo_key_v2").read_text()))
    assert (tmp_path / ".capgo_key_v2.pub").read_text() == key.public.pem
    assert stat.S_IMODE((tmp_path / ".capgo_key_v2").stat().st_mode) == 0o600


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ecrin("update-key", "create", "--out", "file/below", cwd=tmp_path)
    assert done.returncode == 1
    assert "[CONFIGURATION]" in done.stderr

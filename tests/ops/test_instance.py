"""The data folder and what is private in it."""

import os
import secrets
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import ConfigurationError, DataFolderBusy, MasterKeyMissing, MasterKeyRejected
from ecrin.ops import instance


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_and_its_parents_are_for_the_owner_alone(tmp_path: Path) -> None:
    with instance.occupied(tmp_path / "deep" / "data"):
        assert mode(tmp_path / "deep" / "data") == 0o700


def test_an_empty_folder_and_one_of_ours_are_taken_from_others(tmp_path: Path) -> None:
    for content in ((), ("lock", "ecrin.db")):
        folder = tmp_path / f"with-{len(content)}"
        folder.mkdir(mode=0o755)
        for name in content:
            (folder / name).touch()
        with instance.occupied(folder):
            assert mode(folder) == 0o700


def test_a_folder_of_other_things_is_let_be_unless_it_is_private(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    tmp_path.chmod(0o750)
    with pytest.raises(ConfigurationError, match="holds other things"), instance.occupied(tmp_path):
        pass
    assert mode(tmp_path) == 0o750
    tmp_path.chmod(0o700)
    with instance.occupied(tmp_path):
        assert (tmp_path / "lock").exists()


def test_a_folder_is_held_once_and_free_again_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for _ in range(2):
        with instance.occupied(folder):
            with pytest.raises(DataFolderBusy, match=str(folder)), instance.occupied(folder):
                pass
            with pytest.raises(DataFolderBusy), instance.occupied(folder):
                pass


def test_a_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    instance.create_master_key(path)
    key = instance.read_master_key(path)
    instance.create_master_key(path)
    assert instance.read_master_key(path) == key
    assert len(key.reveal()) == 32
    assert mode(path) == 0o600
    assert repr(key) == "Secret(…)"
    assert [p.name for p in tmp_path.iterdir()] == ["master.key"]


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyMissing, match=str(tmp_path / "master.key")):
        instance.read_master_key(tmp_path / "master.key")


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o620, 0o602, 0o644, 0o777])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "master.key"
    instance.create_master_key(path)
    path.chmod(bits)
    with pytest.raises(MasterKeyRejected, match=f"{bits:o}"):
        instance.read_master_key(path)


@given(st.binary(max_size=80))
def test_what_is_no_key_is_refused_without_being_shown(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("key") / "master.key"
    path.write_bytes(b"hunter2!" + junk)  # no base64url, whatever follows
    path.chmod(0o600)
    with pytest.raises(MasterKeyRejected) as refusal:
        instance.read_master_key(path)
    assert "hunter2" not in str(refusal.value)


def test_a_folder_in_the_place_of_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir(mode=0o700)
    with pytest.raises(MasterKeyRejected, match="cannot be read"):
        instance.read_master_key(tmp_path / "master.key")


def test_a_private_file_replaces_another_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and much longer")
    path.chmod(0o644)
    instance.write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_is_not_written_through_a_link_that_lies_in_wait(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "secret").symlink_to(tmp_path / "victim")
    (tmp_path / "secret.new").symlink_to(tmp_path / "victim")
    instance.write_private(tmp_path / "secret", "new")
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "secret").read_text() == "new"


def test_a_private_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no/secret cannot be written: No such file"):
        instance.write_private(tmp_path / "no" / "secret", "x")


@pytest.mark.parametrize("length", [20, 103, 104, 108, 300])
def test_a_socket_is_bound_and_reached_under_a_path_of_any_length(tmp_path: Path, length: int) -> None:
    folder = tmp_path
    while len(os.fsencode(folder)) + 8 < length:
        folder /= "f" * max(1, min(200, length - len(os.fsencode(folder)) - 8))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "s.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with instance.socket_address(path) as address:
            listener.bind(str(address))
        listener.listen()
        assert path.is_socket()
        with instance.socket_address(path) as address:
            client.connect(str(address))
        listener.accept()[0].close()


def test_keys_are_drawn_and_not_repeated(tmp_path: Path) -> None:
    names = [tmp_path / secrets.token_hex(4) for _ in range(20)]
    for name in names:
        instance.create_master_key(name)
    assert len({name.read_text() for name in names}) == 20

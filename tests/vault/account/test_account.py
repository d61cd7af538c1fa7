"""The persistent account: what comes back, from where, and what is refused."""

import asyncio
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.account.errors import InvalidAccount
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.device.errors import KeyStoreLocked, KeyStoreUnavailable
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import InvalidConfig, VaultFull, VaultUnwritable
from ecrin.vault.sealed.files import Files
from vault.secret_service import SecretServiceDaemon

APP = "com.example.notes"
DATA = {"userId": "u-1", "tokens": ["a", "b"], "größe": 1.5, "none": None, "yes": True}
FIRST_SAVE = """
import asyncio, sys
from pathlib import Path
from ecrin.testing.device import simulated_platform
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.device.linux.secretservice import SecretService
device = simulated_platform(Path(sys.argv[1]), key_store=SecretService())
asyncio.run(PersistentAccount("com.example.notes", platform=device).save(sys.argv[2], sys.argv[2]))
"""


@pytest.mark.parametrize("data", [DATA, [], {}, "text", 0, -1.25, True, [None], [[{"deep": [1]}]], {"data": 1}])
async def test_what_was_saved_is_read(account: PersistentAccount, data: Any) -> None:
    await account.save(data)
    assert await account.read() == data


async def test_the_order_of_members_is_kept(account: PersistentAccount) -> None:
    await account.save({"z": 1, "a": 2})
    found = await account.read()
    assert isinstance(found, dict)
    assert list(found) == ["z", "a"]


async def test_it_is_there_after_a_reinstall(account: PersistentAccount, platform: Platform) -> None:
    await account.save(DATA)
    assert await PersistentAccount(APP, platform=platform).read() == DATA


async def test_before_the_first_save_there_is_nothing_and_nothing_is_made(
    account: PersistentAccount, platform: Platform, key_store: MemoryKeyStore
) -> None:
    assert (await account.read(), await account.list()) == (None, [])
    assert (list(platform.data_folder.iterdir()), key_store.items) == ([], set())


async def test_accounts_have_names_and_are_apart(account: PersistentAccount) -> None:
    await account.save(1, "work")
    await account.save(2, "../../srv/é")
    await account.save(3, "work")
    await account.delete("work")
    assert (await account.list(), await account.read("work")) == (["../../srv/é"], None)
    assert await account.read("../../srv/é") == 2


async def test_deleting_what_is_not_there_is_no_error(account: PersistentAccount) -> None:
    await account.delete()
    await account.save(1)
    await account.delete("other")
    assert await account.list() == ["default"]


async def test_apps_are_apart(account: PersistentAccount, platform: Platform) -> None:
    await account.save(DATA)
    assert await PersistentAccount("com.example.other", platform=platform).read() is None


async def test_neither_the_name_nor_the_data_can_be_seen_on_disk(account: PersistentAccount, folder: Path) -> None:
    await account.save("a word in the data", "the name of the account")
    whole = b"".join(str(path).encode() + path.read_bytes() for path in folder.iterdir())
    assert b"word" not in whole
    assert b"the name" not in whole


async def test_files_and_folders_are_their_owners_alone(account: PersistentAccount, folder: Path) -> None:
    before = os.umask(0)
    try:
        await account.save(DATA)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)}
    assert (modes, folders) == ({0o600}, {0o700})


async def test_a_save_that_fails_leaves_the_old_data_and_no_draft(
    account: PersistentAccount, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account.save(1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(VaultFull):
            await account.save(2)
    assert await account.read() == 1
    assert {path.suffix for path in folder.iterdir()} == {".sealed", ""}


async def test_what_a_killed_writer_left_goes_with_the_next_save(account: PersistentAccount, folder: Path) -> None:
    await account.save(1)
    (folder / "0123.draft").write_bytes(b"half")
    await account.save(2)
    assert {path.suffix for path in folder.iterdir()} == {".sealed", ""}


async def test_a_folder_that_cannot_be_made_is_said(platform: Platform) -> None:
    (platform.data_folder / APP).write_text("a file in its place")
    with pytest.raises(VaultUnwritable):
        await PersistentAccount(APP, platform=platform).save(1)


@pytest.mark.parametrize(
    "data",
    [(1, 2), {1: 2}, {"a": {2: 3}}, b"bytes", float("nan"), float("inf"), "\ud800", {"\ud800": 1}, object(), {1, 2}],
)
async def test_what_is_no_json_is_refused_and_nothing_is_made(
    account: PersistentAccount, key_store: MemoryKeyStore, data: Any
) -> None:
    with pytest.raises(InvalidAccount):
        await account.save(data)
    assert key_store.items == set()


async def test_an_account_that_would_read_as_none_is_refused(account: PersistentAccount) -> None:
    await account.save(1)
    with pytest.raises(InvalidAccount, match="delete"):
        await account.save(None)
    assert await account.read() == 1


async def test_data_that_contains_itself_is_refused(account: PersistentAccount) -> None:
    data: list[Any] = []
    data.append(data)
    with pytest.raises(InvalidAccount):
        await account.save(data)


async def test_more_than_4_mib_is_refused(account: PersistentAccount) -> None:
    with pytest.raises(InvalidAccount, match="4 MiB"):
        await account.save("x" * (4 * 2**20))


@pytest.mark.parametrize("name", ["", "x" * 1025, "\ud800", 5, None])
async def test_what_is_no_name_is_refused_by_every_call(account: PersistentAccount, name: str) -> None:
    for call in (account.save(1, name), account.read(name), account.delete(name)):
        with pytest.raises(InvalidAccount, match="name"):
            await call


@pytest.mark.parametrize("app_id", ["", "notes", "../x.y", "com/x.y", "com.x/y", ".com.x", "com..x", "con.x", "a.b\n"])
def test_an_app_id_that_is_no_name_of_a_folder_is_refused(platform: Platform, app_id: str) -> None:
    with pytest.raises(InvalidConfig):
        PersistentAccount(app_id, platform=platform)


async def test_a_locked_or_missing_key_store_is_said(
    account: PersistentAccount, key_store: MemoryKeyStore, platform: Platform
) -> None:
    await account.save(1)
    key_store.locked = True
    with pytest.raises(KeyStoreLocked):
        await account.read()
    key_store.available = False
    with pytest.raises(KeyStoreUnavailable):
        await account.save(2)
    with pytest.raises(KeyStoreUnavailable):
        await PersistentAccount(APP, platform=replace(platform, key_store=None)).read()


async def test_saves_at_the_same_time_are_all_kept(account: PersistentAccount) -> None:
    names = [f"account {number}" for number in range(10)]
    await asyncio.gather(*(account.save(name, name) for name in names))
    assert sorted(names) == await account.list()


async def test_a_save_that_was_cancelled_while_it_waited_holds_up_nobody(
    account: PersistentAccount, folder: Path
) -> None:
    await account.save(1)
    files = Files(folder)
    held = files.hold()
    assert held is not None
    waiting = asyncio.ensure_future(account.save(2))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    files.release(held)
    await account.save(3)
    assert await account.read() == 3


async def test_the_first_saves_of_several_processes_share_one_key(
    secret_service: SecretServiceDaemon, tmp_path: Path
) -> None:
    names = ["one", "two", "three", "four"]
    writers = [subprocess.Popen([sys.executable, "-c", FIRST_SAVE, str(tmp_path), name]) for name in names]
    codes = [await asyncio.to_thread(writer.wait, 60) for writer in writers]
    account = PersistentAccount(APP, platform=simulated_platform(tmp_path, key_store=SecretService()))
    assert codes == [0, 0, 0, 0]
    assert await account.list() == sorted(names)


async def test_in_a_real_key_store_it_survives_the_end_of_the_session(
    secret_service: SecretServiceDaemon, tmp_path: Path
) -> None:
    account = PersistentAccount(APP, platform=simulated_platform(tmp_path, key_store=SecretService()))
    await account.save(DATA)
    secret_service.stop()
    with pytest.raises(KeyStoreUnavailable):
        await account.read()
    secret_service.start()
    assert await account.read() == DATA

"""Accounts whose file or key is not what it was: said, never read as something else, and never made anew unasked."""

from pathlib import Path

import pytest

from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import VaultDamaged, VaultKeyMissing, VaultNewer

APP = "com.example.notes"
DATA = {"userId": "u-1", "tokens": ["a", "b"]}


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.sealed")
    return path


async def test_a46_a_flip_of_any_bit_of_the_file_is_damage(account: PersistentAccount, folder: Path) -> None:
    await account.save(DATA)
    path = only_file(folder)
    whole = path.read_bytes()
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises((VaultDamaged, VaultNewer)):
            await account.read()
    with pytest.raises(VaultDamaged):
        await account.list()


async def test_a46_a_file_that_was_cut_anywhere_is_damage(account: PersistentAccount, folder: Path) -> None:
    await account.save(DATA)
    path = only_file(folder)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(VaultDamaged):
            await account.read()


async def test_a46_a_file_in_the_place_of_another_account_is_damage(account: PersistentAccount, folder: Path) -> None:
    await account.save(1, "one")
    one = only_file(folder)
    kept = one.read_bytes()
    await account.delete("one")
    await account.save(2, "two")
    only_file(folder).write_bytes(kept)
    with pytest.raises(VaultDamaged):
        await account.read("two")


async def test_a46_a_file_of_another_app_is_damage_even_under_the_same_key(
    account: PersistentAccount, folder: Path, platform: Platform, key_store: MemoryKeyStore
) -> None:
    await account.save(1)
    key = await key_store.get(APP, "accounts")
    assert key is not None
    await key_store.set("com.example.other", "accounts", key.view)
    other = PersistentAccount("com.example.other", platform=platform)
    await other.save(2)
    only_file(platform.data_folder / "com.example.other" / "accounts").write_bytes(only_file(folder).read_bytes())
    with pytest.raises(VaultDamaged):
        await other.read()


async def test_a_damaged_account_can_be_deleted_or_saved_anew(account: PersistentAccount, folder: Path) -> None:
    await account.save(1, "one")
    only_file(folder).write_bytes(b"")
    await account.save(2, "one")
    assert await account.read("one") == 2
    only_file(folder).write_bytes(b"")
    await account.delete("one")
    assert await account.list() == []


async def test_a_file_of_a_later_version_is_not_called_damaged(account: PersistentAccount, folder: Path) -> None:
    await account.save(1)
    path = only_file(folder)
    path.write_bytes(path.read_bytes().replace(b"ecrin sealed 1\n", b"ecrin sealed 2\n"))
    with pytest.raises(VaultNewer):
        await account.read()


async def test_without_its_key_nothing_is_read_and_no_new_key_is_made(
    account: PersistentAccount, key_store: MemoryKeyStore
) -> None:
    await account.save(1)
    await key_store.delete(APP, "accounts")
    for call in (account.read(), account.save(2), account.delete(), account.list()):
        with pytest.raises(VaultKeyMissing):
            await call
    assert key_store.items == set()


async def test_another_item_in_the_place_of_the_key_is_no_key(
    account: PersistentAccount, key_store: MemoryKeyStore
) -> None:
    await key_store.set(APP, "accounts", b"short")
    with pytest.raises(VaultKeyMissing):
        await account.save(1)


async def test_a_clear_removes_all_and_begins_anew(
    account: PersistentAccount, key_store: MemoryKeyStore, folder: Path
) -> None:
    await account.save(1, "one")
    await account.save(2, "two")
    await key_store.delete(APP, "accounts")
    await account.clear()
    assert (await account.list(), key_store.items, list(folder.glob("*.sealed"))) == ([], set(), [])
    await account.save(3)
    assert await account.read() == 3

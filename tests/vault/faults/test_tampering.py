"""Somebody has the file and SQL: whatever is changed in it is found, when it is opened or when it is read (A46)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ecrin.vault.device.errors import DeviceError
from ecrin.vault.errors import SlotRefused, VaultDamaged, VaultError, VaultRolledBack
from ecrin.vault.service import Vault
from vault.faults.scene import CONFIG, PASSCODE, device, file_of, opened
from vault.faults.tampering import copy, put_back, sql

HELD = {"token": "one", "other": "two", "third": "three"}
NEWEST = {**HELD, "token": "new one"}
FIRST = "SELECT version, id, epoch, sealed FROM entries ORDER BY version LIMIT 1"


async def unlocked(vault: Vault) -> None:
    await vault.initialize(CONFIG)
    await vault.unlock(PASSCODE)


async def filled(folder: Path) -> Path:
    """Return the file of a closed vault in which "token" was written twice."""
    async with await opened(folder) as vault:
        await vault.set_values(HELD)
        await vault.add_slot("recovery")
    async with await opened(folder) as vault:
        await vault.set_value("token", "new one")
    return file_of(folder)


TAMPERED = {
    "two entries are swapped": (
        "UPDATE entries SET sealed = (SELECT sealed FROM entries other WHERE other.version <> entries.version LIMIT 1)",
    ),
    "two entries change their ids": (
        "CREATE TEMP TABLE moved AS SELECT version, id FROM entries ORDER BY version LIMIT 2",
        "UPDATE entries SET id = randomblob(32) WHERE version = (SELECT max(version) FROM moved)",
        """UPDATE entries SET id = (SELECT id FROM moved ORDER BY version DESC)
        WHERE version = (SELECT min(version) FROM moved)""",
        """UPDATE entries SET id = (SELECT id FROM moved ORDER BY version)
        WHERE version = (SELECT max(version) FROM moved)""",
    ),
    "an entry is deleted": ("DELETE FROM entries WHERE version = (SELECT max(version) FROM entries)",),
    "an entry is added": ("INSERT INTO entries SELECT 99, randomblob(32), epoch, sealed FROM entries LIMIT 1",),
    "all entries are deleted": ("DELETE FROM entries",),
    "an entry has another version": ("UPDATE entries SET version = version + 50",),
    "an entry has another epoch": ("UPDATE entries SET epoch = epoch + 1",),
    "an entry is empty": ("UPDATE entries SET sealed = x'' WHERE version = (SELECT max(version) FROM entries)",),
    "the counter is another": ("UPDATE vault SET counter = counter + 1",),
    "the epoch is another": ("UPDATE vault SET epoch = 2",),
    "the manifest is empty": ("UPDATE vault SET manifest = x''",),
    "the id of the vault is another": ("UPDATE vault SET id = randomblob(16)",),
    "the id of the vault is short": ("UPDATE vault SET id = x'00'",),
    "the settings are empty": ("UPDATE vault SET settings = x''",),
    "the settings are deep": ("UPDATE vault SET settings = CAST(replace(hex(zeroblob(50000)), '00', '[') AS BLOB)",),
    "wipe_after is raised in the clear": (
        """UPDATE vault SET settings = CAST(replace(settings, '"wipe_after":null', '"wipe_after":1000') AS BLOB)""",
    ),
    "the anchor is dropped in the clear": (
        """UPDATE vault SET settings =
        CAST(replace(settings, '"anchored":"key-store"', '"anchored":"nothing"') AS BLOB)""",
    ),
    "a slot is removed": ("DELETE FROM slots WHERE kind = CAST('recovery' AS BLOB)",),
    "a slot is added": (
        """INSERT INTO slots
        SELECT randomblob(16), kind, params, public, guard, wrapped, 0, x'', 0, 0 FROM slots LIMIT 1""",
    ),
    "the public keys of slots are swapped": (
        "UPDATE slots SET public = (SELECT public FROM slots other WHERE other.id <> slots.id)",
    ),
    "the kinds of slots are swapped": (
        "UPDATE slots SET kind = (SELECT kind FROM slots other WHERE other.id <> slots.id)",
    ),
    "the guards of slots are swapped": (
        "UPDATE slots SET guard = (SELECT guard FROM slots other WHERE other.id <> slots.id)",
    ),
    "what is wrapped is swapped": (
        "UPDATE slots SET wrapped = (SELECT wrapped FROM slots other WHERE other.id <> slots.id)",
    ),
    "what is wrapped is gone": ("UPDATE slots SET wrapped = x''",),
    "a passcode is cheaper": (
        """UPDATE slots SET params = CAST(replace(params, '"memory_kib":8', '"memory_kib":9') AS BLOB)""",
    ),
    "a passcode is dearer than any": (
        """UPDATE slots SET params = CAST(replace(params, '"memory_kib":8', '"memory_kib":99999999') AS BLOB)""",
    ),
    "a passcode is bound to a chip": (
        """UPDATE slots SET params = CAST(replace(params, '"key-store"', '"chip"') AS BLOB)""",
    ),
    "a passcode is bound to nothing": (
        """UPDATE slots SET params = CAST(replace(params, '"key-store"', '"nothing"') AS BLOB)""",
    ),
    "the params of slots are no object": ("UPDATE slots SET params = CAST('[]' AS BLOB)",),
    "a slot has a kind that is none": ("UPDATE slots SET kind = CAST('wish' AS BLOB)",),
    "all slots are gone": ("DELETE FROM slots",),
    "the entries are a view": (
        "ALTER TABLE entries RENAME TO true_entries",
        "CREATE VIEW entries AS SELECT version, id, epoch, sealed FROM true_entries LIMIT 1",
    ),
    "the vault never ends": (
        "ALTER TABLE vault RENAME TO true_vault",
        """CREATE VIEW vault AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT 1 AS one, id, epoch, counter, manifest, settings FROM true_vault, n""",
    ),
    "a trigger watches": ("CREATE TRIGGER watch AFTER UPDATE ON vault BEGIN DELETE FROM entries; END",),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_a46_a_closed_vault_in_which(tmp_path: Path, what: str) -> None:
    """... does not open, with an error of the vault's."""
    path = await filled(tmp_path)
    sql(path, *TAMPERED[what])
    vault = device(tmp_path)
    with pytest.raises((VaultError, DeviceError)):
        await unlocked(vault)
    await vault.close()


@pytest.mark.parametrize("what", [what for what in TAMPERED if "slot" in what or "public keys" in what])
async def test_a46_an_open_vault_never_makes_a_slot_its_own_in_whose_place_another_was_put(
    tmp_path: Path, what: str
) -> None:
    """A rotation wraps the new key for every slot: also for one that somebody has put there meanwhile?"""
    path = await filled(tmp_path)
    async with await opened(tmp_path) as vault:
        sql(path, *TAMPERED[what])
        with pytest.raises(VaultDamaged):
            await vault.rotate()
        with pytest.raises(VaultDamaged):
            await vault.add_slot("recovery")


async def old_row(folder: Path) -> tuple[Path, tuple[Any, ...], Vault]:
    """Return the file of an open vault with `NEWEST`, the row that "token" had before, and the vault."""
    async with await opened(folder) as vault:
        await vault.set_value("token", "one")
        [row] = sql(file_of(folder), "SELECT version, id, epoch, sealed FROM entries")
    vault = await opened(folder)
    await vault.set_values(NEWEST)
    return file_of(folder), row, vault


PUT_BACK = "UPDATE entries SET version = :version, epoch = :epoch, sealed = :sealed WHERE id = :id"

WAYS: dict[str, Callable[[Vault], Awaitable[object]]] = {
    "is read": lambda vault: vault.get_value("token"),
    "is read with all others": lambda vault: vault.export_vault_unsafe(PASSCODE),
    "is written over": lambda vault: vault.set_value("token", "newer"),
    "is removed": lambda vault: vault.remove_value("token"),
    "is sealed anew": lambda vault: vault.rotate(),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a46_an_old_entry_that_is_put_back_under_an_open_vault_is_found_when_it(tmp_path: Path, way: str) -> None:
    path, row, vault = await old_row(tmp_path)
    sql(path, PUT_BACK, **dict(zip(("version", "id", "epoch", "sealed"), row, strict=True)))
    with pytest.raises(VaultDamaged):
        await WAYS[way](vault)
    await vault.close()


@pytest.mark.parametrize("way", [way for way in WAYS if way not in {"is sealed anew", "is removed"}])
async def test_a46_an_entry_that_is_deleted_under_an_open_vault_is_missed_when_it(tmp_path: Path, way: str) -> None:
    path, row, vault = await old_row(tmp_path)
    sql(path, "DELETE FROM entries WHERE id = :id", id=row[1])
    with pytest.raises(VaultDamaged):
        await WAYS[way](vault)
    await vault.close()


async def test_a46_an_index_that_does_not_lead_to_an_entry_is_found_at_the_opening(tmp_path: Path) -> None:
    """Else a write of that name would leave two entries of one id, and no vault."""
    path = await filled(tmp_path)
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)") if False else None
    [(id_,)] = sql(path, "SELECT id FROM entries ORDER BY version DESC LIMIT 1")
    data = bytearray(path.read_bytes())
    places = [at for at in range(len(data)) if data.startswith(id_, at)]
    assert len(places) == 2  # the table and its index
    [(root,)] = sql(path, "SELECT rootpage FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_entries%'")
    [at] = [at for at in places if at // 4096 + 1 == root]
    data[at + 31] ^= 1
    path.write_bytes(data)
    vault = device(tmp_path)
    await vault.initialize(CONFIG)
    with pytest.raises(VaultDamaged):
        await vault.unlock(PASSCODE)
    await vault.close()


async def test_a46_the_file_of_another_vault_of_the_app_does_not_open_in_this_ones_place(tmp_path: Path) -> None:
    async with device(tmp_path) as other:
        await other.initialize(CONFIG.change(key="prefs"), PASSCODE)
        await other.set_value("theme", "dark")
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "one")
    file_of(tmp_path, "prefs").rename(file_of(tmp_path))
    vault = device(tmp_path)
    with pytest.raises(VaultDamaged):
        await unlocked(vault)
    await vault.close()


async def test_a46_settings_in_the_clear_cannot_lead_a_wipe_to_another_file(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    innocent = path.with_name("innocent.ecrin-vault")
    innocent.write_bytes(b"another")
    sql(path, """UPDATE vault SET settings = CAST(replace(settings, '"key":"default"', '"key":"innocent"') AS BLOB)""")
    vault = device(tmp_path)
    with suppress(VaultDamaged):
        await vault.initialize(CONFIG)
    await vault.wipe()
    await vault.close()
    assert (innocent.exists(), path.exists()) == (True, False)


async def test_a46_settings_that_were_changed_only_while_the_vault_was_loaded_do_not_drop_the_anchor(
    tmp_path: Path,
) -> None:
    path = await filled(tmp_path)
    old = copy(path, tmp_path / "old")
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "newest")
    put_back(old, path)
    sql(path, *TAMPERED["the anchor is dropped in the clear"])
    vault = device(tmp_path)
    await vault.initialize(CONFIG)
    put_back(old, path)
    with pytest.raises(VaultError):
        await vault.unlock(PASSCODE)
    await vault.close()


async def test_a46_a_file_that_is_replaced_under_an_open_vault_is_not_written_to(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    old = copy(path, tmp_path / "old")
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "newest")
        await vault.lock()
        await vault.unlock(PASSCODE)
        put_back(old, path)
        with pytest.raises(VaultRolledBack):
            await vault.set_value("token", "another")
        assert await vault.get_value("token") == "newest"
    with pytest.raises(VaultRolledBack):
        await opened(tmp_path)


async def test_a_slot_whose_wrapped_key_is_damaged_is_no_wrong_passcode(tmp_path: Path) -> None:
    """The right passcode must not be counted as a wrong one: after enough of them the vault would be wiped."""
    path = await filled(tmp_path)
    sql(path, "UPDATE slots SET wrapped = zeroblob(84)")
    vault = device(tmp_path)
    await vault.initialize(CONFIG)
    with pytest.raises(VaultDamaged):
        await vault.unlock(PASSCODE)
    with pytest.raises(SlotRefused):
        await vault.unlock("0000")
    await vault.close()

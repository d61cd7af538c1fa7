"""A45: the file is stolen. Without this device's secret the right passcode is no use, and a guess has its price."""

import json
from pathlib import Path

import pytest

from ecrin.crypto.profiles import DEVICE
from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.device.errors import ItemMissing
from ecrin.vault.errors import AnchorMissing, SlotRefused, VaultError
from ecrin.vault.model import Anchored, VaultType
from ecrin.vault.service import Vault
from vault.faults.scene import APP, CONFIG, PASSCODE, device, file_of, key_store, opened
from vault.faults.tampering import sql


async def stolen(folder: Path, *, anchored: bool = True) -> None:
    config = CONFIG if anchored else CONFIG.change(anchored=Anchored.NOTHING)
    async with device(folder) as vault:
        await vault.initialize(config, PASSCODE)
        await vault.set_value("token", "secret")


async def test_a45_the_right_passcode_does_not_open_a_file_without_the_key_store(tmp_path: Path) -> None:
    await stolen(tmp_path)
    thief = device(tmp_path, key_store=MemoryKeyStore())
    await thief.initialize(CONFIG)
    for accept_old_copy in (False, True):
        with pytest.raises((AnchorMissing, ItemMissing)):
            await thief.unlock(PASSCODE, accept_old_copy=accept_old_copy)
    await thief.close()


async def test_a45_a_key_store_item_of_the_thiefs_own_in_the_right_place_opens_nothing(tmp_path: Path) -> None:
    await stolen(tmp_path, anchored=False)
    own = MemoryKeyStore()
    for item in key_store(tmp_path).items():
        await own.set(APP, item.removeprefix(f"{APP} "), bytes(32))
    thief = device(tmp_path, key_store=own)
    await thief.initialize(CONFIG)
    with pytest.raises(SlotRefused):
        await thief.unlock(PASSCODE)
    await thief.close()


async def test_a45_a_passcode_costs_64_mib_unless_the_app_says_otherwise(tmp_path: Path) -> None:
    vault = Vault(APP, platform=simulated_platform(tmp_path))
    await vault.initialize(CONFIG, PASSCODE)
    await vault.close()
    [(params,)] = sql(file_of(tmp_path), "SELECT params FROM slots")
    cost = json.loads(params)
    assert (cost["memory_kib"], cost["time_cost"]) == (DEVICE.memory_kib, DEVICE.time_cost)
    assert cost["memory_kib"] >= 64 * 1024
    assert cost["time_cost"] >= 3


async def test_a45_the_file_and_what_lies_beside_it_are_their_owners_alone(tmp_path: Path) -> None:
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "secret")
        modes = {path.name: path.stat().st_mode & 0o777 for path in file_of(tmp_path).parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert file_of(tmp_path).parent.stat().st_mode & 0o777 == 0o700


async def test_a45_neither_names_nor_values_are_in_the_file_of_a_vault_or_in_its_log(tmp_path: Path) -> None:
    async with await opened(tmp_path) as vault:
        await vault.set_values({"a-name-to-look-for": "a-value-to-look-for"})
        images = [path.read_bytes() for path in file_of(tmp_path).parent.iterdir()]
        await vault.remove_value("a-name-to-look-for")
    images.append(file_of(tmp_path).read_bytes())
    assert not any(b"to-look-for" in image for image in images)


async def test_a45_a_vault_of_secure_storage_is_shut_without_the_key_store(tmp_path: Path) -> None:
    vault = device(tmp_path)
    await vault.initialize(CONFIG.change(type=VaultType.SECURE_STORAGE))
    await vault.set_value("token", "secret")
    await vault.close()
    thief = device(tmp_path, key_store=MemoryKeyStore())
    with pytest.raises((VaultError, ItemMissing)):
        await thief.initialize(CONFIG)
    await thief.close()

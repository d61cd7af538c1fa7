"""The disk itself gives out, for real: full, or read-only. It is said, nothing is lost, and writes come back (F3)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from disks import fill, small_disk_at, worked
from ecrin.vault.errors import VaultError, VaultFull, VaultUnwritable
from ecrin.vault.service import Vault
from vault.faults.scene import PASSCODE, clock, device, file_of, key_store, opened, values

HELD = {f"name-{number}": "x" * 500 for number in range(20)}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "small", megabytes=1) as folder:
        yield folder


async def unlocked(vault: Vault) -> None:
    await vault.initialize()
    await vault.unlock(PASSCODE)


async def test_f3_a_full_disk_is_said_and_nothing_is_lost_and_writes_come_back(
    small_disk: Path, tmp_path: Path
) -> None:
    parts: dict[str, Any] = {"key_store": key_store(tmp_path / "elsewhere"), "clock": clock()}
    vault = await opened(small_disk, **parts)
    await vault.set_values(HELD)
    ballast = fill(small_disk)
    acknowledged = dict(HELD)
    refused = 0
    for number in range(40):
        try:
            await vault.set_value(f"more-{number}", "y" * 5000)
            acknowledged[f"more-{number}"] = "y" * 5000
        except VaultFull:
            refused += 1
    assert refused > 20
    for verb in (vault.rotate(), vault.set_custom_passcode("1470"), vault.add_slot("recovery")):
        with pytest.raises(VaultFull):
            await verb
    assert await values(vault) == acknowledged
    ballast.unlink()
    await vault.set_value("last", 1)
    await vault.close()
    async with await opened(small_disk, **parts) as again:
        assert await values(again) == {**acknowledged, "last": 1}


async def test_f3_a_vault_is_not_half_made_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    store = key_store(tmp_path / "elsewhere")
    ballast = fill(small_disk)
    with pytest.raises(VaultError):
        await opened(small_disk, key_store=store, clock=clock())
    assert store.items() == []
    ballast.unlink()
    async with await opened(small_disk, key_store=store, clock=clock()) as vault:
        assert await vault.is_empty()


async def test_f3_a_disk_that_is_full_locks_and_opens_a_vault_as_before(small_disk: Path, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"key_store": key_store(tmp_path / "elsewhere"), "clock": clock()}
    vault = await opened(small_disk, **parts)
    await vault.set_value("token", "one")
    ballast = fill(small_disk)
    await vault.lock()
    assert await vault.is_locked()
    ballast.unlink()
    await vault.unlock(PASSCODE)
    assert await vault.get_value("token") == "one"
    await vault.close()


async def test_f3_a_file_that_is_read_only_is_said_and_read(tmp_path: Path, freeze: Callable[..., None]) -> None:
    vault = await opened(tmp_path)
    await vault.set_value("token", "one")
    path = file_of(tmp_path)
    freeze(path, *path.parent.glob("*-wal"))
    await vault.close()
    vault = device(tmp_path)
    with pytest.raises(VaultUnwritable, match=str(path)):
        await unlocked(vault)
    await vault.close()


async def test_f3_a_disk_that_becomes_read_only_refuses_writes_and_gives_out_values(
    small_disk: Path, tmp_path: Path
) -> None:
    parts: dict[str, Any] = {"key_store": key_store(tmp_path / "elsewhere"), "clock": clock()}
    vault = await opened(small_disk, **parts)
    await vault.set_values(HELD)
    await vault.close()
    assert worked("mount", "-o", "remount,ro", small_disk)
    try:
        vault = device(small_disk, **parts)
        with pytest.raises(VaultUnwritable, match="does not open for writing"):
            await unlocked(vault)
        await vault.close()
    finally:
        worked("mount", "-o", "remount,rw", small_disk)
    async with await opened(small_disk, **parts) as again:
        assert await values(again) == HELD

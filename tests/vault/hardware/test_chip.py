"""A vault whose passcode a TPM checks and counts, and whose old copies its counter tells."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ecrin.vault.device.errors import ChipLockedOut
from ecrin.vault.errors import PasscodeMismatch, TryLater, VaultRolledBack
from ecrin.vault.model import Anchored, Bound, VaultConfig
from ecrin.vault.ports import Hold
from ecrin.vault.service import Vault
from vault.core.conftest import PASSCODE, Bench
from vault.swtpm import SoftwareTpm

CHIP = PASSCODE.change(bound=Bound.CHIP, anchored=Anchored.CHIP)


def on(bench: Bench, tpm: SoftwareTpm) -> Vault:
    return bench.vault(platform=replace(bench.platform, chip=tpm.chip, key_store=None))


async def made(bench: Bench, tpm: SoftwareTpm, config: VaultConfig = CHIP) -> Vault:
    vault = on(bench, tpm)
    await vault.initialize(config, "1234")
    await vault.set_value("token", "s3cret")
    return vault


async def test_a_vault_needs_no_key_store_where_there_is_a_chip(bench: Bench, tpm: SoftwareTpm) -> None:
    vault = await made(bench, tpm)
    await vault.close()
    tpm.restart()
    again = on(bench, tpm)
    await again.initialize()
    await again.unlock("1234")
    protection = await again.protection()
    assert await again.get_value("token") == "s3cret"
    assert (protection.weakest, protection.anchored) == (Hold.PASSCODE_AND_HARDWARE, Anchored.CHIP)


async def test_the_chip_counts_wrong_passcodes_and_then_refuses_the_right_one(bench: Bench, tpm: SoftwareTpm) -> None:
    vault = await made(bench, tpm)
    await vault.lock()
    tpm.set_max_tries(3)
    for _ in range(3):
        with pytest.raises(PasscodeMismatch):
            await vault.unlock("9999")
    bench.clock.advance(3_600_000)
    with pytest.raises(ChipLockedOut):
        await vault.unlock("1234")


async def test_setting_the_files_own_count_back_does_not_set_back_the_chips(bench: Bench, tpm: SoftwareTpm) -> None:
    vault = await made(bench, tpm)
    await vault.close()
    copy = bench.files()[0].read_bytes()
    tpm.set_max_tries(3)
    for _ in range(3):
        bench.files()[0].write_bytes(copy)
        thief = on(bench, tpm)
        await thief.initialize()
        with pytest.raises((PasscodeMismatch, TryLater)):
            await thief.unlock("9999")
        await thief.close()
    owner = on(bench, tpm)
    await owner.initialize()
    with pytest.raises(ChipLockedOut):
        await owner.unlock("1234")


async def test_a_file_that_was_copied_to_another_machine_does_not_open(
    bench: Bench, tpm: SoftwareTpm, tmp_path: Path
) -> None:
    from vault.swtpm import software_tpm

    vault = await made(bench, tpm, CHIP.change(anchored=Anchored.NOTHING))
    await vault.close()
    with software_tpm() as other:
        stolen = on(bench, other)
        await stolen.initialize()
        with pytest.raises(PasscodeMismatch):
            await stolen.unlock("1234")
        await stolen.close()


async def test_the_chips_counter_tells_an_older_copy(
    bench: Bench, tpm: SoftwareTpm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = await made(bench, tpm)
    await vault.close()
    copy = tmp_path_factory.mktemp("copy") / "of"
    shutil.copytree(bench.folder, copy)
    vault = on(bench, tpm)
    await vault.initialize()
    await vault.unlock("1234")
    await vault.set_value("token", "newer")
    await vault.close()
    shutil.rmtree(bench.folder)
    shutil.copytree(copy, bench.folder)
    old = on(bench, tpm)
    await old.initialize()
    with pytest.raises(VaultRolledBack):
        await old.unlock("1234")
    await old.unlock("1234", accept_old_copy=True)
    assert await old.get_value("token") == "s3cret"

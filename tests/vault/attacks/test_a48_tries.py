"""A48: tries are counted before they are made, whatever ends the process; they get slower; too many end the vault."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecrin.testing.device import FakeDeviceClock
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedSensor
from ecrin.vault.device.errors import DeviceError, ItemMissing
from ecrin.vault.errors import (
    PasscodeMismatch,
    SlotInvalidated,
    TooManyAttempts,
    TryLater,
    VaultDamaged,
    VaultNotInitialized,
)
from ecrin.vault.model import Anchored, DeviceSecurity, VaultConfig, VaultType
from ecrin.vault.service import Vault
from vault.faults.sabotage import TESTS
from vault.faults.scene import APP, CONFIG, PASSCODE, clock, device, file_of, key_store, opened
from vault.faults.tampering import sql

WIPING = CONFIG.change(wipe_after=5)
KILLED = """
import asyncio, os, sys
from pathlib import Path
from ecrin.vault.slots import passcode
from vault.faults.scene import CONFIG, device
async def die(*_): os.kill(os.getpid(), 9)
passcode._stretched = die  # killed after the count, before the try
async def main():
    vault = device(Path(sys.argv[1]))
    await vault.initialize(CONFIG)
    await vault.unlock("0000")
asyncio.run(main())
"""


def killed_in_a_try(folder: Path) -> None:
    path = f"{TESTS}:{TESTS.parent / 'src'}"
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False, env={"PYTHONPATH": path})
    assert done.returncode == -9


async def made(folder: Path, config: VaultConfig = WIPING) -> None:
    async with device(folder) as vault:
        await vault.initialize(config, PASSCODE)
        await vault.set_value("token", "one")
        await vault.add_slot("recovery")


async def locked(folder: Path, at: FakeDeviceClock | None = None) -> Vault:
    vault = device(folder, clock=at or clock())
    await vault.initialize(CONFIG)
    return vault


async def test_a48_a_try_that_a_kill_cut_off_is_counted(tmp_path: Path) -> None:
    await made(tmp_path)
    for count in (1, 2, 3):
        killed_in_a_try(tmp_path)
        assert max(failures for (failures,) in sql(file_of(tmp_path), "SELECT failures FROM slots")) == count
    vault = await locked(tmp_path)
    with pytest.raises(TryLater):
        await vault.unlock(PASSCODE)
    await vault.close()


async def test_a48_each_try_after_the_third_waits_twice_as_long(tmp_path: Path) -> None:
    await made(tmp_path, CONFIG)
    at = clock()
    vault = await locked(tmp_path, at)
    waits = []
    for _ in range(12):
        try:
            await vault.unlock("0000")
        except TryLater as error:
            waits.append(error.retry_after_ms)
            at.advance(error.retry_after_ms)
        except PasscodeMismatch:
            continue
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000]
    await vault.close()


async def test_a48_a_clock_that_is_set_forward_shortens_no_wait_within_one_boot(tmp_path: Path) -> None:
    await made(tmp_path, CONFIG)
    at = clock()
    vault = await locked(tmp_path, at)
    for _ in range(3):
        with pytest.raises(PasscodeMismatch):
            await vault.unlock("0000")
    at.set_wall(at.wall_ms + 10 * 31_536_000_000)
    with pytest.raises(TryLater):
        await vault.unlock(PASSCODE)
    at.advance(1_000)
    await vault.unlock(PASSCODE)
    await vault.close()


async def test_a48_too_many_tries_leave_nothing_anywhere(tmp_path: Path) -> None:
    await made(tmp_path)
    at = clock()
    vault = await locked(tmp_path, at)
    for _ in range(4):
        at.advance(600_000)
        with pytest.raises(PasscodeMismatch):
            await vault.unlock("0000")
    at.advance(600_000)
    with pytest.raises(TooManyAttempts):
        await vault.unlock("0000")
    with pytest.raises(VaultNotInitialized):
        await vault.unlock(PASSCODE)
    await vault.close()
    assert (list(file_of(tmp_path).parent.iterdir()), key_store(tmp_path).items()) == ([], [])


async def test_a48_the_last_try_that_a_kill_cut_off_was_the_last_one(tmp_path: Path) -> None:
    await made(tmp_path, CONFIG.change(wipe_after=1))
    killed_in_a_try(tmp_path)
    vault = await locked(tmp_path)
    with pytest.raises(TooManyAttempts):
        await vault.unlock(PASSCODE)
    await vault.close()
    assert not file_of(tmp_path).exists()


async def test_a48_a_key_that_the_device_has_lost_is_no_wrong_passcode(tmp_path: Path) -> None:
    """Nobody was judged: the right passcode, tried again and again, must not end a vault that a recovery code opens."""
    await made(tmp_path, WIPING.change(anchored=Anchored.NOTHING))
    for item in key_store(tmp_path).items():
        await key_store(tmp_path).delete(APP, item.removeprefix(f"{APP} "))
    vault = await locked(tmp_path)
    for _ in range(8):
        with pytest.raises(ItemMissing):
            await vault.unlock(PASSCODE)
    await vault.close()
    assert file_of(tmp_path).exists()


async def test_a48_a_damaged_file_is_not_wiped_for_it(tmp_path: Path) -> None:
    await made(tmp_path)
    sql(file_of(tmp_path), "UPDATE entries SET sealed = zeroblob(40)")
    vault = await locked(tmp_path)
    for _ in range(8):
        with pytest.raises(VaultDamaged):
            await vault.unlock(PASSCODE)
    await vault.close()
    assert file_of(tmp_path).exists()


async def test_a48_settings_of_another_process_hold_for_one_that_was_there_before(tmp_path: Path) -> None:
    await made(tmp_path, CONFIG)
    before = await locked(tmp_path)
    async with await opened(tmp_path) as vault:
        await vault.update_config(CONFIG.change(wipe_after=1))
    with pytest.raises(TooManyAttempts):
        await before.unlock("0000")
    await before.close()


async def test_a48_another_finger_ends_the_gate_and_the_recovery_code_opens(tmp_path: Path) -> None:
    sensor = SimulatedSensor("thumb")
    vault = device(tmp_path, sensor=sensor)
    await vault.initialize(
        VaultConfig(type=VaultType.DEVICE_SECURITY, device_security=DeviceSecurity.BIOMETRICS, gate_only=True)
    )
    await vault.set_value("token", "one")
    recovery = await vault.add_slot("recovery")
    await vault.lock()
    sensor.enrol("the thief's")
    sensor.touch("the thief's")
    with pytest.raises(SlotInvalidated):
        await vault.unlock()
    await vault.unlock(recovery.code, slot="recovery")
    assert await vault.get_value("token") == "one"
    await vault.close()


async def test_a48_a_store_that_is_away_for_a_while_wipes_nothing(tmp_path: Path) -> None:
    await made(tmp_path)
    away = MemoryKeyStore()
    away.available = False
    vault = device(tmp_path, key_store=away)
    await vault.initialize(CONFIG)
    for _ in range(8):
        with pytest.raises(DeviceError):
            await vault.unlock(PASSCODE)
    await vault.close()
    async with await opened(tmp_path) as again:
        assert await again.get_value("token") == "one"

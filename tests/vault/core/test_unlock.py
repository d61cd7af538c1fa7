"""Opening: who knows the passcode is in, who guesses waits, and in the end there is nothing left to guess for."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ecrin.base.clock import HOUR, SECOND
from ecrin.crypto.profiles import CHEAPEST
from ecrin.vault.device.errors import BiometricsNotEnrolled, ItemMissing, KeyStoreUnavailable, UserCanceled
from ecrin.vault.errors import (
    InvalidConfig,
    MemoryShort,
    PasscodeMismatch,
    PasscodeMissing,
    SlotMissing,
    SlotRefused,
    TooManyAttempts,
    TryLater,
    VaultDamaged,
    VaultNotInitialized,
    VaultUnwritable,
)
from ecrin.vault.keeping import unlocking
from ecrin.vault.model import Anchored, Bound, DeviceSecurity, PasscodeRequest, VaultConfig, VaultType
from ecrin.vault.ports import Asked, Hold
from ecrin.vault.service import Vault
from ecrin.vault.slots import stretch as stretching
from vault.core.conftest import PASSCODE, Bench, Made

FINGERPRINT = VaultConfig(type=VaultType.DEVICE_SECURITY, device_security=DeviceSecurity.BIOMETRICS, gate_only=True)
WIPING = PASSCODE.change(wipe_after=5)


async def wrong(vault: Vault, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(PasscodeMismatch):
            await vault.unlock("9999")


async def failures(vault: Vault) -> int:
    return sum(slot.failures for slot in await vault.slots())


async def test_the_passcode_opens_and_another_does_not(made: Made) -> None:
    vault = await made()
    await vault.lock()
    await wrong(vault)
    assert await vault.is_locked()
    await vault.unlock("1234")
    assert not await vault.is_locked()


async def test_unlocking_what_is_open_asks_nobody(made: Made) -> None:
    vault = await made()
    await vault.unlock("9999")
    assert await failures(vault) == 0


async def test_the_same_passcode_from_another_keyboard_opens(made: Made) -> None:
    vault = await made(passcode="caf\u00e9")
    await vault.lock()
    await vault.unlock("cafe\u0301")
    assert not await vault.is_locked()


@pytest.mark.parametrize("passcode", ["x" * 4097, "\ud800"])
async def test_what_is_no_passcode_is_refused_and_not_counted(made: Made, passcode: str) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(InvalidConfig):
        await vault.unlock(passcode, slot="passcode")
    assert await failures(vault) == 0


async def test_the_app_is_asked_when_no_passcode_is_given(made: Made) -> None:
    vault, requests = await made(WIPING), list[PasscodeRequest]()
    await vault.lock()
    await wrong(vault)

    async def ask(request: PasscodeRequest) -> str:
        requests.append(request)
        return "1234"

    vault.on_passcode_requested(ask)
    await vault.unlock()
    assert requests == [PasscodeRequest(Asked.PASSCODE, setup=False, attempts_left=4)]


async def test_a_new_vault_asks_for_a_new_passcode(bench: Bench) -> None:
    vault, requests = bench.vault(), list[PasscodeRequest]()

    def ask(request: PasscodeRequest) -> str:
        requests.append(request)
        return "1234"

    vault.on_passcode_requested(ask)
    await vault.initialize(PASSCODE)
    assert requests == [PasscodeRequest(Asked.NEW_PASSCODE, setup=True)]


async def test_a_user_who_cancels_is_told_from_one_who_is_wrong(made: Made) -> None:
    vault = await made()
    await vault.lock()
    vault.on_passcode_requested(lambda _: None)
    with pytest.raises(UserCanceled):
        await vault.unlock()
    assert await failures(vault) == 0


async def test_without_anybody_to_ask_there_is_no_passcode(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(PasscodeMissing):
        await vault.unlock()
    with pytest.raises(PasscodeMissing):
        await bench.vault().initialize(PASSCODE.change(key="other"))


async def test_a_vault_that_could_not_be_made_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(PasscodeMissing):
        await bench.vault().initialize(PASSCODE)
    assert (bench.files(), bench.key_store.items) == ([], set())


async def test_a48_failed_tries_are_counted_before_they_are_made(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    await wrong(vault, 2)
    other = bench.vault()
    await other.initialize(PASSCODE)
    assert await failures(other) == 2


async def test_a48_the_next_try_waits_and_is_not_made(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    await wrong(vault, 3)
    with pytest.raises(TryLater) as refused:
        await vault.unlock("1234")
    assert (refused.value.retry_after_ms, await failures(vault)) == (SECOND, 3)
    bench.clock.advance(SECOND)
    await wrong(vault)
    bench.clock.advance(SECOND)
    with pytest.raises(TryLater):
        await vault.unlock("1234")
    bench.clock.advance(SECOND)
    await vault.unlock("1234")


async def test_nobody_types_while_a_try_has_to_wait(made: Made) -> None:
    vault, asked = await made(), list[PasscodeRequest]()
    await vault.lock()
    await wrong(vault, 3)

    def ask(request: PasscodeRequest) -> str:
        asked.append(request)
        return "1234"

    vault.on_passcode_requested(ask)
    with pytest.raises(TryLater):
        await vault.unlock()
    assert asked == []


async def test_a_finger_that_has_to_wait_leaves_the_passcode(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    await vault.add_slot("gate-biometrics")
    await vault.lock()
    for _ in range(3):
        bench.sensor.touch("toe")
    with pytest.raises(SlotRefused):
        await vault.unlock()
    vault.on_passcode_requested(lambda _: "1234")
    await vault.unlock()
    assert not await vault.is_locked()


async def test_a48_a_clock_set_back_over_a_restart_begins_the_wait_anew(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    await wrong(vault, 3)
    bench.clock.reboot()
    bench.clock.set_wall(0)
    with pytest.raises(TryLater):
        await vault.unlock("1234")
    bench.clock.advance(SECOND)
    await vault.unlock("1234")


async def test_the_right_passcode_forgets_the_failed_ones(made: Made) -> None:
    vault = await made(WIPING)
    for _ in range(3):
        await vault.lock()
        await wrong(vault, 2)
        await vault.unlock("1234")
    assert await failures(vault) == 0


async def test_a48_the_last_failed_try_wipes_everything(made: Made, bench: Bench) -> None:
    vault = await made(WIPING)
    await vault.set_value("token", "s3cret")
    await vault.lock()
    await wrong(vault, 3)
    bench.clock.advance(SECOND)
    await wrong(vault)
    bench.clock.advance(2 * SECOND)
    with pytest.raises(TooManyAttempts):
        await vault.unlock("9999")
    assert (bench.files(), bench.key_store.items) == ([], set())
    with pytest.raises(VaultNotInitialized):
        await vault.unlock("1234")


async def test_a_vault_that_was_wiped_is_made_anew(made: Made) -> None:
    vault = await made(PASSCODE.change(wipe_after=1))
    await vault.lock()
    with pytest.raises(TooManyAttempts):
        await vault.unlock("9999")
    await vault.initialize(PASSCODE, "5678")
    assert await vault.is_empty()


async def test_without_the_device_key_the_right_passcode_does_not_open(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    for service, item in set(bench.key_store.items):
        await bench.key_store.delete(service, item)
    with pytest.raises(ItemMissing):
        await vault.unlock("1234", accept_old_copy=True)


async def test_a_slot_is_named_by_its_kind_or_its_id(made: Made) -> None:
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    ids = {slot.kind: slot.id for slot in await vault.slots()}
    for named, given in (("recovery", code), (ids["recovery"], code), ("passcode", "1234"), (ids["passcode"], "1234")):
        await vault.lock()
        await vault.unlock(given, slot=named)
    await vault.lock()
    with pytest.raises(SlotMissing):
        await vault.unlock("1234", slot="chip")


async def test_a_way_in_that_is_not_there_now_leaves_the_others(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    await vault.add_slot("gate-biometrics")
    await vault.remove_slot(next(slot.id for slot in await vault.slots() if slot.kind == "passcode"))
    await vault.add_slot("passcode", "5678")
    await vault.lock()
    bench.sensor.remove("thumb")
    vault.on_passcode_requested(lambda _: "5678")
    await vault.unlock()
    assert not await vault.is_locked()


async def test_when_no_way_in_is_there_the_first_ones_reason_is_told(bench: Bench) -> None:
    vault = bench.vault()
    with pytest.raises(BiometricsNotEnrolled):
        await vault.initialize(FINGERPRINT)


async def test_a_count_of_tries_that_cannot_be_wipes_nothing(made: Made, bench: Bench) -> None:
    """A flipped bit in the file, say: it is written before anybody has a key, so nothing vouches for it."""
    vault = await made(WIPING)
    await vault.lock()
    with closing(sqlite3.connect(bench.files()[0])) as connection, connection:
        connection.execute("UPDATE slots SET failures = 64")
    bench.clock.advance(HOUR)
    with pytest.raises(VaultDamaged):
        await vault.unlock("1234")
    assert bench.files() != []


async def test_a_slot_of_another_kind_of_device_is_listed(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    await vault.add_slot("gate-biometrics")
    await vault.close()
    bare = bench.vault(platform=replace(bench.platform, sensor=None))
    await bare.initialize()
    assert [slot.hold for slot in await bare.slots()] == [Hold.PASSCODE_AND_KEY_STORE, Hold.UNKNOWN]
    assert (await bare.protection()).weakest is Hold.PASSCODE_AND_KEY_STORE


async def test_a_recovery_code_opens_where_the_key_store_is_gone(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    code = (await vault.add_slot("recovery")).code
    await vault.lock()
    bench.key_store.available = False
    with pytest.raises(KeyStoreUnavailable):
        await vault.unlock(code, slot="recovery")
    await vault.unlock(code, slot="recovery", accept_old_copy=True)
    assert await vault.get_value("token") == "s3cret"
    await vault.update_config(PASSCODE.change(bound=Bound.NOTHING, anchored=Anchored.NOTHING), "5678")
    await vault.lock()
    await vault.unlock("5678")


@pytest.mark.parametrize("fault", [MemoryError, RuntimeError("can't start new thread"), OSError("mmap")])
async def test_a48_a_right_passcode_that_this_machine_cannot_try_is_no_failure(
    made: Made, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    def fails(*_: object) -> None:
        raise fault

    vault = await made(WIPING)
    await vault.lock()
    with monkeypatch.context() as patch:
        patch.setattr(stretching.Argon2id, "derive_into", fails)
        for _ in range(5):
            with pytest.raises((MemoryShort, RuntimeError, OSError)):
                await vault.unlock("1234")
    assert await failures(vault) == 0
    await vault.unlock("1234")


async def test_a48_a_file_that_cannot_be_read_behind_a_right_passcode_makes_it_no_failure(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise VaultUnwritable

    vault = await made(WIPING)
    await vault.lock()
    with monkeypatch.context() as patch:
        patch.setattr(unlocking, "_load", fails)
        for _ in range(5):
            with pytest.raises(VaultUnwritable):
                await vault.unlock("1234")
    assert await failures(vault) == 0


async def test_where_a_recovery_code_alone_is_left_it_is_said(made: Made) -> None:
    vault = await made()
    await vault.add_slot("recovery")
    await vault.remove_slot(next(slot.id for slot in await vault.slots() if slot.kind == "passcode"))
    await vault.lock()
    with pytest.raises(SlotMissing, match="Only a recovery code"):
        await vault.unlock()
    with pytest.raises(SlotMissing, match="No passcode"):
        await vault.unlock("1234")


async def test_a45_the_file_of_another_app_does_not_open(bench: Bench) -> None:
    bare = PASSCODE.change(bound=Bound.NOTHING, anchored=Anchored.NOTHING)
    vault, other = (
        bench.vault(folder=bench.folder / "here"),
        Vault("com.other.bank", platform=bench.platform, folder=bench.folder / "here", profile=CHEAPEST),
    )
    await vault.initialize(bare, "1234")
    with pytest.raises(VaultDamaged, match="another vault"):
        await other.initialize(bare, "1234")


def test_two_passcodes_are_tried_at_once() -> None:
    """As an app with two vaults does; in a process of its own, which would hang."""
    program = """
from threading import Thread
from ecrin.crypto.profiles import DEVICE
from ecrin.vault.slots.stretch import new_cost, stretch
cost, rooms = new_cost(DEVICE), [bytearray(64) for _ in range(4)]
tries = [Thread(target=stretch, args=(bytearray(b"1234"), cost, memoryview(room))) for room in rooms]
[one.start() for one in tries]
[one.join() for one in tries]
print(len(set(map(bytes, rooms))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "1\n"


async def test_a48_memory_that_is_short_while_somebody_authenticates_makes_no_failure(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(_: int) -> None:
        raise OSError(12, "Cannot allocate memory")

    vault = await made(WIPING)
    with monkeypatch.context() as patch:
        patch.setattr(unlocking, "SecretRoom", short)
        for _ in range(5):
            with pytest.raises(OSError, match="memory"):
                await vault.export_vault_unsafe("1234")
    assert await failures(vault) == 0


async def test_a_slot_with_an_id_that_none_has_is_damage(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    with closing(sqlite3.connect(bench.files()[0])) as connection, connection:
        connection.execute("UPDATE slots SET id = CAST(' guard' || hex(id) AS BLOB)")
    with pytest.raises(VaultDamaged, match="id"):
        await vault.unlock("1234")

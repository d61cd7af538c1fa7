"""Several ways into one vault: they come and go, and who lost theirs has lost it."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedSensor
from ecrin.vault.device.errors import BiometricsLockedOut, BiometricsUnavailable, FallbackChosen, UserCanceled
from ecrin.vault.errors import (
    CodeMistyped,
    GateOnly,
    InvalidConfig,
    LastSlot,
    PasscodeMismatch,
    PasscodeMissing,
    SlotInvalidated,
    SlotMissing,
    SlotRefused,
    VaultLocked,
    VaultNotInitialized,
)
from ecrin.vault.keeping.held import Held
from ecrin.vault.model import DeviceSecurity, VaultConfig, VaultType
from ecrin.vault.ports import Hold
from ecrin.vault.service import Vault
from vault.core.conftest import PASSCODE, Bench, Made
from vault.core.test_broken_off import cancelled_at

FINGERPRINT = VaultConfig(type=VaultType.DEVICE_SECURITY, device_security=DeviceSecurity.BIOMETRICS, gate_only=True)
BOTH = FINGERPRINT.change(device_security=DeviceSecurity.BOTH)


async def kinds(vault: Vault) -> list[str]:
    return [slot.kind for slot in await vault.slots()]


async def the(vault: Vault, kind: str) -> str:
    return next(slot.id for slot in await vault.slots() if slot.kind == kind)


async def test_a_recovery_code_opens_and_is_shown_once(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    added = await vault.add_slot("recovery")
    assert added.code not in repr(added)
    await vault.lock()
    await vault.unlock(added.code.lower().replace("-", " "), slot="recovery")
    assert await vault.get_value("token") == "s3cret"


async def test_a_mistyped_code_is_told_from_a_wrong_one(made: Made) -> None:
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    other = (await vault.add_slot("recovery")).code
    await vault.remove_slot((await vault.slots())[-1].id)
    await vault.lock()
    with pytest.raises(CodeMistyped):
        await vault.unlock(("Z" if code[0] != "Z" else "Y") + code[1:], slot="recovery")
    with pytest.raises(SlotRefused):
        await vault.unlock(other, slot="recovery")


async def test_a_recovery_slot_is_tried_by_name_only(made: Made) -> None:
    vault = await made()
    await vault.add_slot("recovery")
    await vault.lock()
    vault.on_passcode_requested(lambda request: {"passcode": None}[request.asked.value])
    with pytest.raises(UserCanceled):
        await vault.unlock()


async def test_a_slot_that_is_removed_opens_no_more(made: Made) -> None:
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    await vault.remove_slot(await the(vault, "recovery"))
    await vault.lock()
    with pytest.raises(SlotMissing):
        await vault.unlock(code, slot="recovery")


async def test_who_had_a_removed_slot_and_an_old_copy_cannot_read_what_came_later(
    made: Made, bench: Bench, tmp_path: Path
) -> None:
    """The old copy opens, as it did; the key in it opens nothing of the new file."""
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    before = vault._keeper.there().vault_id, bytes(vault._keeper.there().open().keys.key)
    await vault.remove_slot(await the(vault, "recovery"))
    await vault.set_value("later", "s3cret")
    held = vault._keeper.there()
    assert bytes(held.open().keys.key) != before[1]
    assert code
    assert {row.epoch for row in _rows(bench)} == {2}


def _rows(bench: Bench) -> list[object]:
    from ecrin.vault.store import file, rows

    connection = file.connect(next(path for path in bench.files() if path.suffix == ".ecrin-vault"))
    try:
        return list(rows.entries_since(connection, 0))
    finally:
        connection.close()


async def test_the_last_way_in_cannot_be_removed(made: Made) -> None:
    vault = await made()
    with pytest.raises(LastSlot):
        await vault.remove_slot(await the(vault, "passcode"))


@pytest.mark.parametrize("slot", ["00" * 16, "no such id"])
async def test_a_slot_that_is_not_there_cannot_be_removed(made: Made, slot: str) -> None:
    vault = await made()
    with pytest.raises(SlotMissing):
        await vault.remove_slot(slot)


async def test_a_slot_that_this_device_cannot_have_is_refused(made: Made) -> None:
    vault = await made()
    with pytest.raises(SlotMissing, match="gate-biometrics"):
        await vault.add_slot("windows-hello")


async def test_a_slot_that_could_not_be_made_leaves_nothing(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize()
    before = set(bench.key_store.items)
    with pytest.raises(PasscodeMissing):
        await vault.add_slot("passcode")
    assert (await kinds(vault), bench.key_store.items) == (["key-store"], before)


async def test_a_locked_vault_takes_no_slot(made: Made) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(VaultLocked):
        await vault.add_slot("recovery")


async def test_a_new_passcode_replaces_the_old_one(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    await vault.set_custom_passcode("5678")
    await vault.lock()
    with pytest.raises(PasscodeMismatch):
        await vault.unlock("1234")
    await vault.unlock("5678")
    assert (await vault.get_value("token"), await kinds(vault)) == ("s3cret", ["passcode"])


async def test_a_new_passcode_leaves_the_recovery_code(made: Made) -> None:
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    await vault.set_custom_passcode("5678")
    await vault.lock()
    await vault.unlock(code, slot="recovery")


async def test_a_passcode_is_for_a_vault_with_a_passcode(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize()
    with pytest.raises(InvalidConfig):
        await vault.set_custom_passcode("1234")


async def test_a_vault_in_memory_has_no_slots(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=VaultType.IN_MEMORY))
    assert await vault.slots() == []
    with pytest.raises(InvalidConfig):
        await vault.add_slot("recovery")


async def test_biometrics_that_only_say_yes_or_no_have_to_be_accepted(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    with pytest.raises(GateOnly):
        await vault.initialize(FINGERPRINT.change(gate_only=False))
    assert (bench.files(), bench.key_store.items) == ([], set())


async def test_a_finger_opens_and_is_reported_as_a_gate(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.lock()
    bench.sensor.touch("thumb")
    await vault.unlock()
    assert (await vault.protection()).weakest is Hold.GATE_ONLY


async def test_another_finger_does_not_open(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.lock()
    for _ in range(3):
        bench.sensor.touch("toe")
    with pytest.raises(SlotRefused):
        await vault.unlock()


async def test_a_prompt_that_is_cancelled_is_no_failed_try(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.lock()
    bench.sensor.touch("toe")
    bench.sensor.end(UserCanceled())
    with pytest.raises(UserCanceled):
        await vault.unlock()
    waiting = asyncio.ensure_future(vault.unlock())
    while len(bench.sensor.prompts) < 3:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [slot.failures for slot in await vault.slots()] == [1]


async def test_a_finger_is_asked_for_before_a_passcode(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    await vault.add_slot("gate-biometrics")
    await vault.lock()
    bench.sensor.touch("thumb")
    await vault.unlock()
    await vault.lock()
    bench.sensor.end(FallbackChosen())
    vault.on_passcode_requested(lambda _: "1234")
    await vault.unlock()
    assert not await vault.is_locked()


async def test_a48_other_fingers_invalidate_the_slot_and_the_recovery_code_survives(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.set_value("token", "s3cret")
    code = (await vault.add_slot("recovery")).code
    await vault.lock()
    bench.sensor.enrol("somebody else's")
    bench.sensor.touch("somebody else's")
    with pytest.raises(SlotInvalidated):
        await vault.unlock()
    await vault.unlock(code, slot="recovery")
    assert await vault.get_value("token") == "s3cret"


async def test_with_both_the_device_passcode_opens_where_no_finger_does(bench: Bench) -> None:
    bench.sensor = SimulatedSensor("thumb", lockout=1)
    bench.passcode.change("0000")
    vault = bench.vault()
    await vault.initialize(BOTH)
    assert await kinds(vault) == ["gate-biometrics", "gate-passcode"]
    await vault.lock()
    bench.sensor.touch("toe")
    with pytest.raises(BiometricsLockedOut):
        await vault.unlock()
    vault.on_passcode_requested(lambda _: "0000")
    await vault.unlock()
    assert not await vault.is_locked()


async def test_what_slots_hold_is_told_of_a_locked_vault_too(made: Made) -> None:
    vault = await made()
    await vault.add_slot("recovery")
    await vault.lock()
    found = [(slot.kind, slot.hold, slot.managed) for slot in await vault.slots()]
    assert found == [("passcode", Hold.PASSCODE_AND_KEY_STORE, True), ("recovery", Hold.CODE, False)]


async def test_a_copied_file_opens_on_no_other_device(made: Made, bench: Bench, tmp_path: Path) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    await vault.close()
    other = Bench(tmp_path / "other device")
    shutil.copytree(bench.folder / "com.example.notes", other.folder / "com.example.notes")
    stolen = other.vault()
    await stolen.initialize(PASSCODE)
    with pytest.raises(Exception, match="The key store does not have this item"):
        await stolen.unlock("1234", accept_old_copy=True)
    await stolen.close()


async def test_a_vault_has_one_passcode(made: Made, bench: Bench) -> None:
    """Two could not be told apart by what is typed, and the right one would count as a failed try of the other."""
    vault = await made()
    before = set(bench.key_store.items)
    with pytest.raises(InvalidConfig):
        await vault.add_slot("passcode", "5678")
    assert (await kinds(vault), bench.key_store.items) == (["passcode"], before)


async def test_the_passcode_of_a_type_replaces_one_that_was_added(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=VaultType.DEVICE_SECURITY))
    await vault.add_slot("passcode", "1234")
    await vault.update_config(PASSCODE, "5678")
    assert await kinds(vault) == ["passcode"]
    await vault.lock()
    await vault.unlock("5678")


async def test_each_of_several_recovery_codes_opens(made: Made) -> None:
    vault = await made()
    codes = [(await vault.add_slot("recovery")).code for _ in range(2)]
    for code in codes:
        await vault.lock()
        await vault.unlock(code, slot="recovery")
    await vault.lock()
    stranger = await made(PASSCODE.change(key="other"))
    with pytest.raises(SlotRefused):
        await vault.unlock((await stranger.add_slot("recovery")).code, slot="recovery")


async def test_who_asks_for_a_kind_that_there_is_not_hears_which_there_are(made: Made) -> None:
    vault = await made()
    with pytest.raises(SlotMissing, match="finger") as refused:
        await vault.add_slot("finger")
    assert "gate-biometrics, gate-passcode, key-store, passcode, recovery, security-key" in refused.value.advice


async def test_three_fingers_that_nobody_knows_are_told_as_that(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.lock()
    for _ in range(3):
        bench.sensor.touch("stranger")
    with pytest.raises(SlotRefused, match="The finger or the face was not recognized"):
        await vault.unlock()


async def test_a_finger_that_nobody_could_look_at_is_not_counted(bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(FINGERPRINT)
    await vault.lock()
    bench.sensor.end(BiometricsUnavailable("Another program is using the fingerprint reader."))
    with pytest.raises(BiometricsUnavailable):
        await vault.unlock()
    assert [slot.failures for slot in await vault.slots()] == [0]


async def test_a_vault_that_is_cleared_while_a_slot_is_made_leaves_nothing_in_the_key_store(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, other, change = await made(), bench.vault(), Held.change

    async def cleared(self: Held, edit: Any) -> Any:
        await other.wipe()
        return await change(self, edit)

    monkeypatch.setattr(Held, "change", cleared)
    with pytest.raises(VaultNotInitialized):
        await vault.add_slot("key-store")
    assert bench.key_store.items == set()


async def test_a_key_whose_making_is_broken_off_is_not_left_in_the_key_store(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    before = bench.key_store.items
    await cancelled_at(MemoryKeyStore.set, MemoryKeyStore, vault.add_slot("key-store"), monkeypatch)
    assert bench.key_store.items == before

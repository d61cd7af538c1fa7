"""Configuration: what goes together, what an update changes, and that no value is lost when the type changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.encoding import canonical_json
from ecrin.vault.device.model import PromptTexts
from ecrin.vault.errors import GateOnly, InvalidConfig, PasscodeMissing, VaultDamaged, VaultLocked
from ecrin.vault.format.settings import Settings, decode
from ecrin.vault.model import Anchored, Bound, DeviceSecurity, VaultConfig, VaultType
from ecrin.vault.ports import Hold
from ecrin.vault.service import Vault
from vault.core.conftest import APP, PASSCODE, Bench, Made

MEMORY = VaultConfig(type=VaultType.IN_MEMORY)
SECURITY = VaultConfig(type=VaultType.DEVICE_SECURITY)
GATE = SECURITY.change(device_security=DeviceSecurity.BIOMETRICS, gate_only=True)
TYPES = {"storage": VaultConfig(), "security": SECURITY, "gate": GATE, "passcode": PASSCODE, "memory": MEMORY}

configs = st.builds(
    VaultConfig,
    type=st.just(VaultType.CUSTOM_PASSCODE),
    bound=st.sampled_from(Bound),
    anchored=st.sampled_from(Anchored),
    lock_after_idle_ms=st.none() | st.integers(1, 2**53 - 1),
    lock_after_background_ms=st.none() | st.integers(1, 2**53 - 1),
    wipe_after=st.none() | st.integers(1, 100),
    unlock_on_load=st.booleans(),
    texts=st.builds(PromptTexts, title=st.text(st.characters(exclude_categories=["Cs"]))),
)


@given(configs, st.lists(st.binary(min_size=16, max_size=16), max_size=3))
def test_settings_come_back_as_they_were(config: VaultConfig, managed: list[bytes]) -> None:
    settings = Settings("com.example.notes", config, tuple(managed), {"handle": "x"})
    assert decode(settings.encode()) == settings


@given(st.binary(max_size=200))
def test_settings_that_are_none_are_damage(junk: bytes) -> None:
    with pytest.raises(VaultDamaged):
        decode(junk)


@pytest.mark.parametrize("member", ["type", "texts", "wipe_after", "gate_only"])
@pytest.mark.parametrize("value", ["x", [], 1.5])
def test_settings_of_other_kinds_are_damage(member: str, value: Any) -> None:
    config = {**PASSCODE.as_json(), member: value}
    with pytest.raises(VaultDamaged):
        decode(canonical_json({"config": config, "managed": [], "anchor": {}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "CustomPasscode"},
        {"type": VaultType.SECURE_STORAGE, "lock_after_idle_ms": 1000},
        {"type": VaultType.SECURE_STORAGE, "lock_after_background_ms": 1000},
        {"device_security": DeviceSecurity.BIOMETRICS},
        {"type": VaultType.DEVICE_SECURITY, "wipe_after": 5},
        {"wipe_after": 0},
        {"wipe_after": True},
        {"lock_after_idle_ms": -1},
        {"lock_after_idle_ms": 1.5},
        {"unlock_on_load": 1},
        {"texts": PromptTexts(title=None)},  # type: ignore[arg-type]
        {"texts": PromptTexts(title="x" * 1025)},
        {"texts": PromptTexts(title="\ud800")},
    ],
)
async def test_what_does_not_go_together_is_refused(bench: Bench, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig):
        await bench.vault().initialize(PASSCODE.change(**changes), "1234")
    assert bench.files() == []


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="lockAfter"):
        VaultConfig().change(lockAfter=5)


@pytest.mark.parametrize("key", ["", ".hidden", "a/b", "..", "x" * 65, "con"])
async def test_a_key_that_is_no_name_of_a_file_is_refused(bench: Bench, key: str) -> None:
    with pytest.raises(InvalidConfig):
        await bench.vault().initialize(VaultConfig(key=key))


@pytest.mark.parametrize("app_id", ["", "notes", "../com.example", "com/example.notes"])
async def test_an_app_id_that_is_none_is_refused(bench: Bench, app_id: str) -> None:
    with pytest.raises(InvalidConfig):
        Vault(app_id, platform=bench.platform)


async def test_a_vault_that_is_there_keeps_its_configuration(made: Made, bench: Bench) -> None:
    await (await made(PASSCODE.change(wipe_after=7))).close()
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=VaultType.SECURE_STORAGE))
    assert vault.config == PASSCODE.change(wipe_after=7)


async def test_a_second_initialize_does_nothing(made: Made) -> None:
    vault = await made()
    await vault.initialize(VaultConfig(type=VaultType.IN_MEMORY))
    await vault.load()
    assert vault.config == PASSCODE


async def test_an_object_that_holds_one_vault_takes_no_other(made: Made) -> None:
    vault = await made()
    for call in (vault.initialize(VaultConfig(key="other")), vault.load("other")):
        with pytest.raises(InvalidConfig, match="default"):
            await call
    await vault.close()
    await vault.initialize(VaultConfig(key="other"))
    assert vault.config.key == "other"


async def test_what_is_no_configuration_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidConfig):
        await bench.vault().initialize({"type": "CustomPasscode"})  # type: ignore[arg-type]


async def test_an_update_is_there_after_the_process_has_ended(made: Made, bench: Bench) -> None:
    vault, heard = await made(), list[VaultConfig]()
    vault.on_config_changed(heard.append)
    changed = PASSCODE.change(wipe_after=3, lock_after_idle_ms=1000)
    await vault.update_config(changed)
    await vault.close()
    again = bench.vault()
    await again.initialize()
    assert (again.config, heard) == (changed, [changed])


async def test_an_update_holds_at_once(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.update_config(PASSCODE.change(lock_after_idle_ms=1000))
    bench.clock.advance(1000)
    assert await vault.is_locked()


async def test_a_locked_vault_is_not_reconfigured(made: Made) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(VaultLocked):
        await vault.update_config(PASSCODE.change(wipe_after=3))


async def test_a_vault_is_not_renamed(made: Made) -> None:
    vault = await made()
    with pytest.raises(InvalidConfig):
        await vault.update_config(PASSCODE.change(key="other"))


@pytest.mark.parametrize("to", TYPES)
@pytest.mark.parametrize("start", TYPES)
async def test_every_type_becomes_every_other_and_keeps_its_values(bench: Bench, start: str, to: str) -> None:
    bench.sensor.enrol("thumb")
    vault = bench.vault()
    await vault.initialize(TYPES[start], "1234")
    await vault.set_values({"token": "s3cret", "profile": {"name": "Ada"}})
    await vault.update_config(TYPES[to], "5678")
    assert (vault.config, await vault.get_value("token")) == (TYPES[to], "s3cret")
    assert await vault.get_value("profile") == {"name": "Ada"}
    if TYPES[to].lockable and to != "memory":
        await vault.lock()
        bench.sensor.touch("thumb")
        await vault.unlock(("1234" if start == to else "5678") if to == "passcode" else None)
        assert await vault.get_value("token") == "s3cret"
    assert (bench.files() == []) == (to == "memory")


async def test_another_type_leaves_the_slots_that_were_added(made: Made) -> None:
    vault = await made()
    code = (await vault.add_slot("recovery")).code
    await vault.update_config(SECURITY)
    assert [(slot.kind, slot.managed) for slot in await vault.slots()] == [("recovery", False), ("key-store", True)]
    await vault.lock()
    await vault.unlock(code, slot="recovery")


async def test_another_type_leaves_nothing_of_the_old_one_in_the_key_store(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.update_config(PASSCODE.change(bound=Bound.NOTHING), "1234")
    assert all(item.endswith("mark") for _, item in bench.key_store.items)
    assert (await vault.protection()).holds == (Hold.PASSCODE,)


async def test_out_of_memory_no_vault_on_disk_is_taken_for_this_one(made: Made, bench: Bench) -> None:
    memory = bench.vault()
    await memory.initialize(MEMORY)
    await memory.set_value("token", "in memory")
    await made()
    with pytest.raises(InvalidConfig):
        await memory.update_config(PASSCODE, "1234")
    assert await memory.get_value("token") == "in memory"


async def test_an_update_that_fails_changes_nothing(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    before = set(bench.key_store.items)
    with pytest.raises(GateOnly):
        await vault.update_config(GATE.change(gate_only=False))
    with pytest.raises(PasscodeMissing):
        await vault.update_config(PASSCODE.change(bound=Bound.NOTHING))
    assert (vault.config, bench.key_store.items) == (PASSCODE, before)
    await vault.lock()
    await vault.unlock("1234")


async def test_a_vault_without_a_key_store_is_made_by_who_names_it(bench: Bench) -> None:
    bench.key_store.available = False
    vault = bench.vault()
    await vault.initialize(PASSCODE.change(bound=Bound.NOTHING, anchored=Anchored.NOTHING), "1234")
    await vault.set_value("token", "s3cret")
    await vault.lock()
    await vault.unlock("1234")
    protection = await vault.protection()
    assert (protection.weakest, protection.anchored) == (Hold.PASSCODE, Anchored.NOTHING)


async def test_what_protects_a_vault_in_memory_is_no_slot(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(MEMORY)
    protection = await vault.protection()
    assert (protection.holds, protection.weakest) == ((), None)


async def test_vaults_of_an_app_are_kept_in_its_folder(bench: Bench) -> None:
    assert bench.vault()._keeper.path("default").parent == bench.folder / APP / "vaults"

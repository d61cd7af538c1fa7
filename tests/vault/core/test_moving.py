"""Into memory and out of it: the values move, whatever others write, ask or break off meanwhile."""

import asyncio

import pytest

from ecrin.vault.errors import InvalidConfig, VaultBusy, VaultFull, VaultUnwritable
from ecrin.vault.keeping import making
from ecrin.vault.keeping.unlocking import Unlocking
from ecrin.vault.model import PasscodeRequest, VaultConfig, VaultType
from ecrin.vault.service import Vault
from ecrin.vault.store import file
from vault.core.conftest import PASSCODE, Bench, Made
from vault.core.test_broken_off import cancelled_at

MEMORY = VaultConfig(type=VaultType.IN_MEMORY)


async def in_memory(bench: Bench) -> Vault:
    vault = bench.vault()
    await vault.initialize(MEMORY)
    await vault.set_value("a", "1")
    return vault


async def test_what_is_written_while_the_passcode_is_asked_for_moves_too(bench: Bench) -> None:
    vault = await in_memory(bench)

    async def asker(_: PasscodeRequest) -> str:
        await vault.set_values({"a": "2", "token": "fresh"})
        return "1234"

    vault.on_passcode_requested(asker)
    await vault.update_config(PASSCODE)
    assert await vault.export_vault_unsafe("1234") == {"a": "2", "token": "fresh"}


@pytest.mark.parametrize("start", [MEMORY, PASSCODE], ids=["out of memory", "into memory"])
async def test_who_writes_while_the_values_move_writes_where_they_are_then(bench: Bench, start: VaultConfig) -> None:
    vault = bench.vault()
    await vault.initialize(start, "1234")
    done: list[str] = []

    async def write() -> None:
        while len(done) < 2000:
            await vault.set_value(f"v{len(done)}", "kept")
            done.append(f"v{len(done)}")
            await asyncio.sleep(0)

    writing = asyncio.ensure_future(write())
    while not done:
        await asyncio.sleep(0)
    await vault.update_config(PASSCODE if start is MEMORY else MEMORY, "1234")
    written = len(done)
    while len(done) == written:
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert set(done) <= set(await vault.get_keys())


async def test_what_another_object_writes_into_the_file_before_it_ends_moves_too(made: Made, bench: Bench) -> None:
    vault, other = await made(), bench.vault()
    await other.initialize(PASSCODE)
    await other.unlock("1234")
    await other.set_value("token", "s3cret")
    await vault.update_config(MEMORY)
    assert await vault.get_value("token") == "s3cret"


async def test_where_another_process_makes_the_file_meanwhile_the_values_stay_in_memory(bench: Bench) -> None:
    vault, other = await in_memory(bench), bench.vault()

    async def asker(_: PasscodeRequest) -> str:
        await other.initialize(PASSCODE, "9999")
        return "1234"

    vault.on_passcode_requested(asker)
    with pytest.raises(InvalidConfig, match="on disk already"):
        await vault.update_config(PASSCODE)
    await vault.set_value("b", "2")
    assert (vault.config.type, await vault.get_keys()) == (VaultType.IN_MEMORY, ["a", "b"])


async def test_where_the_file_cannot_be_made_the_values_stay_in_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise VaultFull

    vault = await in_memory(bench)
    monkeypatch.setattr(file, "create", full)
    with pytest.raises(VaultFull):
        await vault.update_config(PASSCODE, "1234")
    await vault.set_value("b", "2")
    assert (vault.config.type, await vault.get_keys()) == (VaultType.IN_MEMORY, ["a", "b"])


async def test_where_the_file_cannot_be_emptied_the_values_stay_in_it(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise VaultFull

    vault = await made()
    await vault.set_value("a", "1")
    with monkeypatch.context() as patch:
        patch.setattr(making.rows, "clear", full)
        with pytest.raises(VaultFull):
            await vault.update_config(MEMORY)
    await vault.set_value("b", "2")
    await vault.close()
    again = bench.vault()
    await again.initialize(PASSCODE)
    await again.unlock("1234")
    assert (again.config.type, await again.get_keys()) == (VaultType.CUSTOM_PASSCODE, ["a", "b"])


async def test_a_move_that_is_broken_off_at_the_prompt_moves_nothing(bench: Bench) -> None:
    vault, asked = await in_memory(bench), asyncio.Event()

    async def asker(_: PasscodeRequest) -> str:
        asked.set()
        await asyncio.Event().wait()
        return "1234"

    vault.on_passcode_requested(asker)
    moving = asyncio.ensure_future(vault.update_config(PASSCODE))
    await asked.wait()
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    assert (await vault.get_value("a"), bench.files()) == ("1", [])


async def test_a_move_is_no_unlocking(bench: Bench) -> None:
    vault, told = await in_memory(bench), list[str]()
    vault.on_unlock(lambda: told.append("unlocked"))
    await vault.update_config(PASSCODE, "1234")
    await vault.update_config(MEMORY)
    assert told == []


async def test_a_move_that_is_broken_off_behind_its_commit_leaves_the_file_locked_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, told = await in_memory(bench), list[str]()
    vault.on_lock(lambda event: told.append("locked"))
    vault.on_unlock(lambda: told.append("unlocked"))
    await cancelled_at(Unlocking.made, Unlocking, vault.update_config(PASSCODE, "1234"), monkeypatch)
    assert await vault.is_locked()
    await vault.unlock("1234")
    assert (told, await vault.get_keys()) == (["locked", "unlocked"], ["a"])


async def test_where_the_new_file_cannot_be_taken_hold_of_the_values_stay_in_memory_and_can_be_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise VaultBusy

    vault = await in_memory(bench)
    with monkeypatch.context() as patch:
        patch.setattr(Unlocking, "attach", fails)
        with pytest.raises(VaultBusy):
            await vault.update_config(PASSCODE, "1234")
    await vault.set_value("b", "2")
    assert await vault.get_keys() == ["a", "b"]


async def test_where_the_desktop_cannot_be_heard_the_values_stay_in_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OSError("no bus")

    vault = bench.vault()
    await vault.initialize(VaultConfig())
    await vault.set_value("a", "1")
    monkeypatch.setattr(bench.signals, "watch", fails)
    with pytest.raises(OSError, match="no bus"):
        await vault.update_config(MEMORY)
    assert await vault.get_keys() == ["a"]


async def test_what_is_left_of_the_file_is_told_and_does_not_undo_the_move(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise VaultUnwritable

    vault, told = await made(), list[str]()
    await vault.set_value("a", "1")
    vault.on_error(lambda error: told.append(error.code))
    monkeypatch.setattr(making.Maker, "withdraw", fails)
    await vault.update_config(MEMORY)
    assert (told, await vault.get_keys()) == (["VAULT_UNWRITABLE"], ["a"])

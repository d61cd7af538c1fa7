"""Calls that are cancelled, listeners that raise, vaults that others ended meanwhile: nothing stays half done."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from ecrin.crypto.kdf import Buffer
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.device.errors import SystemCanceled
from ecrin.vault.errors import VaultBusy, VaultFull, VaultLocked, VaultNotInitialized, VaultRolledBack
from ecrin.vault.keeping import keeper
from ecrin.vault.keeping.anchoring import Anchoring
from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.keeping.held import Held
from ecrin.vault.model import (
    Anchored,
    DeviceSecurity,
    LockEvent,
    LockReason,
    PasscodeRequest,
    VaultConfig,
    VaultType,
)
from ecrin.vault.opened.writer import Writer
from ecrin.vault.threads import in_thread
from vault.core.conftest import PASSCODE, Bench, Made
from vault.core.test_anchor import Copy

WIPING = PASSCODE.change(wipe_after=3)
DEVICE_PASSCODE = VaultConfig(
    type=VaultType.DEVICE_SECURITY, device_security=DeviceSecurity.SYSTEM_PASSCODE, gate_only=True
)


def fails(*_: object) -> None:
    raise RuntimeError("the app's own fault")


async def cancelled_at(method: Callable[..., Any], where: type, call: Any, patch: pytest.MonkeyPatch) -> None:
    """Cancel a call as soon as `method` of `where` is done for it."""
    reached = asyncio.Event()

    async def reaching(self: Any, *args: Any, **options: Any) -> Any:
        found = await method(self, *args, **options)
        reached.set()
        await asyncio.sleep(0)  # here it is cancelled
        return found

    with patch.context() as here:
        here.setattr(where, method.__name__, reaching)
        task = asyncio.ensure_future(call)
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a48_right_passcodes_that_are_cancelled_wipe_nothing(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made(WIPING)
    await vault.lock()
    for _ in range(3):
        await cancelled_at(Guesses.count, Guesses, vault.unlock("1234"), monkeypatch)
    await vault.unlock("1234")
    assert sum(slot.failures for slot in await vault.slots()) == 0


async def test_a48_wrong_passcodes_that_are_cancelled_stay_counted(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await made(WIPING)
    await vault.lock()
    await cancelled_at(Guesses.count, Guesses, vault.unlock("9999"), monkeypatch)
    assert [slot.failures for slot in await vault.slots()] == [1]
    assert await vault.is_locked()


async def test_a48_right_passcodes_that_run_into_anyios_timeouts_wipe_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scopes cancel anew at every turn of the loop."""

    async def slow(self: Guesses, *, seen: bool = False) -> None:
        await count(self, seen=seen)
        await asyncio.sleep(0.05)

    count, vault = Guesses.count, await made(WIPING)
    await vault.lock()
    with monkeypatch.context() as patch:
        patch.setattr(Guesses, "count", slow)
        for _ in range(4):
            with anyio.move_on_after(0.02):
                await vault.unlock("1234")
    assert sum(slot.failures for slot in await vault.slots()) == 0


@pytest.mark.parametrize("how", ["cancelled", "locked"])
async def test_a48_a_device_passcode_that_the_device_has_seen_stays_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """PAM tells a right one at once and takes its time for a wrong one: whoever waits no longer knows."""
    asked = asyncio.Event()

    async def slow(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    bench.passcode.change("1234")
    vault = bench.vault()
    await vault.initialize(DEVICE_PASSCODE)
    await vault.lock()
    vault.on_passcode_requested(lambda _: "9999")
    monkeypatch.setattr(bench.passcode, "verify", slow)
    opening = asyncio.ensure_future(vault.unlock())
    await asked.wait()
    if how == "cancelled":
        opening.cancel()
    else:
        await vault.close()
        await vault.load()
    await asyncio.gather(opening, return_exceptions=True)
    assert [slot.failures for slot in await vault.slots()] == [1]


async def test_a_lock_that_is_cancelled_is_a_lock_and_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, told = await made(), list[LockEvent]()
    vault.on_lock(told.append)
    await vault.set_value("token", "s3cret")
    await cancelled_at(Anchoring.mark, Anchoring, vault.lock(), monkeypatch)
    assert (await vault.is_locked(), [event.reason for event in told]) == (True, [LockReason.CALL])


@pytest.mark.parametrize(("method", "where"), [(Anchoring.mark, Anchoring), (Held.shut, Held), (Writer.close, Writer)])
async def test_a_close_that_is_cancelled_leaves_an_object_that_can_be_used_again(
    made: Made, monkeypatch: pytest.MonkeyPatch, method: Callable[..., Any], where: type
) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    await cancelled_at(method, where, vault.close(), monkeypatch)
    await vault.close()
    await vault.initialize(PASSCODE)
    await vault.unlock("1234")
    assert await vault.get_value("token") == "s3cret"


async def test_a_wipe_that_is_cancelled_leaves_nothing_in_the_key_store(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    wiping = asyncio.ensure_future(vault.wipe())
    await asyncio.sleep(0.001)
    wiping.cancel()
    await asyncio.gather(wiping, return_exceptions=True)
    assert (bench.files(), bench.key_store.items) == ([], set())


@pytest.mark.parametrize("verb", ["add", "replace"])
async def test_what_is_cancelled_when_it_is_on_disk_leaves_nothing_of_the_old_slots_in_the_key_store(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    vault = await made(PASSCODE.change(anchored=Anchored.NOTHING))
    calls = {"add": lambda: vault.add_slot("key-store"), "replace": lambda: vault.set_custom_passcode("5678")}
    await cancelled_at(Held.change, Held, calls[verb](), monkeypatch)
    kept = {slot.id for slot in await vault.slots()}
    assert {item.rsplit(" ", 1)[1] for _, item in bench.key_store.items} == kept


async def test_who_clears_an_open_vault_is_told_that_it_is_locked(made: Made) -> None:
    vault, told = await made(), list[LockEvent]()
    vault.on_lock(told.append)
    await vault.wipe()
    assert told == [LockEvent(timeout=False, saved=False, reason=LockReason.CALL)]


async def test_a_lock_is_told_also_where_the_listener_for_errors_raises(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: Anchoring) -> None:
        raise VaultFull

    vault, told = await made(), list[LockEvent]()
    await vault.set_value("token", "s3cret")
    vault.on_lock(told.append)
    unhear = vault.on_error(fails)
    monkeypatch.setattr(Anchoring, "mark", full)
    with pytest.raises(RuntimeError):
        await vault.lock()
    unhear()
    assert (len(told), await vault.is_locked()) == (1, True)


async def test_a46_a_listener_that_raises_at_a_lock_leaves_no_anchor_behind(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = await made()
    await vault.lock()
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    await vault.unlock("1234")
    await vault.set_value("token", "newer")
    unhear = vault.on_lock(fails)
    with pytest.raises(RuntimeError):
        await vault.close()
    unhear()
    copy.put_back()
    await vault.initialize(PASSCODE)
    with pytest.raises(VaultRolledBack):
        await vault.unlock("1234")


async def test_a46_a_write_that_is_cancelled_when_it_is_on_disk_is_anchored(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    await vault.lock()
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    await vault.unlock("1234")
    await cancelled_at(Writer.run, Writer, vault.set_value("token", "newer"), monkeypatch)
    await vault.close()
    copy.put_back()
    await vault.initialize(PASSCODE)
    with pytest.raises(VaultRolledBack):
        await vault.unlock("1234")


@pytest.mark.parametrize("how", ["lock", "close"])
async def test_a46_a_write_beside_a_lock_is_anchored_with_it(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    vault = await made()
    await vault.lock()
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    await vault.unlock("1234")
    await asyncio.gather(vault.set_value("token", "newer"), getattr(vault, how)())
    await vault.close()
    copy.put_back()
    await vault.initialize(PASSCODE)
    with pytest.raises(VaultRolledBack):
        await vault.unlock("1234")


async def test_who_writes_while_the_vault_is_being_locked_finds_it_locked(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    locking = asyncio.ensure_future(vault.lock())
    await asyncio.sleep(0.001)
    with pytest.raises(VaultLocked):
        await vault.set_value("token", "newer")
    await locking


async def test_a_configuration_whose_last_step_is_cancelled_holds(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    bare = PASSCODE.change(anchored=Anchored.NOTHING, lock_after_idle_ms=60_000)
    await cancelled_at(Anchoring.stop, Anchoring, vault.update_config(bare), monkeypatch)
    assert vault.config == bare
    await vault.lock()
    await vault.unlock("1234")


async def test_a_read_that_is_cancelled_when_it_finds_the_vault_cleared_leaves_an_object_that_can_be_used_again(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, other = await made(), bench.vault()
    await other.wipe()
    await cancelled_at(Writer.close, Writer, vault.get_value("token"), monkeypatch)
    await vault.initialize(PASSCODE, "5678")
    await vault.set_value("token", "s3cret")


async def test_a_listener_that_raises_at_a_lock_in_time_is_told_to_the_loop(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    vault = await made(PASSCODE.change(lock_after_background_ms=1))
    vault.on_lock(fails)
    bench.clock.advance(1)
    vault.background()
    bench.clock.advance(1)
    while not told:
        await asyncio.sleep(0.001)
    assert [context["message"] for context in told] == ["A listener of the vault failed."]


@pytest.mark.parametrize("verb", ["wipe", "lock", "close", "unlock", "rotate"])
async def test_who_is_asked_cannot_call_what_waits_for_the_answer(made: Made, verb: str) -> None:
    vault = await made()
    await vault.lock()

    async def asker(_: PasscodeRequest) -> str:
        with pytest.raises(VaultBusy, match="waits for the answer"):
            await getattr(vault, verb)()
        return "1234"

    vault.on_passcode_requested(asker)
    await vault.unlock()
    assert not await vault.is_locked()


async def test_nor_do_tasks_of_who_is_asked(made: Made) -> None:
    vault = await made()
    await vault.lock()

    async def asker(_: PasscodeRequest) -> str:
        with pytest.raises(VaultBusy, match="waits for the answer"):
            await asyncio.gather(vault.slots(), vault.unlock("1234"))
        return "1234"

    vault.on_passcode_requested(asker)
    await vault.unlock()


async def test_a_lock_that_a_task_of_who_is_asked_brings_about_is_no_call_of_theirs(made: Made) -> None:
    vault, tasks = await made(), list[asyncio.Task[None]]()
    await vault.lock()

    async def asker(_: PasscodeRequest) -> str:
        tasks.append(asyncio.ensure_future(vault.close()))
        await asyncio.Event().wait()
        return "1234"

    vault.on_passcode_requested(asker)
    with pytest.raises(SystemCanceled):
        await vault.unlock()
    await tasks[0]


async def test_a_locked_vault_that_was_wiped_elsewhere_is_initialized_anew(made: Made, bench: Bench) -> None:
    vault, other = await made(), bench.vault()
    await vault.lock()
    await other.wipe()
    await vault.initialize(PASSCODE, "5678")
    await vault.lock()
    await vault.unlock("5678")


async def test_a_vault_that_turned_out_to_be_wiped_elsewhere_is_initialized_anew(made: Made, bench: Bench) -> None:
    vault, other = await made(), bench.vault()
    await vault.lock()
    await other.wipe()
    with pytest.raises(VaultNotInitialized):
        await vault.unlock("1234")
    await vault.initialize(PASSCODE, "5678")
    assert not await vault.is_locked()


async def test_a_vault_whose_key_store_was_locked_opens_at_the_next_initialize(bench: Bench) -> None:
    first = bench.vault()
    await first.initialize(VaultConfig())
    await first.set_value("token", "s3cret")
    await first.close()
    bench.key_store.available = False
    vault = bench.vault()
    with pytest.raises(Exception, match="key store"):
        await vault.initialize(VaultConfig())
    with pytest.raises(VaultLocked):
        await vault.get_value("token")
    bench.key_store.available = True
    await vault.initialize(VaultConfig())
    assert await vault.get_value("token") == "s3cret"


@pytest.mark.parametrize("verb", ["add", "replace"])
async def test_what_anyio_cancels_at_every_turn_leaves_nothing_in_the_key_store(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    vault = await made(PASSCODE.change(anchored=Anchored.NOTHING))
    keep, delete = MemoryKeyStore.set, MemoryKeyStore.delete
    calls = {"add": lambda: vault.add_slot("key-store"), "replace": lambda: vault.set_custom_passcode("5678")}

    async def cancelled(self: MemoryKeyStore, service: str, item: str, secret: Buffer) -> None:
        await keep(self, service, item, secret)
        scope.cancel()
        await asyncio.sleep(0)

    async def slow(self: MemoryKeyStore, service: str, item: str) -> None:
        await asyncio.sleep(0)
        await delete(self, service, item)

    with monkeypatch.context() as patch, anyio.CancelScope() as scope:
        patch.setattr(MemoryKeyStore, "set", cancelled)
        patch.setattr(MemoryKeyStore, "delete", slow)
        await calls[verb]()
    kept = {slot.id for slot in await vault.slots()}
    assert {item.rsplit(" ", 1)[1] for _, item in bench.key_store.items} == kept


async def test_a_wipe_of_nothing_leaves_what_another_process_makes_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, other = bench.vault(), bench.vault()

    async def later(work: Callable[[], None]) -> None:
        await other.initialize(PASSCODE, "1234")
        await in_thread(work)

    monkeypatch.setattr(keeper, "in_thread", later)
    await vault.wipe()
    await other.set_value("token", "s3cret")
    assert other.exists()

"""What others do meanwhile, and calls that are broken off: no anchor, try, setting or file is lost by it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecrin.errors import EcrinError
from ecrin.vault.anchors.callback import CallbackAnchor
from ecrin.vault.device.errors import DeviceError, SystemCanceled
from ecrin.vault.errors import (
    InvalidConfig,
    PasscodeMismatch,
    SlotMissing,
    VaultBusy,
    VaultDamaged,
    VaultLocked,
    VaultNewer,
    VaultNotInitialized,
    VaultRolledBack,
    VaultUnwritable,
)
from ecrin.vault.keeping import anchoring
from ecrin.vault.model import Anchored, VaultConfig, VaultType
from ecrin.vault.opened.writer import Writer
from ecrin.vault.service import Vault
from vault.core.conftest import PASSCODE, Bench, Made
from vault.core.test_anchor import Copy, reopened

BARE = PASSCODE.change(anchored=Anchored.NOTHING)


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Cancel whoever commits next, once the commit is done."""
    due: list[bool] = []
    run = Writer.run

    async def cancelled(self: Writer, work: Callable[[sqlite3.Connection], Any]) -> Any:
        found = await run(self, work)
        if due and work.__qualname__.startswith("Writer.change"):
            due.clear()
            raise asyncio.CancelledError
        return found

    monkeypatch.setattr(Writer, "run", cancelled)
    return lambda: due.append(True)


async def test_a_new_anchor_stays_where_the_change_was_broken_off_after_its_commit(
    made: Made, bench: Bench, broken_off: Callable[[], None]
) -> None:
    vault = await made(BARE)
    broken_off()
    with pytest.raises(asyncio.CancelledError):
        await vault.update_config(PASSCODE)
    await vault.close()
    assert (await reopened(bench)).config == PASSCODE


async def test_a_configuration_that_was_broken_off_after_its_commit_holds(
    made: Made, bench: Bench, broken_off: Callable[[], None]
) -> None:
    vault = await made()
    broken_off()
    with pytest.raises(asyncio.CancelledError):
        await vault.update_config(PASSCODE.change(lock_after_idle_ms=1_000))
    assert vault.config.lock_after_idle_ms == 1_000
    bench.clock.advance(1_000)
    assert await vault.is_locked()


async def test_a46_a_value_is_anchored_though_the_configuration_is_changed_next(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = await made()
    await vault.set_value("token", "old")
    await vault.close()
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    vault = await reopened(bench)
    await vault.set_value("token", "new")
    await vault.update_config(PASSCODE.change(lock_after_idle_ms=1_000))
    await vault.close()
    copy.put_back()
    with pytest.raises(VaultRolledBack):
        await reopened(bench)


async def test_a_slot_that_another_process_removes_keeps_its_configuration(made: Made, bench: Bench) -> None:
    vault = await made()
    extra = await vault.add_slot("recovery")
    other = await reopened(bench)
    await vault.update_config(PASSCODE.change(lock_after_idle_ms=1_000))
    await other.remove_slot(extra.info.id)
    await other.close()
    assert (await reopened(bench)).config.lock_after_idle_ms == 1_000


async def test_a_time_that_another_process_sets_holds_from_the_next_change_of_slots_on(
    made: Made, bench: Bench
) -> None:
    vault = await made()
    other = await reopened(bench)
    await vault.update_config(PASSCODE.change(lock_after_idle_ms=1_000))
    await other.add_slot("recovery")
    bench.clock.advance(1_000)
    assert await other.is_locked()


async def test_a_configuration_that_changes_while_a_passcode_is_typed_is_not_written_over(
    made: Made, bench: Bench
) -> None:
    async def typed(_: object) -> str:
        await other.update_config(PASSCODE.change(lock_after_idle_ms=1_000))
        return "5678"

    vault = await made()
    other = await reopened(bench)
    items = set(bench.key_store.items)
    vault.on_passcode_requested(typed)
    with pytest.raises(VaultBusy):
        await vault.set_custom_passcode()
    await vault.close()
    assert bench.key_store.items == items
    assert (await reopened(bench)).config.lock_after_idle_ms == 1_000


async def test_a_process_that_has_it_open_opens_it_anew_after_another_chose_its_anchor(
    made: Made, bench: Bench
) -> None:
    vault = await made(BARE)
    other = await reopened(bench)
    await vault.update_config(PASSCODE)
    with pytest.raises(VaultLocked):
        await other.set_value("token", "s3cret")


async def test_an_anchor_that_another_process_chooses_during_a_try_is_asked_by_the_next(bench: Bench) -> None:
    async def read(_: str) -> int:
        if waiting:
            await waiting.pop().update_config(PASSCODE)
        return marks[-1]

    async def advance(_: str, mark: int) -> None:
        marks.append(mark)

    waiting: list[Vault] = []
    marks = [0]
    anchor = CallbackAnchor(read, advance)
    vault, other = bench.vault(anchor=anchor), bench.vault(anchor=anchor)
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    await vault.set_value("token", "s3cret")
    await vault.lock()
    await other.load()
    await other.unlock("1234")
    waiting.append(other)
    with pytest.raises(VaultBusy):
        await vault.unlock("1234")
    await vault.unlock("1234")
    assert vault.config == PASSCODE


async def test_a48_fewer_tries_do_not_count_those_that_were_made_before(made: Made, bench: Bench) -> None:
    vault = await made()
    for _ in range(2):
        with pytest.raises(PasscodeMismatch):
            await vault.export_vault_unsafe("9999")
    await vault.update_config(PASSCODE.change(wipe_after=1))
    await vault.close()
    assert not await (await reopened(bench)).is_locked()


async def test_a_vault_in_memory_that_is_wiped_takes_no_other_with_it(made: Made, bench: Bench) -> None:
    await made()
    vault = bench.vault()
    await vault.initialize(VaultConfig(key="session", type=VaultType.IN_MEMORY))
    await vault.lock()
    await vault.wipe()
    assert vault.exists()


async def test_a46_names_are_not_read_from_a_file_that_was_put_back_under_an_open_vault(
    made: Made, bench: Bench, tmp_path: Path
) -> None:
    vault = await made()
    await vault.set_value("old", 1)
    path = bench.folder / next(found for found in bench.files() if found.suffix == ".ecrin-vault")
    with sqlite3.connect(tmp_path / "copy") as copy, sqlite3.connect(path) as source:
        source.backup(copy)
        await vault.set_value("new", 2)
        copy.backup(source)
    copy.close()
    source.close()
    with pytest.raises(VaultRolledBack):
        await vault.get_keys()


async def test_a_vault_of_a_newer_version_that_another_process_made_meanwhile_is_left(bench: Bench) -> None:
    def another_is_faster(_: object) -> str:
        path.parent.mkdir(parents=True)
        path.write_bytes(newer)
        return "1234"

    vault = bench.vault()
    await vault.initialize(PASSCODE, "1234")
    await vault.close()
    path = next(found for found in bench.files() if found.suffix == ".ecrin-vault")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    newer = path.read_bytes()
    for found in bench.files():
        found.unlink()
    path.parent.rmdir()
    vault = bench.vault()
    vault.on_passcode_requested(another_is_faster)
    with pytest.raises(VaultNewer):
        await vault.initialize(PASSCODE)
    assert path.read_bytes() == newer


async def test_a_slot_that_is_removed_before_it_is_asked_for_is_missing(bench: Bench) -> None:
    async def read(_: str) -> int:
        if waiting:
            await waiting.pop().remove_slot(passcode)
        return 0

    async def advance(_: str, __: int) -> None:
        return

    waiting: list[Vault] = []
    anchor = CallbackAnchor(read, advance)
    vault, other = bench.vault(anchor=anchor), bench.vault(anchor=anchor)
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    passcode = (await vault.slots())[0].id
    await vault.add_slot("recovery")
    await vault.lock()
    await other.load()
    await other.unlock("1234")
    waiting.append(other)
    vault.on_passcode_requested(lambda _: "1234")
    with pytest.raises(SlotMissing):
        await vault.unlock()


async def test_a48_a_damaged_slot_is_no_failed_try(made: Made, bench: Bench) -> None:
    vault = await made(PASSCODE.change(wipe_after=1))
    await vault.close()
    path = next(found for found in bench.files() if found.suffix == ".ecrin-vault")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE slots SET params = CAST(replace(params, 'argon2id', 'argon3id') AS BLOB)")
    connection.close()
    vault = bench.vault()
    await vault.load()
    for _ in range(3):
        with pytest.raises(VaultDamaged):
            await vault.unlock("1234")
    assert [slot.failures for slot in await vault.slots()] == [0]


async def test_marks_do_not_run_away_from_an_anchor_that_does_not_answer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_: str) -> int:
        return max(marks)

    async def advance(_: str, mark: int) -> None:
        asked.append(mark)
        if away:
            raise ConnectionError("the app's own")
        marks.append(mark)

    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.0)
    marks, asked, away = [0], list[int](), list[bool]()
    vault = bench.vault(anchor=CallbackAnchor(read, advance))
    heard: list[EcrinError] = []
    vault.on_error(heard.append)
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    away.append(True)
    for number in range(5):
        count = len(heard)
        await vault.set_value("count", number)
        while len(heard) == count:
            await asyncio.sleep(0.01)
    assert {type(error) for error in heard} == {DeviceError}
    away.clear()
    await vault.lock()
    assert asked == [0, 1, 1, 1, 1, 1, 2]


async def test_who_wipes_a_vault_and_is_broken_off_leaves_no_key_and_no_thread(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(self: Writer, work: object) -> None:
        raise asyncio.CancelledError

    vault = await made()
    held = vault._keeper.there()
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "run", cancelled)
        with pytest.raises(asyncio.CancelledError):
            await vault.wipe()
    assert held.opened is None
    assert held.writer._thread is not None
    assert held.writer._thread._shutdown


async def test_a_listener_that_fails_keeps_no_file_open(made: Made) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("the app's own fault")

    vault = await made()
    vault.on_lock(fails)
    held = vault._keeper.there()
    with pytest.raises(RuntimeError, match="own fault"):
        await vault.close()
    assert held.writer._thread is not None
    assert held.writer._thread._shutdown
    with pytest.raises(VaultNotInitialized):
        await vault.is_locked()


async def test_a_vault_whose_anchor_cannot_be_here_is_wiped_all_the_same(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.close()
    bare = bench.vault(platform=replace(bench.platform, key_store=None))
    await bare.wipe()
    assert not bare.exists()


async def test_a_damaged_file_that_cannot_be_removed_is_told_as_that(bench: Bench) -> None:
    vault = bench.vault()
    path = vault._keeper.path("default")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"junk")
    path.with_name(f".{path.name}.folder").mkdir()
    with pytest.raises(VaultUnwritable):
        await vault.wipe()


async def test_two_who_find_a_vault_cleared_hear_the_same(made: Made, bench: Bench) -> None:
    vault = await made()
    other = await reopened(bench)
    await other.wipe()
    told = await asyncio.gather(vault.set_value("one", 1), vault.set_value("two", 2), return_exceptions=True)
    assert [type(error) for error in told] == [VaultNotInitialized, VaultNotInitialized]


@pytest.mark.parametrize("end", [Vault.wipe, Vault.close, Vault.lock])
async def test_an_end_does_not_wait_for_who_is_asked(made: Made, end: Callable[[Vault], Awaitable[None]]) -> None:
    async def nobody(_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    asked = asyncio.Event()
    vault = await made()
    await vault.lock()
    vault.on_passcode_requested(nobody)
    waiting = asyncio.ensure_future(vault.unlock())
    await asked.wait()
    await asyncio.wait_for(end(vault), 30)
    with pytest.raises(SystemCanceled):
        await waiting


async def test_who_listens_hears_of_every_verbs_errors(bench: Bench) -> None:
    vault = bench.vault()
    heard: list[EcrinError] = []
    vault.on_error(heard.append)
    for verb in (vault.is_locked, vault.slots, vault.protection, vault.unlock):
        with pytest.raises(VaultNotInitialized):
            await verb()
    assert len(heard) == 4


@pytest.mark.parametrize("sealed", [b"\xff", b"pass\xc3"])
async def test_a_passcode_of_bytes_that_are_no_text_is_refused(made: Made, sealed: bytes) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(InvalidConfig) as refused:
        await vault.unlock(sealed)
    assert refused.value.__context__ is None


async def test_every_folder_that_is_made_is_the_owners_alone(made: Made, bench: Bench) -> None:
    await made()
    folder = next(found for found in bench.files() if found.suffix == ".ecrin-vault").parent
    modes = {oct(found.stat().st_mode & 0o777) for found in (folder, folder.parent)}
    assert modes == {"0o700"}

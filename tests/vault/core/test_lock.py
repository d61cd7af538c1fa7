"""Locking: by call, by time, by the app's absence and the desktop's; and what is left when it is locked."""

import asyncio
from dataclasses import replace

import pytest

from ecrin.vault.device.errors import KeyStoreUnavailable, SystemCanceled, Unsupported
from ecrin.vault.device.linux.clock import LinuxClock
from ecrin.vault.device.model import Moment, Signal
from ecrin.vault.errors import NotLockable, VaultLocked, VaultNotInitialized
from ecrin.vault.model import LockEvent, LockReason, VaultConfig, VaultType
from ecrin.vault.service import Vault
from vault.core.conftest import PASSCODE, Bench, Made

MINUTE = 60_000
IDLE = PASSCODE.change(lock_after_idle_ms=MINUTE)
AWAY = PASSCODE.change(lock_after_background_ms=5_000)


def heard(vault: Vault) -> list[LockEvent]:
    events: list[LockEvent] = []
    vault.on_lock(events.append)
    return events


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until_told(events: list[LockEvent]) -> None:
    for _ in range(500):
        if events:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the vault does not lock itself")


async def test_a_lock_is_told_once_with_its_reason(made: Made) -> None:
    vault = await made()
    events = heard(vault)
    await vault.lock()
    await vault.lock()
    assert events == [LockEvent(timeout=False, saved=True, reason=LockReason.CALL)]


async def test_who_uses_it_after_a_minute_finds_it_locked(made: Made, bench: Bench) -> None:
    vault = await made(IDLE)
    await vault.set_value("token", "s3cret")
    events = heard(vault)
    bench.clock.advance(MINUTE)
    with pytest.raises(VaultLocked):
        await vault.get_value("token")
    assert events == [LockEvent(timeout=True, saved=True, reason=LockReason.IDLE)]


async def test_each_use_begins_the_minute_anew(made: Made, bench: Bench) -> None:
    vault = await made(IDLE)
    for _ in range(3):
        bench.clock.advance(MINUTE - 1)
        await vault.get_value("token")
    bench.clock.advance(MINUTE - 1)
    await vault.touch()
    bench.clock.advance(MINUTE - 1)
    assert not await vault.is_locked()
    bench.clock.advance(MINUTE)
    assert await vault.is_locked()


async def test_asking_whether_it_is_locked_is_no_use_of_it(made: Made, bench: Bench) -> None:
    vault = await made(IDLE)
    bench.clock.advance(MINUTE - 1)
    assert not await vault.is_locked()
    bench.clock.advance(1)
    assert await vault.is_locked()


async def test_a47_a_wall_clock_that_is_set_neither_locks_nor_keeps_open(made: Made, bench: Bench) -> None:
    vault = await made(IDLE)
    bench.clock.set_wall(2**41)
    assert not await vault.is_locked()
    bench.clock.advance(MINUTE)
    bench.clock.set_wall(0)
    assert await vault.is_locked()


async def test_a_timer_wipes_the_keys_when_nobody_uses_the_vault(bench: Bench) -> None:
    bench.clock = LinuxClock()  # type: ignore[assignment]
    vault = bench.vault()
    events = heard(vault)
    await vault.initialize(PASSCODE.change(lock_after_idle_ms=50), "1234")
    await until_told(events)
    assert events == [LockEvent(timeout=True, saved=True, reason=LockReason.IDLE)]


async def test_an_app_that_is_away_for_too_long_finds_it_locked(made: Made, bench: Bench) -> None:
    vault = await made(AWAY)
    events = heard(vault)
    vault.background()
    bench.clock.advance(5_000)
    await vault.foreground()
    assert events == [LockEvent(timeout=True, saved=True, reason=LockReason.BACKGROUND)]


async def test_an_app_that_comes_back_in_time_finds_it_open(made: Made, bench: Bench) -> None:
    vault = await made(AWAY)
    vault.background()
    bench.clock.advance(4_999)
    await vault.foreground()
    bench.clock.advance(MINUTE)
    assert not await vault.is_locked()


async def test_a_vault_that_is_opened_in_the_background_is_locked_in_its_time(made: Made, bench: Bench) -> None:
    vault = await made(AWAY)
    await vault.lock()
    vault.background()
    bench.clock.advance(4_000)
    await vault.unlock("1234")
    bench.clock.advance(1_000)
    assert await vault.is_locked()


async def test_going_away_twice_does_not_begin_the_time_anew(made: Made, bench: Bench) -> None:
    vault = await made(AWAY)
    vault.background()
    bench.clock.advance(4_000)
    vault.background()
    bench.clock.advance(1_000)
    assert await vault.is_locked()


@pytest.mark.parametrize("signal", [Signal.SCREEN_LOCKED, Signal.SLEEP])
async def test_the_desktops_lock_and_sleep_lock_it(made: Made, bench: Bench, signal: Signal) -> None:
    vault = await made()
    events = heard(vault)
    bench.signals.emit(signal)
    await until_told(events)
    assert events == [LockEvent(timeout=False, saved=True, reason=LockReason.SCREEN)]


@pytest.mark.parametrize("signal", [Signal.SCREEN_UNLOCKED, Signal.WAKE])
async def test_the_desktops_other_signals_lock_nothing(made: Made, bench: Bench, signal: Signal) -> None:
    vault = await made()
    bench.signals.emit(signal)
    await turns()
    assert not await vault.is_locked()


async def test_a_sensor_that_waits_for_a_finger_does_not_put_off_a_lock(made: Made, bench: Bench) -> None:
    bench.sensor.enrol("thumb")
    vault = await made()
    await vault.add_slot("gate-biometrics")
    events = heard(vault)
    waiting = asyncio.ensure_future(vault.export_vault_unsafe())
    while not bench.sensor.prompts:
        await asyncio.sleep(0)
    bench.signals.emit(Signal.SCREEN_LOCKED)
    with pytest.raises(SystemCanceled):
        await waiting
    await until_told(events)


async def test_the_desktop_is_heard_as_the_file_says_and_not_the_call(made: Made, bench: Bench) -> None:
    await (await made()).close()
    vault = bench.vault()
    events = heard(vault)
    await vault.initialize()
    await vault.unlock("1234")
    bench.signals.emit(Signal.SLEEP)
    await until_told(events)


async def test_a_type_that_can_be_locked_hears_the_desktop_from_then_on(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig())
    assert bench.signals.heard_by == 0
    await vault.update_config(PASSCODE, "1234")
    events = heard(vault)
    bench.signals.emit(Signal.SCREEN_LOCKED)
    await until_told(events)


async def test_who_does_not_want_the_desktops_lock_says_so(made: Made, bench: Bench) -> None:
    vault = await made(PASSCODE.change(lock_on_screen_lock=False))
    bench.signals.emit(Signal.SCREEN_LOCKED)
    await turns()
    assert not await vault.is_locked()
    assert not (await vault.protection()).hears_screen_lock


async def test_a_desktop_that_says_nothing_is_reported_and_no_error(bench: Bench, made: Made) -> None:
    bench.signals.supported = False
    vault = await made()
    assert not (await vault.protection()).hears_screen_lock


async def test_a_vault_that_is_closed_hears_the_desktop_no_more(made: Made, bench: Bench) -> None:
    vault = await made()
    events = heard(vault)
    await vault.close()
    assert (bench.signals.heard_by, [event.reason for event in events]) == (0, [LockReason.CLOSED])


async def test_secure_storage_cannot_be_locked_and_says_so(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig())
    with pytest.raises(NotLockable):
        await vault.lock()
    bench.signals.emit(Signal.SCREEN_LOCKED)
    await turns()
    assert not await vault.is_locked()


async def test_a_vault_in_memory_loses_its_values_with_the_lock(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=VaultType.IN_MEMORY))
    await vault.set_value("token", "s3cret")
    events = heard(vault)
    await vault.lock()
    assert events == [LockEvent(timeout=False, saved=False, reason=LockReason.CALL)]
    assert await vault.is_locked()
    await vault.unlock()
    assert (await vault.get_value("token"), bench.files()) == (None, [])


async def test_a_lock_does_not_wait_for_a_key_store_that_is_gone(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    errors: list[object] = []
    vault.on_error(errors.append)
    bench.key_store.available = False
    await vault.lock()
    assert await vault.is_locked()
    assert [type(error) for error in errors] == [KeyStoreUnavailable]
    bench.key_store.available = True
    await vault.unlock("1234")
    assert await vault.get_value("token") == "s3cret"


async def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(made: Made) -> None:
    vault, events = await made(), list[LockEvent]()

    def broken(_: LockEvent) -> None:
        raise RuntimeError("of the app's own")

    vault.on_lock(broken)
    vault.on_lock(events.append)
    with pytest.raises(RuntimeError, match="of the app's own"):
        await vault.lock()
    assert len(events) == 1
    assert await vault.is_locked()


async def test_who_listens_no_more_hears_nothing(made: Made) -> None:
    vault, events = await made(), list[LockEvent]()
    remove = vault.on_lock(events.append)
    remove()
    remove()
    await vault.lock()
    assert events == []


async def test_a_vault_is_unlocked_on_load_if_it_is_configured_so(made: Made, bench: Bench) -> None:
    await (await made(PASSCODE.change(unlock_on_load=True))).close()
    vault, opened = bench.vault(), list[None]()
    vault.on_unlock(lambda: opened.append(None))
    vault.on_passcode_requested(lambda _: "1234")
    await vault.initialize()
    assert (await vault.is_locked(), len(opened)) == (False, 1)


async def test_a_vault_that_is_there_is_locked_after_initialize(made: Made, bench: Bench) -> None:
    await (await made()).close()
    vault = bench.vault()
    await vault.initialize()
    assert await vault.is_locked()


async def test_a_vault_is_loaded_and_nobody_is_asked(made: Made, bench: Bench) -> None:
    await (await made(PASSCODE.change(unlock_on_load=True))).close()
    vault = bench.vault()
    assert not vault.exists("other")
    with pytest.raises(VaultNotInitialized):
        await vault.load("other")
    assert vault.exists()
    await vault.load()
    assert (await vault.is_locked(), vault.config.unlock_on_load) == (True, True)


async def test_secure_storage_that_was_only_loaded_is_opened_by_unlock(bench: Bench) -> None:
    first = bench.vault()
    await first.initialize()
    await first.set_value("token", "s3cret")
    await first.close()
    vault = bench.vault()
    await vault.load()
    with pytest.raises(VaultLocked):
        await vault.get_value("token")
    await vault.unlock()
    assert await vault.get_value("token") == "s3cret"


class NoClock:
    """The clock of a system that does not say since when it runs."""

    def now(self) -> Moment:
        raise Unsupported


async def test_a_vault_that_no_clock_watches_over_is_not_open(bench: Bench) -> None:
    vault = bench.vault(platform=replace(bench.platform, clock=NoClock()))
    with pytest.raises(Unsupported):
        await vault.initialize(IDLE, "1234")
    with pytest.raises(VaultLocked):
        await vault.set_value("token", "s3cret")


async def test_an_opening_that_is_broken_off_while_it_begins_to_hear_the_desktop_leaves_it_locked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = bench.vault()
    begun = asyncio.Event()

    async def silent(heard: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.signals, "watch", silent)
    opening = asyncio.ensure_future(vault.initialize(PASSCODE, "1234"))
    await begun.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    assert await vault.is_locked()


async def test_a_vault_may_be_locked_as_soon_as_the_app_is_away(made: Made) -> None:
    vault = await made(PASSCODE.change(lock_after_background_ms=0))
    vault.background()
    assert await vault.is_locked()

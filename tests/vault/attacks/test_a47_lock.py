"""A47: after a lock the process has no key, and nothing puts the lock off: sleep, a set clock, a late timer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ecrin.testing.device import FakeDeviceClock, SimulatedSignals
from ecrin.vault.device.model import Signal
from ecrin.vault.errors import PasscodeMismatch, TooManyAttempts, VaultLocked
from ecrin.vault.model import LockEvent, LockReason, VaultConfig, VaultType
from ecrin.vault.service import Vault
from ecrin.vault.slots.passcode import PasscodeSlot
from vault import memory_image as memory
from vault.faults.scene import CONFIG, PASSCODE, device, opened
from vault.test_memory import needs_maps

IDLE = CONFIG.change(lock_after_idle_ms=60_000, wipe_after=1)


async def held(folder: Path, clock: FakeDeviceClock, config: VaultConfig = IDLE) -> Vault:
    vault = device(folder, clock=clock)
    await vault.initialize(config, PASSCODE)
    await vault.set_value("token", "one")
    assert await vault.get_value("token") == "one"
    return vault


async def _by_call(vault: Vault, clock: FakeDeviceClock) -> None:
    await vault.lock()


async def _by_time(vault: Vault, clock: FakeDeviceClock) -> None:
    clock.advance(60_000)
    assert await vault.is_locked()


async def _by_close(vault: Vault, clock: FakeDeviceClock) -> None:
    await vault.close()


async def _by_too_many_attempts(vault: Vault, clock: FakeDeviceClock) -> None:
    with pytest.raises(TooManyAttempts):
        await vault.clear("0000")


async def _by_clear(vault: Vault, clock: FakeDeviceClock) -> None:
    await vault.clear(PASSCODE)


async def _by_rotation_and_call(vault: Vault, clock: FakeDeviceClock) -> None:
    await vault.rotate()
    await vault.lock()


async def _by_new_passcode_and_call(vault: Vault, clock: FakeDeviceClock) -> None:
    await vault.set_custom_passcode("1470")
    await vault.lock()


async def _by_cancelled_rotation_and_call(vault: Vault, clock: FakeDeviceClock) -> None:
    rotating = asyncio.ensure_future(vault.rotate())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rotating.cancel()
    await asyncio.gather(rotating, return_exceptions=True)
    await vault.lock()


ENDS: list[Callable[[Vault, FakeDeviceClock], Awaitable[None]]] = [
    _by_call,
    _by_time,
    _by_close,
    _by_too_many_attempts,
    _by_clear,
    _by_rotation_and_call,
    _by_new_passcode_and_call,
    _by_cancelled_rotation_and_call,
]


@needs_maps
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__.removeprefix("_"))
async def test_a47_no_key_is_in_memory_after_a_lock(
    tmp_path: Path, end: Callable[[Vault, FakeDeviceClock], Awaitable[None]]
) -> None:
    clock = FakeDeviceClock()
    vault = await held(tmp_path, clock)
    secrets = memory.of(vault)
    before = memory.left(secrets)
    await end(vault, clock)
    after = memory.left(secrets)
    await vault.close()
    assert (sorted(before), after) == (sorted(secrets), {})


@needs_maps
async def test_a47_what_a_passcode_was_made_into_is_gone_once_the_vault_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: dict[str, bytes] = {}
    monkeypatch.setattr(PasscodeSlot, "secret", memory.watched(PasscodeSlot, "secret", secrets))
    async with await opened(tmp_path) as vault:
        await vault.lock()
        await vault.unlock(PASSCODE)
        assert len(secrets) == 2
        assert memory.left(secrets) == {}
        await vault.lock()
        with pytest.raises(PasscodeMismatch):
            await vault.unlock("0000")
        assert memory.left(secrets) == {}


@needs_maps
async def test_a47_an_unlock_that_is_cancelled_leaves_no_key(tmp_path: Path) -> None:
    vault = await opened(tmp_path)
    secrets = memory.of(vault)
    await vault.lock()
    for steps in range(1, 40):
        unlocking = asyncio.ensure_future(vault.unlock(PASSCODE))
        for _ in range(steps):
            await asyncio.sleep(0)
        unlocking.cancel()
        [outcome] = await asyncio.gather(unlocking, return_exceptions=True)
        if outcome is None:
            await vault.lock()
    assert memory.left(secrets) == {}
    await vault.close()


async def test_a47_time_that_passed_in_sleep_counts(tmp_path: Path) -> None:
    clock = FakeDeviceClock()
    async with await held(tmp_path, clock) as vault:
        clock.advance(59_999)
        assert await vault.get_value("token") == "one"
        clock.advance(60_000)  # no timer has seen it
        with pytest.raises(VaultLocked):
            await vault.get_value("token")


@pytest.mark.parametrize("years", [-10, 10])
async def test_a47_a_clock_that_is_set_neither_locks_nor_keeps_open(tmp_path: Path, years: int) -> None:
    clock = FakeDeviceClock()
    async with await held(tmp_path, clock) as vault:
        clock.set_wall(clock.wall_ms + years * 31_536_000_000)
        assert not await vault.is_locked()
        clock.advance(60_000)
        assert await vault.is_locked()


async def test_a47_a_loop_that_was_blocked_gives_out_nothing_afterwards(tmp_path: Path) -> None:
    clock = FakeDeviceClock()
    async with await held(tmp_path, clock, CONFIG.change(lock_after_idle_ms=5)) as vault:
        reading = asyncio.ensure_future(vault.get_value("token"))  # ready before the timer is
        clock.advance(5)
        time.sleep(0.02)
        with pytest.raises(VaultLocked):
            await reading


async def test_a47_the_timer_wipes_the_keys_though_nobody_asks(tmp_path: Path) -> None:
    clock = FakeDeviceClock()
    async with await held(tmp_path, clock, CONFIG.change(lock_after_idle_ms=20)) as vault:
        heard = asyncio.get_running_loop().create_future()
        vault.on_lock(heard.set_result)
        clock.advance(20)
        assert await asyncio.wait_for(heard, 10) == LockEvent(timeout=True, saved=True, reason=LockReason.IDLE)
        assert vault._keeper.there().opened is None


@pytest.mark.parametrize("signal", [Signal.SCREEN_LOCKED, Signal.SLEEP])
async def test_a47_the_screens_lock_locks_a_vault_that_was_loaded_as_it_is(tmp_path: Path, signal: Signal) -> None:
    """`initialize()` without a configuration keeps the one that the vault has: it is lockable."""
    await (await opened(tmp_path)).close()
    signals = SimulatedSignals()
    async with device(tmp_path, signals=signals) as vault:
        await vault.initialize()
        await vault.unlock(PASSCODE)
        heard = asyncio.get_running_loop().create_future()
        vault.on_lock(heard.set_result)
        signals.emit(signal)
        assert (await asyncio.wait_for(heard, 10)).reason is LockReason.SCREEN


async def test_a47_the_screens_lock_leaves_a_vault_alone_that_cannot_be_locked(tmp_path: Path) -> None:
    signals = SimulatedSignals()
    async with device(tmp_path, signals=signals) as vault:
        await vault.initialize(VaultConfig(type=VaultType.SECURE_STORAGE))
        signals.emit(Signal.SCREEN_LOCKED)
        await asyncio.sleep(0.01)
        assert not await vault.is_locked()


async def test_a47_a_prompt_that_nobody_answers_does_not_keep_the_vault_open(tmp_path: Path) -> None:
    """The app asks for the passcode before an export, and its user has gone away."""
    clock, signals = FakeDeviceClock(), SimulatedSignals()
    vault = device(tmp_path, clock=clock, signals=signals)
    await vault.initialize(CONFIG, PASSCODE)
    asked, heard = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def ask(_: object) -> str:
        asked.set()
        await asyncio.Event().wait()
        return ""

    vault.on_passcode_requested(ask)
    vault.on_lock(heard.set_result)
    exporting = asyncio.ensure_future(vault.export_vault_unsafe())
    await asked.wait()
    signals.emit(Signal.SCREEN_LOCKED)
    try:
        assert (await asyncio.wait_for(heard, 2)).reason is LockReason.SCREEN
    finally:
        exporting.cancel()
        await asyncio.gather(exporting, return_exceptions=True)
        await vault.close()

"""Who is there on Windows, on its documented interfaces: signals, idle time, windows, and the clock."""

import asyncio
import ctypes
import mmap
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from ecrin.vault.device import errors
from ecrin.vault.device.model import Signal
from ecrin.vault.device.windows import power, presence
from ecrin.vault.device.windows.clock import WindowsClock
from ecrin.vault.device.windows.power import PowerWatch
from ecrin.vault.device.windows.presence import WindowsPresence
from ecrin.vault.device.windows.screen import WindowsScreen
from vault.device.windows_dlls import Machine


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "EVERY_S", 0.001)


class Heard:
    """What was heard, in a loop that can be waited in."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self._changed = asyncio.Event()

    def __call__(self, signal: Signal) -> None:
        self.signals.append(signal)
        self._changed.set()

    async def next(self) -> Signal:
        async with asyncio.timeout(20):
            await self._changed.wait()
        self._changed.clear()
        return self.signals[-1]


@pytest.mark.usefixtures("often")
async def test_lock_unlock_sleep_and_wake_are_heard(machine: Machine) -> None:
    end = await WindowsPresence().watch(heard := Heard())
    for locked, signal in ((True, Signal.SCREEN_LOCKED), (False, Signal.SCREEN_UNLOCKED)):
        machine.locked = locked
        assert await heard.next() is signal
    for kind, signal in (
        (0x04, Signal.SLEEP),
        (0x12, Signal.WAKE),
    ):  # PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC (winuser.h)
        machine.power(kind)
        assert await heard.next() is signal
    end()


async def test_other_changes_of_power_are_no_signals(machine: Machine) -> None:
    end = await WindowsPresence().watch(heard := Heard())
    for kind in (0x07, 0x0A, 0x8013):  # PBT_APMRESUMESUSPEND, PBT_APMPOWERSTATUSCHANGE, PBT_POWERSETTINGCHANGE
        machine.power(kind).join()
    machine.power(0x12)
    assert await heard.next() is Signal.WAKE
    assert heard.signals == [Signal.WAKE]
    end()


@pytest.mark.usefixtures("often")
async def test_without_remote_desktop_services_sleep_is_still_heard(machine: Machine) -> None:
    machine.locked = None
    end = await WindowsPresence().watch(heard := Heard())
    machine.power(0x04)
    assert await heard.next() is Signal.SLEEP
    end()


async def test_who_ended_is_told_nothing_any_more(machine: Machine) -> None:
    end = await WindowsPresence().watch(Heard())
    end()
    assert machine.told is None


async def test_a_windows_that_tells_nobody_of_sleep_is_no_help(machine: Machine) -> None:
    machine.missing = {"powrprof"}
    with pytest.raises(errors.Unsupported):
        await WindowsPresence().watch(Heard())


async def test_the_machine_waits_with_its_sleep_until_the_loop_had_a_moment(machine: Machine) -> None:
    acted: list[bool] = []

    async def act() -> None:
        await asyncio.sleep(0.05)
        acted.append(sleep.is_alive())

    watch = PowerWatch(lambda _: tasks.append(asyncio.ensure_future(act())))
    tasks: list[asyncio.Task[None]] = []
    sleep = machine.power(0x04)
    async with asyncio.timeout(20):
        while sleep.is_alive():
            await asyncio.sleep(0.01)
    watch.end()
    assert acted == [True]


async def test_the_machine_does_not_wait_for_a_loop_that_stands_still(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "_PATIENCE_S", 0.05)
    watch = PowerWatch(lambda _: None)
    sleep = machine.power(0x04)
    sleep.join(20)  # the loop does nothing meanwhile
    assert not sleep.is_alive()
    watch.end()


async def test_a_machine_that_tells_on_the_thread_of_the_loop_does_not_hold_it(machine: Machine) -> None:
    watch = PowerWatch(heard := Heard())
    began = time.monotonic()
    watch._told(None, 0x04, None)
    assert time.monotonic() - began < 1
    assert await heard.next() is Signal.SLEEP
    watch.end()


def test_a_loop_that_is_gone_is_told_nothing(machine: Machine) -> None:
    async def watch() -> PowerWatch:
        return PowerWatch(lambda _: None)

    loop = asyncio.new_event_loop()
    watching = loop.run_until_complete(watch())
    loop.close()
    failures: list[object] = []
    thread = threading.Thread(target=lambda: failures.append(watching._told(None, 0x04, None)))
    thread.start()
    thread.join(20)
    assert failures == [0]


async def test_idle_time_is_since_the_last_input(machine: Machine) -> None:
    machine.ticks, machine.last_input = 90_000, 60_000
    assert await WindowsPresence().idle_ms() == 30_000


async def test_the_apps_own_windows_are_kept_out_of_captures_and_shown_again(machine: Machine) -> None:
    screen = WindowsScreen()
    assert not await screen.is_hidden()
    await screen.hide(True)
    assert await screen.is_hidden()
    assert {window: affinity for window, (_, _, affinity) in machine.windows.items()} == {0x10: 0x11, 0x20: 0, 0x30: 0}
    await screen.hide(False)
    assert not await screen.is_hidden()


async def test_an_app_without_a_window_has_nothing_to_hide(machine: Machine) -> None:
    del machine.windows[0x10]
    with pytest.raises(errors.Unsupported, match="no window"):
        await WindowsScreen().hide(True)


@pytest.fixture
def boot_id() -> Iterator[ctypes.c_uint32]:
    """KUSER_SHARED_DATA, where Windows has it, with its BootId (ntddk.h)."""
    if sys.platform != "linux":
        pytest.skip("the page is mapped by Linux")
    libc = ctypes.CDLL(None)
    libc.mmap.restype, page = ctypes.c_void_p, ctypes.c_void_p(0x7FFE0000)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    fixed = 0x100000 | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # MAP_FIXED_NOREPLACE
    size = ctypes.c_size_t(mmap.PAGESIZE)
    assert libc.mmap(page, size, mmap.PROT_READ | mmap.PROT_WRITE, fixed, -1, ctypes.c_long(0)) == page.value
    yield ctypes.c_uint32.from_address(0x7FFE0000 + 0x2C4)
    libc.munmap(page, size)


def test_the_boot_is_the_one_that_the_kernel_counts(machine: Machine, boot_id: ctypes.c_uint32) -> None:
    boot_id.value = 4_711
    now = WindowsClock().now()
    assert (now.boot, now.since_boot_ms) == ("4711", machine.ticks)


def test_a_kernel_that_does_not_count_boots_is_no_clock(machine: Machine, boot_id: ctypes.c_uint32) -> None:
    boot_id.value = 0
    with pytest.raises(errors.Unsupported):
        WindowsClock().now()

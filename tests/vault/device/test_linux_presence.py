"""Screen lock, sleep and idle time on Linux, over a real D-Bus; the services on it are python3-dbusmock's doubles."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, Variant

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.linux.presence import LinuxPresence
from ecrin.vault.device.model import Signal
from vault.device.dbus import LOGIND, LOGIND_PATH, MANAGER, MOCK, Buses, Logind, left, need_dbusmock, send

GNOME = ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver")
SAVER = ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver")
MUTTER = (
    "org.gnome.Mutter.IdleMonitor",
    "/org/gnome/Mutter/IdleMonitor/Core",
    "org.gnome.Mutter.IdleMonitor",
)


class Ear:
    """Remembers what was heard, and waits for it."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []

    def __call__(self, signal: Signal) -> None:
        self.signals.append(signal)

    async def hears(self, *signals: Signal) -> None:
        await until(lambda: len(self.signals) >= len(signals))
        assert tuple(self.signals) == signals


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def buses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Buses]:
    need_dbusmock()
    there = Buses(tmp_path)
    for name in ("XDG_SESSION_ID", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, there.environment()[name])
    try:
        yield there
    finally:
        there.end()
        await asyncio.sleep(0)


@pytest.fixture
async def logind(buses: Buses) -> AsyncIterator[Logind]:
    buses.daemon("system")
    await buses.double("system", LOGIND, "--template", "logind")
    bus = await buses.bus("system")
    yield Logind(bus)
    await left(bus)


async def saver(buses: Buses, names: tuple[str, str, str]) -> Any:
    buses.daemon("session")
    await buses.double("session", names[0], *names)
    return await buses.bus("session")


async def active_changed(bus: Any, names: tuple[str, str, str], active: bool) -> None:
    await send(
        bus, names[0], names[1], MOCK, "EmitSignal", "sssav", names[2], "ActiveChanged", "b", [Variant("b", active)]
    )


async def answers(bus: Any, names: tuple[str, str, str], member: str, kind: str, value: int) -> None:
    await send(bus, names[0], names[1], MOCK, "AddMethod", "sssss", names[2], member, "", kind, f"ret = {value}")


async def test_lock_and_unlock_of_the_session_are_heard(logind: Logind, monkeypatch: pytest.MonkeyPatch) -> None:
    ear, session = Ear(), await logind.add_session("7", 1000)
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    end = await LinuxPresence().watch(ear)
    await logind.session(session, "Lock")
    await logind.session(session, "Unlock")
    await ear.hears(Signal.SCREEN_LOCKED, Signal.SCREEN_UNLOCKED)
    end()


async def test_a_lock_that_only_the_hint_tells_is_heard(logind: Logind, monkeypatch: pytest.MonkeyPatch) -> None:
    ear, session = Ear(), await logind.add_session("7", 1000)
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    end = await LinuxPresence().watch(ear)
    await logind.session(session, "SetLockedHint", "b", True)
    await ear.hears(Signal.SCREEN_LOCKED)
    end()


async def test_the_lock_of_another_session_is_not_ours(logind: Logind, monkeypatch: pytest.MonkeyPatch) -> None:
    ear, session = Ear(), await logind.add_session("7", 1000)
    other = await logind.add_session("8", 1001)
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    end = await LinuxPresence().watch(ear)
    await logind.session(other, "Lock")
    await logind.session(session, "Unlock")
    await ear.hears(Signal.SCREEN_UNLOCKED)
    end()


async def test_without_a_session_of_its_own_a_process_hears_that_of_its_users_display(logind: Logind) -> None:
    await logind.add_user(os.getuid(), display="8")
    ear, other = Ear(), await logind.add_session("7", os.getuid())
    mine = await logind.add_session("8", os.getuid())
    end = await LinuxPresence().watch(ear)
    await logind.session(other, "Lock")
    await logind.session(mine, "Unlock")
    await ear.hears(Signal.SCREEN_UNLOCKED)
    end()


async def test_a_process_that_belongs_to_no_session_hears_every_lock(logind: Logind) -> None:
    ear, session = Ear(), await logind.add_session("7", 54321)
    end = await LinuxPresence().watch(ear)
    await logind.session(session, "Lock")
    await ear.hears(Signal.SCREEN_LOCKED)
    end()


async def test_sleep_and_wake_are_heard(logind: Logind) -> None:
    ear = Ear()
    end = await LinuxPresence().watch(ear)
    await logind.sleep(True)
    await logind.sleep(False)
    await ear.hears(Signal.SLEEP, Signal.WAKE)
    end()


async def held(logind: Logind, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await logind.inhibitors()) != count:
            await asyncio.sleep(0.02)


async def test_a47_sleep_waits_for_those_who_hear_of_it_and_after_waking_again(logind: Logind) -> None:
    end = await LinuxPresence().watch(Ear())
    assert [entry[:4] for entry in await logind.inhibitors()] == [("sleep", "ecrin", "Locks the vault", "delay")]
    await logind.sleep(True)
    await held(logind, 0)
    await logind.sleep(False)
    await held(logind, 1)
    end()
    await held(logind, 0)


async def test_a47_a_sleep_that_does_not_come_leaves_the_next_one_held_up(logind: Logind) -> None:
    ear = Ear()
    end = await LinuxPresence().watch(ear)
    await logind.sleep(True)
    await logind.sleep(False)
    await ear.hears(Signal.SLEEP, Signal.WAKE)
    await asyncio.sleep(0.7)  # more than the grace of a sleep
    assert len(await logind.inhibitors()) == 1
    end()


@pytest.mark.parametrize("names", [GNOME, SAVER])
async def test_a_screen_saver_is_heard_without_logind(buses: Buses, names: tuple[str, str, str]) -> None:
    ear, bus = Ear(), await saver(buses, names)
    end = await LinuxPresence().watch(ear)
    await active_changed(bus, names, True)
    await active_changed(bus, names, False)
    await ear.hears(Signal.SCREEN_LOCKED, Signal.SCREEN_UNLOCKED)
    end()
    await left(bus)


async def test_what_somebody_else_sends_us_in_logins_name_is_not_believed(logind: Logind, buses: Buses) -> None:
    ear = Ear()
    end = await LinuxPresence().watch(ear)
    liar = await buses.bus("system")
    names = (await send(liar, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames", ""))[0]
    for name in names:  # to each connection by itself, and to all
        lie = Message.new_signal(LOGIND_PATH, MANAGER, "PrepareForSleep", "b", [True])
        lie.destination = name
        await liar.send(lie)
    await liar.send(Message.new_signal(LOGIND_PATH, MANAGER, "PrepareForSleep", "b", [True]))
    await logind.sleep(False)
    await ear.hears(Signal.WAKE)
    end()
    await left(liar)


async def test_after_the_end_nothing_is_heard(logind: Logind) -> None:
    ear, later = Ear(), Ear()
    end = await LinuxPresence().watch(ear)
    end_later = await LinuxPresence().watch(later)
    end()
    await logind.sleep(True)
    await later.hears(Signal.SLEEP)
    assert ear.signals == []
    end_later()


async def test_where_nothing_runs_it_is_unsupported(buses: Buses) -> None:
    buses.daemon("system")
    buses.daemon("session")
    with pytest.raises(Unsupported):
        await LinuxPresence().watch(Ear())


async def test_where_there_is_no_bus_it_is_unsupported(buses: Buses) -> None:
    with pytest.raises(Unsupported):
        await LinuxPresence().watch(Ear())
    with pytest.raises(Unsupported):
        await LinuxPresence().idle_ms()


async def test_a_bus_that_dies_ends_its_signals_quietly(
    logind: Logind, buses: Buses, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    saving = await saver(buses, GNOME)
    end = await LinuxPresence().watch(ear)
    buses.processes[0].kill()
    await until(lambda: buses.processes[0].poll() is not None)
    await active_changed(saving, GNOME, True)
    await ear.hears(Signal.SCREEN_LOCKED)
    end()
    assert caplog.records == []
    await left(saving)


async def test_a_service_that_does_not_answer_holds_nobody_up_for_long(logind: Logind, buses: Buses) -> None:
    double = buses.processes[1]
    os.kill(double.pid, 19)  # SIGSTOP
    async with asyncio.timeout(60):  # not a figure: without an end it would be for ever
        with pytest.raises(Unsupported):
            await LinuxPresence().idle_ms()


@pytest.mark.parametrize(
    ("names", "member", "kind"), [(MUTTER, "GetIdletime", "t"), (SAVER, "GetSessionIdleTime", "u")]
)
async def test_the_desktop_tells_the_idle_time(
    buses: Buses, names: tuple[str, str, str], member: str, kind: str
) -> None:
    bus = await saver(buses, names)
    await answers(bus, names, member, kind, 61_500)
    assert await LinuxPresence().idle_ms() == 61_500
    await left(bus)


async def test_a_screen_saver_on_wayland_is_not_asked_what_it_cannot_know(
    buses: Buses, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await saver(buses, SAVER)
    await answers(bus, SAVER, "GetSessionIdleTime", "u", 0)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(Unsupported):
        await LinuxPresence().idle_ms()
    await left(bus)


async def test_logind_tells_the_idle_time_of_a_terminal(logind: Logind, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await logind.add_session("7", 1000)
    since = time.monotonic_ns() // 1_000 - 61_500_000
    await logind.set(session, Type=Variant("s", "tty"), IdleSinceHintMonotonic=Variant("t", since))
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    assert 61_500 <= await LinuxPresence().idle_ms() < 121_500


@pytest.mark.parametrize(("kind", "since"), [("wayland", 1), ("x11", 1), ("tty", 0)])
async def test_logind_is_not_believed_where_it_does_not_measure(
    logind: Logind, monkeypatch: pytest.MonkeyPatch, kind: str, since: int
) -> None:
    session = await logind.add_session("7", 1000)
    await logind.set(session, Type=Variant("s", kind), IdleSinceHintMonotonic=Variant("t", since))
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    with pytest.raises(Unsupported):
        await LinuxPresence().idle_ms()

"""Who is there on a Mac, on its documented interfaces: Touch ID, the password, signals, idle time, windows, clock."""

import asyncio
import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ecrin.vault.device import errors
from ecrin.vault.device.macos.clock import MacClock
from ecrin.vault.device.macos.passcode import MacPasscode
from ecrin.vault.device.macos.presence import MacPresence
from ecrin.vault.device.macos.screen import MacScreen
from ecrin.vault.device.macos.touchid import TouchId
from ecrin.vault.device.model import Biometry, PromptTexts, Signal
from vault.device.macos_frameworks import Mac

TEXTS = PromptTexts(reason="open the notes", cancel="Not now", fallback="Password")
BIOMETRICS, OWNER = 1, 2  # LAPolicyDeviceOwnerAuthenticationWithBiometrics, LAPolicyDeviceOwnerAuthentication
NOT_ENROLLED, NO_PASSCODE, CANCELLED = -7, -5, -2  # LAError


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What `ctypes.CDLL` returns: the C library for None, frameworks by their path."""

    def sysctl(name: bytes, out: int, size: int, new: int | None, new_size: int) -> int:
        if name != b"kern.bootsessionuuid" or new is not None or new_size:
            return -1
        value = b"6E1B0C7A\0"
        ctypes.memmove(out, value, len(value))
        ctypes.c_size_t.from_address(size).value = len(value)
        return 0

    def since(state: int, event: int) -> float:
        return 12.5 if (state, event) == (0, 0xFFFFFFFF) else 0.0  # combined session state, any input

    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    libraries = {
        None: {
            "sysctlbyname": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, pointer, pointer, pointer, size)(sysctl)
        },
        "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics": {
            "CGEventSourceSecondsSinceLastEventType": ctypes.CFUNCTYPE(
                ctypes.c_double, ctypes.c_int32, ctypes.c_uint32
            )(since)
        },
    }
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(**libraries[name]))
    return since


async def test_touch_id_is_there_with_the_set_that_is_enrolled(mac: Mac) -> None:
    mac.refusals = {BIOMETRICS: 0, OWNER: NO_PASSCODE}
    state = await TouchId().state()
    assert (state.kinds, state.enrolled) == ({Biometry.FINGERPRINT}, b"the set")


async def test_a_mac_whose_user_enrolled_no_finger_still_has_a_password(mac: Mac) -> None:
    mac.refusals = {BIOMETRICS: NOT_ENROLLED, OWNER: 0}
    assert (await TouchId().state()).enrolled == b""
    assert await MacPasscode().is_set()


async def test_an_account_without_a_password_has_no_passcode(mac: Mac) -> None:
    mac.refusals = {BIOMETRICS: 0, OWNER: NO_PASSCODE}
    assert not await MacPasscode().is_set()


async def test_a_finger_is_asked_for_by_the_words_of_the_app(mac: Mac) -> None:
    await TouchId().verify(TEXTS, print)
    assert mac.asked == [(BIOMETRICS, "open the notes")]
    assert (mac.words["cancel"], mac.words["fallback"]) == ("Not now", "Password")


async def test_the_password_is_asked_for_as_the_owners(mac: Mac) -> None:
    await MacPasscode().verify(b"", TEXTS)
    assert mac.asked == [(OWNER, "open the notes")]


async def test_who_cancels_is_not_judged(mac: Mac) -> None:
    mac.refusals = {BIOMETRICS: CANCELLED, OWNER: CANCELLED}
    with pytest.raises(errors.UserCanceled):
        await TouchId().verify(TEXTS, print)


async def test_prompts_are_made_in_a_pool(mac: Mac) -> None:
    await TouchId().state()
    await TouchId().verify(TEXTS, print)
    await MacPasscode().is_set()
    assert mac.unpooled == []


async def test_lock_unlock_sleep_and_wake_are_heard(mac: Mac) -> None:
    heard: list[Signal] = []
    end = await MacPresence().watch(heard.append)
    mac.distributed.post("com.apple.screenIsLocked")
    mac.distributed.post("com.apple.screenIsUnlocked")
    mac.workspace.post("NSWorkspaceWillSleepNotification")  # NSWorkspace.h
    mac.workspace.post("NSWorkspaceDidWakeNotification")
    await asyncio.sleep(0)
    end()
    assert heard == [Signal.SCREEN_LOCKED, Signal.SCREEN_UNLOCKED, Signal.SLEEP, Signal.WAKE]


async def test_an_app_that_is_not_in_front_hears_of_the_lock_at_once(mac: Mac) -> None:
    heard: list[Signal] = []
    end = await MacPresence().watch(heard.append)
    mac.distributed.suspended = True
    mac.distributed.post("com.apple.screenIsLocked")
    await asyncio.sleep(0)
    end()
    assert heard == [Signal.SCREEN_LOCKED]


async def test_who_ended_observes_nothing_any_more(mac: Mac) -> None:
    for _ in range(2):
        end = await MacPresence().watch(print)
        end()
    assert (len(mac.workspace), len(mac.distributed)) == (0, 0)


async def test_a_run_loop_that_nobody_runs_is_given_turns_in_a_pool(mac: Mac) -> None:
    mac.mode = None
    end = await MacPresence().watch(print)
    await asyncio.sleep(0)
    end()
    assert mac.turns == [True]


async def test_a_run_loop_that_the_app_runs_is_left_to_it(mac: Mac) -> None:
    end = await MacPresence().watch(print)
    await asyncio.sleep(0)
    end()
    assert mac.turns == []


async def test_off_the_main_thread_nothing_is_heard(mac: Mac) -> None:
    with pytest.raises(errors.Unsupported, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(MacPresence().watch(print)))  # type: ignore[arg-type]


async def test_the_windows_are_kept_out_of_captures_and_shown_again(mac: Mac) -> None:
    screen = MacScreen()
    assert not await screen.is_hidden()
    await screen.hide(True)
    assert [window.sharing for window in mac.windows] == [0, 0]  # NSWindowSharingNone (NSWindow.h)
    assert await screen.is_hidden()
    await screen.hide(False)
    assert [window.sharing for window in mac.windows] == [1, 1]  # NSWindowSharingReadOnly


async def test_an_app_without_a_window_has_nothing_to_hide(mac: Mac) -> None:
    mac.windows.clear()
    with pytest.raises(errors.Unsupported, match="no window"):
        await MacScreen().hide(True)


@pytest.mark.usefixtures("kernel")
def test_the_boot_is_the_session_of_the_kernel() -> None:
    assert MacClock().now().boot == "6E1B0C7A"


@pytest.mark.usefixtures("kernel")
async def test_idle_time_is_since_any_input_of_the_session() -> None:
    assert await MacPresence().idle_ms() == 12_500

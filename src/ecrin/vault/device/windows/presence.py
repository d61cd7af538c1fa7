"""Whether the user of a Windows machine is there: session lock, sleep, and the last input.

Sleep is told by the system. A lock is told to windows only, and a library has none: the session is asked every second
instead (WTSQuerySessionInformation), so that a lock may be heard a second late, and without the Remote Desktop Services
not at all.
"""

import ctypes
import struct
from collections.abc import Callable
from contextlib import ExitStack
from ctypes import wintypes

from ecrin.vault.device.errors import DeviceError, Unsupported
from ecrin.vault.device.model import Signal
from ecrin.vault.device.polling import watch_by_asking
from ecrin.vault.device.windows.api import DWORD, dll
from ecrin.vault.device.windows.power import PowerWatch
from ecrin.vault.threads import in_thread

Heard = Callable[[Signal], None]

EVERY_S = 1.0
_CURRENT_SESSION, _SESSION_INFO_EX = 0xFFFFFFFF, 25
_HEAD = struct.Struct("<I4xIIi")  # WTSINFOEXW: level; then session, its state and flags (aligned to 8)
_FLAGS = {0: True, 1: False}  # WTS_SESSIONSTATE_LOCK, WTS_SESSIONSTATE_UNLOCK


class _LastInput(ctypes.Structure):
    """LASTINPUTINFO."""

    _fields_ = (("cbSize", wintypes.UINT), ("dwTime", DWORD))


class WindowsPresence:
    """What the session and the power manager say."""

    async def watch(self, heard: Heard) -> Callable[[], None]:
        """Call `heard` for each signal, in this event loop; return what ends that; raises `Unsupported`."""
        with ExitStack() as held:
            held.callback(PowerWatch(heard).end)
            held.callback(await watch_by_asking(_is_locked, lambda locked: _tell(locked, heard), EVERY_S))
            return held.pop_all().close

    async def idle_ms(self) -> int:
        """Return for how many milliseconds the user has touched nothing; raises `Unsupported`."""
        return await in_thread(_idle_ms)


def locked_of(info: bytes) -> bool | None:
    """Return whether a session is locked, by the beginning of its WTSINFOEXW; None if that does not say."""
    if len(info) < _HEAD.size:
        return None
    level, _, _, flags = _HEAD.unpack_from(info)
    return _FLAGS.get(flags) if level == 1 else None


def since_tick(now: int, then: int) -> int:
    """Return the milliseconds between two values of GetTickCount, which begins anew after 49.7 days."""
    return (now - then) & 0xFFFFFFFF


def _tell(locked: bool | DeviceError | None, heard: Heard) -> None:
    if isinstance(locked, bool):
        heard(Signal.SCREEN_LOCKED if locked else Signal.SCREEN_UNLOCKED)


async def _is_locked() -> bool | None:
    return await in_thread(_ask_session)


def _ask_session() -> bool | None:
    wts, info, size = dll("wtsapi32"), ctypes.c_void_p(), DWORD()
    asked = (None, DWORD(_CURRENT_SESSION), DWORD(_SESSION_INFO_EX))
    if not wts.WTSQuerySessionInformationW(*asked, ctypes.byref(info), ctypes.byref(size)):
        return None
    try:
        return locked_of(ctypes.string_at(info, min(size.value, _HEAD.size)))
    finally:
        wts.WTSFreeMemory(info)


def _idle_ms() -> int:
    last = _LastInput(ctypes.sizeof(_LastInput), 0)
    if not dll("user32").GetLastInputInfo(ctypes.byref(last)):
        raise Unsupported("Windows does not say when the last input was.")
    return since_tick(dll("kernel32").GetTickCount() & 0xFFFFFFFF, last.dwTime)

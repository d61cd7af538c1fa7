"""Sleep and wake on Windows: PowerRegisterSuspendResumeNotification, which needs no window (powerbase.h)."""

import asyncio
import ctypes
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Signal
from ecrin.vault.device.windows.api import dll

SIGNALS = {4: Signal.SLEEP, 0x12: Signal.WAKE}  # PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC
_BY_CALLBACK = 2  # DEVICE_NOTIFY_CALLBACK


class PowerWatch:
    """Calls `heard` in the event loop that runs now, until `end`; raises `Unsupported`."""

    def __init__(self, heard: Callable[[Signal], None]) -> None:
        self._heard, self._loop = heard, asyncio.get_running_loop()
        self._power, self._handle = dll("powrprof"), ctypes.c_void_p()
        routine = vars(ctypes)["WINFUNCTYPE"](wintypes.ULONG, ctypes.c_void_p, wintypes.ULONG, ctypes.c_void_p)
        self._routine = routine(self._told)  # it has to live as long as the registration
        self._parameters = (ctypes.c_void_p * 2)(ctypes.cast(self._routine, ctypes.c_void_p), None)
        code = self._power.PowerRegisterSuspendResumeNotification(
            _BY_CALLBACK, ctypes.byref(self._parameters), ctypes.byref(self._handle)
        )
        if code:
            raise Unsupported(f"Windows does not tell of sleep: {code}.")

    def end(self) -> None:
        """Hear nothing any more."""
        self._power.PowerUnregisterSuspendResumeNotification(self._handle)

    def _told(self, _context: Any, kind: int, _setting: Any) -> int:  # on a thread of the system's
        if kind in SIGNALS and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard, SIGNALS[kind])
        return 0

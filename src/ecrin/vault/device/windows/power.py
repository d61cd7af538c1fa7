"""Sleep and wake on Windows: PowerRegisterSuspendResumeNotification, which needs no window (powerbase.h).

Windows gives those whom it tells of sleep about two seconds before it sleeps.
"""

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress
from threading import Event, get_ident
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Signal
from ecrin.vault.device.windows.api import DWORD, dll

SIGNALS = {4: Signal.SLEEP, 0x12: Signal.WAKE}  # PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC
_BY_CALLBACK = 2  # DEVICE_NOTIFY_CALLBACK
_GRACE_S = 0.5  # for a lock of the vault, from when the loop has heard
_PATIENCE_S = 1.5  # with a loop that does not hear


class PowerWatch:
    """Calls `heard` in the event loop that runs now, until `end`, and holds sleep up a moment; raises `Unsupported`."""

    def __init__(self, heard: Callable[[Signal], None]) -> None:
        self._heard, self._loop = heard, asyncio.get_running_loop()
        self._thread, self._acted = get_ident(), Event()
        self._power, self._handle = dll("powrprof"), ctypes.c_void_p()
        routine = vars(ctypes)["WINFUNCTYPE"](DWORD, ctypes.c_void_p, DWORD, ctypes.c_void_p)
        self._routine = routine(self._told)  # it has to live as long as the registration
        self._parameters = (ctypes.c_void_p * 2)(ctypes.cast(self._routine, ctypes.c_void_p), None)
        code = self._power.PowerRegisterSuspendResumeNotification(
            _BY_CALLBACK, ctypes.byref(self._parameters), ctypes.byref(self._handle)
        )
        if code:
            raise Unsupported(f"Windows does not tell of sleep: {code}.")

    def end(self) -> None:
        """Hear nothing any more; nobody has to wait for that either."""
        self._acted.set()
        self._power.PowerUnregisterSuspendResumeNotification(self._handle)

    def _told(self, _context: Any, kind: int, _setting: Any) -> int:  # on a thread of the system's
        with suppress(RuntimeError):  # the loop is closed
            if kind in SIGNALS:
                self._loop.call_soon_threadsafe(self._heard, SIGNALS[kind])
            if SIGNALS.get(kind) is Signal.SLEEP and get_ident() != self._thread:  # the loop would wait for itself
                self._hold()
        return 0

    def _hold(self) -> None:
        """Let the machine stay awake until what has heard of sleep had a moment."""
        self._acted = Event()
        self._loop.call_soon_threadsafe(self._loop.call_later, _GRACE_S, self._acted.set)
        self._acted.wait(_PATIENCE_S)

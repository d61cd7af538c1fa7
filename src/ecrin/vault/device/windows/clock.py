"""The clock of Windows: GetTickCount64, which counts sleep and hibernation, and the number of this boot.

With Fast Startup a shutdown is a hibernation of the system: the boot stays the same and its time goes on.
"""

import ctypes
import time
from functools import cached_property
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.device.model import Moment
from ecrin.vault.device.windows.api import dll

_KEY = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"


class WindowsClock:
    """Time by the kernel: nobody sets it but by a restart, which changes `boot`."""

    @cached_property
    def _boot(self) -> str:  # a process does not outlive its boot
        winreg = library("winreg", "python")
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _KEY) as key:
                return str(winreg.QueryValueEx(key, "BootId")[0])
        except OSError as error:
            raise Unsupported("Windows does not say which boot this is.") from error

    @cached_property
    def _ticks(self) -> Any:
        ticks = dll("kernel32").GetTickCount64
        ticks.restype = ctypes.c_uint64
        return ticks

    def now(self) -> Moment:
        """Return the present moment; raises `Unsupported`."""
        return Moment(self._boot, int(self._ticks()), time.time_ns() // 1_000_000)

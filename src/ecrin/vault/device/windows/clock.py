"""The clock of Windows: GetTickCount64, which counts sleep and hibernation, and the number of this boot.

With Fast Startup a shutdown is a hibernation of the system: the boot stays the same and its time goes on.
"""

import ctypes
import time
from functools import cached_property
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Moment
from ecrin.vault.device.windows.api import dll

_BOOT_ID = 0x7FFE0000 + 0x2C4  # KUSER_SHARED_DATA.BootId (ntddk.h): Windows maps it there in every process


class WindowsClock:
    """Time by the kernel: nobody sets it but by a restart, which changes `boot`."""

    @cached_property
    def _boot(self) -> str:  # a process does not outlive its boot
        dll("kernel32")  # on another system nothing is mapped there
        boot = ctypes.c_uint32.from_address(_BOOT_ID).value
        if not boot:
            raise Unsupported("Windows does not say which boot this is.")
        return str(boot)

    @cached_property
    def _ticks(self) -> Any:
        ticks = dll("kernel32").GetTickCount64
        ticks.restype = ctypes.c_uint64
        return ticks

    def now(self) -> Moment:
        """Return the present moment; raises `Unsupported`."""
        return Moment(self._boot, int(self._ticks()), time.time_ns() // 1_000_000)

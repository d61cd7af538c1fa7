"""The clock of macOS: CLOCK_MONOTONIC_RAW, which counts sleep there (clock_gettime(3)), and this boot's id.

kern.boottime would not do for the latter: it moves when somebody sets the clock.
"""

import ctypes
import time
from functools import cached_property

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Moment

_BOOT = b"kern.bootsessionuuid"


class MacClock:
    """Time by the kernel: nobody sets it but by a restart, which changes `boot`."""

    @cached_property
    def _boot(self) -> str:  # a process does not outlive its boot
        value, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
        try:
            failed = ctypes.CDLL(None).sysctlbyname(_BOOT, value, ctypes.byref(size), None, ctypes.c_size_t(0))
        except (OSError, AttributeError, TypeError):
            failed = True
        if failed or not value.value:
            raise Unsupported("The kernel does not say which boot this is.")
        return value.value.decode()

    def now(self) -> Moment:
        """Return the present moment; raises `Unsupported`."""
        since_boot_ms = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // 1_000_000
        return Moment(self._boot, since_boot_ms, time.time_ns() // 1_000_000)

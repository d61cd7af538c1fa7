"""The clock of Linux: CLOCK_BOOTTIME (clock_gettime(2)), which counts sleep, and the id of this boot (random(4))."""

import time
from functools import cached_property
from pathlib import Path

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Moment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class LinuxClock:
    """Time by the kernel: nobody sets it but by a restart, which changes `boot`."""

    @cached_property
    def _boot(self) -> str:  # a process does not outlive its boot
        try:
            return _BOOT_ID.read_text("ascii").strip()
        except OSError as error:
            raise Unsupported(f"The kernel does not say which boot this is: {error}", hint="Mount /proc.") from error

    def now(self) -> Moment:
        """Return the present moment; raises `Unsupported` where /proc is not mounted."""
        since_boot_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return Moment(self._boot, since_boot_ms, time.time_ns() // 1_000_000)

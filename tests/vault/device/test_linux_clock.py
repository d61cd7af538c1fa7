"""The clock of Linux: what it counts, and what it is the same within."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecrin.vault.device.linux.clock import LinuxClock

DAY_S = 86_400
ASK = """
import time
from ecrin.vault.device.linux.clock import LinuxClock
awake = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
print(LinuxClock().now().since_boot_ms - awake)
"""


def test_the_boot_is_the_kernels_and_the_same_for_every_clock() -> None:
    kernels = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert (LinuxClock().now().boot, LinuxClock().now().boot) == (kernels, kernels)


def test_time_since_boot_goes_on() -> None:
    clock = LinuxClock()
    first = clock.now().since_boot_ms
    while (second := clock.now().since_boot_ms) == first:
        pass
    assert second > first


def test_a47_time_since_boot_counts_sleep() -> None:
    """A machine that slept for a day: the kernel gives a process a boot time that is a day ahead of the time awake."""
    asleep = ["unshare", "--time", "--boottime", str(DAY_S)]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*asleep, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("time namespaces are not available: they need root and Linux 5.6")
    said = subprocess.run([*asleep, sys.executable, "-c", ASK], capture_output=True, check=True)
    assert int(said.stdout) >= DAY_S * 1000


def test_the_wall_clock_is_that_of_the_system() -> None:
    before = time.time_ns() // 1_000_000
    wall = LinuxClock().now().wall_ms
    assert before <= wall <= time.time_ns() // 1_000_000

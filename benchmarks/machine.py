"""Cores, memory and processor time: who runs where, and what it cost."""

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MIB = 2**20


def cores() -> list[int]:
    """Return the cores that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    return sorted(os.sched_getaffinity(0))


def apart() -> tuple[set[int], set[int]]:
    """Return cores for the server and for the load generator: one each, or the only one for both."""
    every = cores()
    return {every[0]}, {every[-1]}


@contextlib.contextmanager
def pinned(where: set[int]) -> Iterator[None]:
    """Run, and start children, on these cores only; without effect where the system has no such call."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, where)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and everything under it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def memory(pid: int) -> float:
    """Return the resident memory of a process tree in MB (2**20 bytes); shared pages count in each process."""
    return float(sum(process.memory_info().rss for process in tree(pid)) / MIB)


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process tree has used."""
    times = [process.cpu_times() for process in tree(pid)]
    return float(sum(t.user + t.system for t in times))


class Neighbours:
    """How much of the machine's processor time something else took since this was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._busy, self._own = _busy(), _own()

    def share(self) -> float:
        """Return the share (0 to 1) of all cores' time that neither this process nor its children used."""
        others = (_busy() - self._busy) - (_own() - self._own)
        return max(0.0, others / (time.monotonic() - self._begun) / (psutil.cpu_count() or 1))


def forget_peak(pid: int) -> None:
    """Let the peak of a process's resident memory begin anew (Linux)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> float:
    """Return the peak of a process's resident memory in MB since `forget_peak` (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not tell the peak of a process's memory")


def described() -> dict[str, object]:
    """Return what there is to know about this machine, for the reader of the figures."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": _model(),
        "cores": len(cores()),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own() -> float:
    """Return the seconds used by this process, the children that run, and those that have ended."""
    ended = psutil.Process().cpu_times()
    return processor(os.getpid()) + float(ended.children_user + ended.children_system)


def _model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

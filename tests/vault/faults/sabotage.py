"""strace as saboteur of a worker: it is attached once the vault is open, and kills or refuses at the call named.

Its count begins with the act, and is one for each system call and thread.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[2]
CHANGING = (
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "unlink",
    "link",
    "rename",
    "mkdir",
)


def absent() -> str | None:
    """Say why strace cannot be used here, or None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        return "strace may not trace here"
    return None


@dataclass(frozen=True)
class Outcome:
    """What a worker said, whether it was killed, and whether the fault struck."""

    said: list[str]
    killed: bool
    struck: bool


class Workers:
    """Workers, forked by a process that has imported everything once."""

    def __init__(self) -> None:
        path = os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vault.faults.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": path},
        )

    def prepare(self, folder: Path) -> Path:
        """Make the vault that acts begin with, and return its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tell(f"{folder} prepare")
        assert self._until_end()[-1] == "end 0"
        return folder

    def run(self, folder: Path, act: str, fault: str | None = None) -> Outcome:
        """Let a worker act in a folder; a fault is what strace injects, such as `fsync:signal=KILL:when=1`."""
        os.mkfifo(folder / "go")
        self._tell(f"{folder} {act}")
        ready = self._line()
        assert ready.startswith("ready "), ready
        log = folder / "strace.log"
        with attached(int(ready.split()[1]), fault, log):
            start(folder / "go")
            *said, end = self._until_end()
        status = int(end.split()[1])
        trace = log.read_text(errors="replace") if log.exists() else ""
        assert os.WIFSIGNALED(status) or status == 0, said
        killed = os.WIFSIGNALED(status)
        return Outcome(said, killed, killed or "INJECTED" in trace)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _until_end(self) -> list[str]:
        said = [self._line()]
        while said[-1] and not said[-1].startswith("end "):
            said.append(self._line())
        return said


def start(pipe: Path) -> None:
    """Let the worker go that waits at a pipe."""
    end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    os.write(end, b"go")
    os.close(end)


@contextmanager
def attached(process: int, fault: str | None, log: Path) -> Iterator[None]:
    """Trace a process and all its threads, if there is a fault to inject."""
    if fault is None:
        yield
        return
    calls = fault.partition(":")[0]
    command = ["strace", "-f", "-p", str(process), "-o", str(log), "-e", f"trace={calls}", "-e", f"inject={fault}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        line = strace.stderr.readline()
        assert "attached" in line, line
        yield
        strace.wait(20)

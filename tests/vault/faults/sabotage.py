"""Saboteurs of workers: a library in them (strike.c) kills or refuses at the call named, and strace is the witness.

Both begin with the act, when the vault is open.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("strike.c")
# More than the library knows: were one of the others called, its count would be found short.
_NAMES = """open openat creat write writev pwrite64 pwritev pwritev2 copy_file_range sendfile truncate ftruncate
fallocate fsync fdatasync sync_file_range link linkat symlink symlinkat unlink unlinkat rename renameat renameat2
mkdir mkdirat rmdir"""
CHANGING = ",".join(f"?{name}" for name in _NAMES.split())  # for strace; not every machine has each
_CALL = re.compile(r"\d+ +\w+\(")
# No file is changed by these; `strace -y` says where a number leads, and only a path leads to a file.
_NO_FILE = re.compile(r"write\(([012]\b|\d+<(?!/))|open(at)?\((?!.*O_(CREAT|TRUNC))")


def absent() -> str | None:
    """Say why strace cannot be used here, or None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        return "strace may not trace here"
    return None


def cannot_strike() -> str | None:
    """Say why the library cannot be used here, or None if it can."""
    if not sys.platform.startswith("linux"):
        return "the library that strikes is for Linux"
    return None if shutil.which("cc") else "cc is not installed"


def striking(folder: Path) -> dict[str, str]:
    """Return the environment of a process that can be struck; the library is built in a folder."""
    library = folder / "strike.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
    path = os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))
    return {**os.environ, "PYTHONPATH": path, "LD_PRELOAD": str(library)}


def changing(trace: str) -> list[str]:
    """Return the calls that change a file in a trace, each with its thread's number before it."""
    return [line for line in trace.splitlines() if _CALL.match(line) and not _NO_FILE.search(line)]


def changes(log: Path) -> int:
    """Return how many calls that change a file are in a trace."""
    return len(changing(log.read_text(errors="replace")))


@dataclass(frozen=True)
class Outcome:
    """What a worker said, whether it was killed, and how many calls that change a file it made if it was not."""

    said: list[str]
    killed: bool
    calls: int = 0


class Workers:
    """Workers, forked by a process that has imported everything once."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vault.faults.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=striking(folder),
        )

    def prepare(self, folder: Path) -> Path:
        """Make the vault that acts begin with, and return its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tell(f"{folder} prepare 0 0")
        assert self._until_end()[-1] == "end 0"
        return folder

    def run(self, folder: Path, act: str, place: int = 0, error: int = 0, trace: str | None = None) -> Outcome:
        """Let a worker act in a folder; the call at a place, from 1, fails with an errno, or 0 kills it there.

        With `trace`, strace writes the calls named to FOLDER/strace.log.
        """
        os.mkfifo(folder / "go")
        self._tell(f"{folder} {act} {place} {error}")
        ready = self._line()
        assert ready.startswith("ready "), ready
        with traced(int(ready.split()[1]), trace, folder / "strace.log"):
            start(folder / "go")
            *said, end = self._until_end()
        status = int(end.split()[1])
        if os.WIFSIGNALED(status):
            return Outcome(said, killed=True)
        assert status == 0, said
        *said, calls = said
        return Outcome(said, killed=False, calls=int(calls.removeprefix("calls ")))

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
def traced(process: int, calls: str | None, log: Path) -> Iterator[None]:
    """Trace some calls of a process and all its threads, if they are named."""
    if calls is None:
        yield
        return
    command = ["strace", "-f", "-p", str(process), "-o", str(log), "-e", f"trace={calls}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        line = strace.stderr.readline()
        assert "attached" in line, line
        yield
        strace.wait(20)

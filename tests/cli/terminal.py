"""A terminal of a command's own: what it shows is read, what is typed goes in, Ctrl-C and Ctrl-Z included."""

import os
import pty
import select
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from server_process import environment

SECONDS = 60  # generous, because the machine may be busy with other tests
CTRL_C = "\x03"
CTRL_Z = "\x1a"


class Terminal:
    """Runs a command on a terminal that it controls, as a shell does."""

    def __init__(self, *command: object, cwd: Path, **env: str) -> None:
        self.shown = ""
        self._end, self._other = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *map(str, command)],
            cwd=cwd,
            env=environment(**env),
            stdin=self._other,
            stdout=self._other,
            stderr=self._other,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._end)
        os.close(self._other)

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._other)[3] & termios.ECHO)

    def wait_for(self, text: str) -> None:
        """Return once a text was shown that was not there before."""
        before, deadline = len(self.shown), time.monotonic() + SECONDS
        while text not in self.shown[before:]:
            assert time.monotonic() < deadline, f"{text!r} was not shown: {self.shown!r}"
            self._read(0.05)

    def wait_for_hidden(self, text: str) -> None:
        """Return once a question was shown and what is typed is not."""
        self.wait_for(text)
        deadline = time.monotonic() + SECONDS
        while self.echoes:
            assert time.monotonic() < deadline, f"what is typed is shown: {self.shown!r}"
            time.sleep(0.01)

    def type(self, text: str) -> None:
        """Type a text, and Enter behind it unless it is Ctrl-C or Ctrl-Z."""
        os.write(self._end, (text if text in (CTRL_C, CTRL_Z) else f"{text}\n").encode())

    def ended(self) -> int:
        """Return the exit code, with all read that was shown."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"the command does not end: {self.shown!r}"
            self._read(0.05)
        while self._read(0):
            continue
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._end], [], [], seconds)
        if ready:
            self.shown += os.read(self._end, 65536).decode("utf-8", "replace")
        return bool(ready)

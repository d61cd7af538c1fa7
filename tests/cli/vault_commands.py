"""`ecrin vault` as people run it: real processes, with secrets by file descriptors, and nobody to ask."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_process import ECRIN, STARTS_WITHIN, environment

HEADLESS = ("--type", "custom-passcode", "--bound", "nothing", "--anchored", "nothing")
PASSCODE = "opens the vault of the tests"
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
Done = subprocess.CompletedProcess[bytes]


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault in a folder; `env` is where its key store is found."""

    folder: Path
    env: dict[str, str]

    @property
    def file(self) -> Path:
        return self.folder / "default.ecrin-vault"

    def command(self, *arguments: object) -> list[str]:
        return [ECRIN, "vault", *map(str, arguments), "--folder", str(self.folder)]

    def start(self, *arguments: object, **lines: str) -> "subprocess.Popen[bytes]":
        """Start a command; `passcode_fd="..."` hands those lines over by a descriptor."""
        descriptors = {name: _pipe(text) for name, text in lines.items()}
        options = [f"--{name.replace('_', '-')}={number}" for name, number in descriptors.items()]
        try:
            return subprocess.Popen(
                self.command(*arguments, *options),
                env=environment(**self.env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(descriptors.values()),
                start_new_session=True,  # no terminal, whoever runs the tests
            )
        finally:
            for number in descriptors.values():
                os.close(number)

    def run(self, *arguments: object, given: bytes = b"", **lines: str) -> Done:
        """Run a command to its end."""
        process = self.start(*arguments, **lines)
        try:
            out, err = process.communicate(given, STARTS_WITHIN)
        finally:
            process.kill()
            process.wait()
        assert b"Traceback" not in err, err.decode()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def open(self, *arguments: object, given: bytes = b"", **lines: str) -> Done:
        """Run a command that opens the vault, with its passcode."""
        return self.run(*arguments, given=given, **{"passcode_fd": f"{PASSCODE}\n", **lines})


def _pipe(text: str) -> int:
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    return reader


def refused(done: Done, code: str, exit_code: int = 1) -> Any:
    """Check that a command was refused like this, with nothing on standard output."""
    assert (done.returncode, done.stdout) == (exit_code, b""), done
    assert code in done.stderr.decode(), done.stderr.decode()

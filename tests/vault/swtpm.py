"""A real TPM 2.0 in software (swtpm), on a Unix socket of its own: started, restarted, asked, and stopped.

In the conftest of a folder that needs one (each test has a chip fresh from the factory; it takes some 50 ms):

    from vault.swtpm import tpm

    __all__ = ["tpm"]
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ecrin.vault.device.errors import ChipUnavailable
from ecrin.vault.device.linux.tpm import Tpm
from ecrin.vault.device.linux.tpm_connection import Connection, connected

STARTS_WITHIN = 20  # seconds; generous, because the machine may be busy with other tests
MAX_TRIES = 5


class SoftwareTpm:
    """One chip; its state is a folder, so that it outlives `restart` as a real one does a reboot."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "state"
        self._socket = folder / "s"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._state.mkdir()

    @property
    def tcti(self) -> str:
        return f"swtpm:path={self._socket}"

    @property
    def chip(self) -> Tpm:
        return Tpm(self.tcti)

    def start(self) -> None:
        control = Path(f"{self._socket}.ctrl")
        for left in (self._socket, control):
            left.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._state}"),
                    *("--server", f"type=unixio,path={self._socket}", "--ctrl", f"type=unixio,path={control}"),
                    *("--flags", "not-need-init,startup-clear"),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"swtpm did not start: {self._log.read_text()}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Whether it listens: its sockets are there a moment before."""
        try:
            with self.open():
                return True
        except ChipUnavailable:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()  # what it has written must do: a machine may lose its power too
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """Have a conversation for what only tests do; the adapter waits for its end."""
        with connected(self.tcti) as on:
            yield on

    def set_max_tries(self, tries: int) -> None:
        """Set, as the machine's owner, how many wrong PINs lock the chip; none is forgotten for an hour."""
        with self.open() as on:
            on.esapi.dictionary_attack_parameters(tries, 3600, 3600)

    def reset_lockout(self) -> None:
        """Lift the lockout, as the machine's owner can."""
        with self.open() as on:
            on.esapi.dictionary_attack_lock_reset(on.lib.ESYS_TR.LOCKOUT)

    def clear(self) -> None:
        """Clear the chip, as the machine's owner or its firmware can: a new owner seed, no counters."""
        with self.open() as on:
            on.esapi.clear(on.lib.ESYS_TR.LOCKOUT)

    def failures(self) -> int:
        """Return how many wrong PINs the chip has counted."""
        with self.open() as on:
            return self._property(on, on.lib.TPM2_PT.LOCKOUT_COUNTER)

    def in_use(self) -> dict[str, int]:
        """Return how many objects and sessions the chip holds."""
        with self.open() as on:
            first = {
                "transient": on.lib.TPM2_HR.TRANSIENT,
                "sessions": on.lib.TPM2_HR.HMAC_SESSION,
                "indices": on.lib.TPM2_HR.NV_INDEX,
            }
            return {kind: len(on.handles(int(handle))) for kind, handle in first.items()}

    @staticmethod
    def _property(on: Connection, which: Any) -> int:
        _, capability = on.esapi.get_capability(on.lib.TPM2_CAP.TPM_PROPERTIES, which, 1)
        return int(capability.data.tpmProperties[0].value)


@contextmanager
def software_tpm(max_tries: int = MAX_TRIES) -> Iterator[SoftwareTpm]:
    """A chip as it comes from the factory, but for `max_tries`; skips where swtpm or tpm2-pytss is missing."""
    if shutil.which("swtpm") is None:
        pytest.skip("swtpm is not installed: apt install swtpm libtss2-tcti-swtpm0")
    pytest.importorskip(
        "tpm2_pytss", reason="tpm2-pytss is not installed: pip install 'ecrin[tpm]' (needs libtss2-dev)"
    )
    with tempfile.TemporaryDirectory(prefix="swtpm-") as folder:  # a socket's path must be short
        tpm = SoftwareTpm(Path(folder))
        try:
            tpm.start()
            tpm.set_max_tries(max_tries)
            yield tpm
        finally:
            tpm.stop()


@pytest.fixture
def tpm() -> Iterator[SoftwareTpm]:
    with software_tpm() as chip:
        yield chip

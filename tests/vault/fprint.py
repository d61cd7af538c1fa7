"""A system bus of a test's own, with the real polkitd and fprintd on it; the reader is libfprint's virtual one.

Needs dbus-daemon, polkitd, fprintd and root, since only root may own their names. Everything lives in one folder and
ends with its context.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from ecrin.vault.device.model import Notice
from vault.listening import PATIENCE, reached

POLKITD = "/usr/lib/polkit-1/polkitd"
FPRINTD = "/usr/libexec/fprintd"
FPRINT = "net.reactivated.Fprint"
POLKIT = "org.freedesktop.PolicyKit1"
STAGES = 5  # touches that the virtual reader wants for one finger

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
"""


def need(*programs: str) -> None:
    """Skip the test if a program is missing, or this is not root."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt install dbus polkitd fprintd")
    if os.getuid() != 0:
        pytest.skip("only root may own the names of system services on a bus")


@contextmanager
def system_bus() -> Iterator[str]:
    """Run a bus like the system's, with polkitd on it; give its address."""
    need("dbus-daemon", "dbus-send", POLKITD)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ecrin-bus-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # polkitd gives up root before it connects
        config = folder / "bus.conf"
        config.write_text(BUS.format(folder=folder))
        address = f"unix:path={folder}/bus"
        run(stack, ["dbus-daemon", f"--config-file={config}", "--nofork"])
        reached(folder / "bus").close()
        run(stack, [POLKITD, "--no-debug"], DBUS_SYSTEM_BUS_ADDRESS=address)
        until(lambda: owned(address, POLKIT), "polkitd")
        yield address


class Reader:
    """fprintd and its virtual reader, on a bus that runs."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self._folder = folder
        self._device = folder / "reader"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start fprintd and wait until it answers."""
        state = self._folder / "state"
        state.mkdir(exist_ok=True)
        environment = {
            "DBUS_SYSTEM_BUS_ADDRESS": self.address,
            "STATE_DIRECTORY": str(state),
            "FP_VIRTUAL_DEVICE": str(self._device),
        }
        self._process = spawn([FPRINTD, "--no-timeout"], **environment)
        until(lambda: owned(self.address, FPRINT), "fprintd")

    def kill(self) -> None:
        """End fprintd as if it had crashed; a second time does nothing."""
        if self._process is not None:
            stop(self._process, signal.SIGKILL)
            self._process = None

    def finger(self, name: str) -> None:
        """Put a finger on the reader; it waits there until somebody reads it."""
        self.tell(f"SCAN {name}")

    def tell(self, command: str) -> None:
        """Say something else to the virtual reader: `RETRY 1`, `ERROR 0`, `UNPLUG`."""
        with reached(self._device) as reader:  # it is there while somebody claims it
            reader.settimeout(PATIENCE)
            reader.sendall(command.encode())
            reader.shutdown(socket.SHUT_WR)
            while reader.recv(1024):
                pass

    def enrol(self, name: str, finger: str = "right-index-finger", user: str = "root") -> None:
        """Enrol a finger with fprintd's own client."""
        with self._client("fprintd-enroll", "-f", finger, user) as client:
            assert client.stdout is not None
            for line in client.stdout:
                if b"enroll-completed" in line:
                    return
                assert not re.search(b"failed|error", line), line.decode()
                if b"Enrolling" in line or b"stage-passed" in line:
                    self.finger(name)
        pytest.fail("fprintd-enroll ended before the finger was enrolled")

    def forget(self, user: str = "root", *fingers: str) -> None:
        """Delete fingers of a user (all of them) with fprintd's own client."""
        wanted = [part for finger in fingers for part in ("-f", finger)]
        with self._client("fprintd-delete", user, *wanted) as client:
            client.communicate(timeout=PATIENCE)

    @contextmanager
    def _client(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        client = spawn(command, output=subprocess.PIPE, DBUS_SYSTEM_BUS_ADDRESS=self.address)
        late = threading.Timer(3 * PATIENCE, client.kill)  # it waits for ever for a fprintd that is gone
        late.start()
        try:
            yield client
        finally:
            late.cancel()
            stop(client)


@contextmanager
def finger_reader(address: str) -> Iterator[Reader]:
    """Run fprintd on a bus; give its reader, with no finger enrolled."""
    need(FPRINTD, "fprintd-enroll", "fprintd-delete")
    with tempfile.TemporaryDirectory(prefix="ecrin-reader-") as folder:
        reader = Reader(address, Path(folder))
        try:
            reader.start()
            yield reader
        finally:
            reader.kill()


def run(stack: ExitStack, command: Sequence[str], **environment: str) -> None:
    """Run a program until the stack is left."""
    stack.callback(stop, spawn(command, **environment))


def spawn(command: Sequence[str], output: int = subprocess.DEVNULL, **environment: str) -> subprocess.Popen[bytes]:
    """Start a program whose words nobody hears, unless `output` says so."""
    return subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, env=dict(os.environ) | environment)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a program, whatever it takes."""
    if process.stdout is not None:
        process.stdout.close()
    process.send_signal(how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
    process.wait()


def owned(address: str, name: str) -> bool:
    """Return whether somebody on the bus has this name."""
    ask = ["dbus-send", f"--bus={address}", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"]
    said = subprocess.run(
        [*ask, "org.freedesktop.DBus.NameHasOwner", f"string:{name}"], capture_output=True, check=False
    )
    return b"true" in said.stdout


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not start within {PATIENCE} s")
        time.sleep(0.02)


class User:
    """Who sits at a reader: at each notice that wants a touch, the next of `acts` is done. It is a `Tell`.

    An act is a finger's name, or a command of the virtual reader as "RETRY 1".
    """

    def __init__(self, reader: Reader, *acts: str) -> None:
        self.heard: list[Notice] = []
        self._reader = reader
        self._acts = list(acts)

    def __call__(self, notice: Notice) -> None:
        self.heard.append(notice)
        if self._acts and notice in {Notice.TOUCH_SENSOR, Notice.RETRY_TOUCH}:
            act = self._acts.pop(0)
            self._reader.tell(act if " " in act else f"SCAN {act}")

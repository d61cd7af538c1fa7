"""A real Secret Service for tests: gnome-keyring on a session bus of its own, with a home of its own.

In the conftest of a folder that needs one (the session fixture is a worker's daemon, the other lends it to a test):

    from vault.secret_service import secret_service, secret_service_daemon

    __all__ = ["secret_service", "secret_service_daemon"]

A test that asks for `secret_service` has DBUS_SESSION_BUS_ADDRESS point to it, also in the processes that it starts,
and finds it empty and unlocked, whatever the test before did. Its bus starts no services, so no prompt can appear.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

BUS = "DBUS_SESSION_BUS_ADDRESS"
STARTS_WITHIN = 30  # seconds; generous, because the machine may be busy with other tests
PASSWORD = b"opens-the-key-store"  # no space: that would press a button of a prompt
SERVICE = "/org/freedesktop/secrets"
PROMPTER = "/usr/share/dbus-1/services/org.gnome.keyring.SystemPrompter.service"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={home}/bus</listen>
  <servicedir>{home}/services</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


class SecretServiceDaemon:
    """A bus and a gnome-keyring on it; both end with `close`.

    `display` is the X display where the desktop's own prompt is shown; without one there is no prompt.
    """

    def __init__(self, display: str | None = None) -> None:
        self._display = {"DISPLAY": display, "GDK_BACKEND": "x11"} if display else {}
        self._ends = ExitStack()
        self.home = Path(tempfile.mkdtemp(prefix="ecrin-keyring-"))  # short: a socket's path has little room
        self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
        self.address = f"unix:path={self.home}/bus"
        self.bus: subprocess.Popen[bytes] | None = None
        self.keyring: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {BUS: self.address}

    def start(self) -> None:
        """Start what does not run, and unlock it; what it kept is there again."""
        if self.bus is None or self.bus.poll() is not None:
            (self.home / "services").mkdir(exist_ok=True)
            if self._display:
                shutil.copy(PROMPTER, self.home / "services")
            config = self.home / "bus.conf"
            config.write_text(CONFIG.format(home=self.home))
            self.bus = self._spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile")
            self._wait(self._listens, self.bus)
        if self.keyring is None or self.keyring.poll() is not None:
            control = f"--control-directory={self.home}/control"
            options = ["--foreground", "--unlock", "--components=secrets", control]
            self.keyring = self._spawn("gnome-keyring-daemon", *options, given=PASSWORD)
            self._wait(self._answers, self.keyring)
        self.unlock()

    def lock(self) -> None:
        """Lock the default collection, where items are."""
        self._call("Secret.Service", "Lock", "ao", [self._default()])

    def unlock(self) -> None:
        """Unlock it by its password, without a prompt, as a sign-in to the desktop does."""
        from secretstorage.util import format_secret, open_session

        with closing(_connection(self.address)) as bus:
            secret = format_secret(open_session(bus), PASSWORD, "text/plain")
            interface = "gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
            self._call(interface, "UnlockWithMasterPassword", "o(oayays)", self._default(), secret, bus=bus)

    def kill(self) -> None:
        """Kill gnome-keyring as a crash would; the bus goes on. `start` starts it again."""
        assert self.keyring is not None
        self.keyring.kill()
        self.keyring.wait()

    def stop(self) -> None:
        """Kill the bus, and with it gnome-keyring."""
        for process in (self.keyring, self.bus):
            if process is not None:
                process.kill()
                process.wait()
        (self.home / "bus").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every item that Écrin keeps."""
        for path in self.paths():
            self._call("Secret.Item", "Delete", path=path)

    def paths(self, **attributes: str) -> list[str]:
        """Return the paths of the items that Écrin keeps under these attributes."""
        unlocked, locked = self._call("Secret.Service", "SearchItems", "a{ss}", {"application": "ecrin", **attributes})
        return [*unlocked, *locked]

    def add(self, secret: bytes, **attributes: str) -> None:
        """Keep an item as another program would, beside one of the same name."""
        import secretstorage

        with closing(_connection(self.address)) as bus:
            collection = secretstorage.Collection(bus)
            collection.create_item("by a test", {"application": "ecrin", **attributes}, secret, replace=False)

    def close(self) -> None:
        """End both, and remove their home."""
        self._ends.close()

    def _spawn(self, *command: str, given: bytes = b"") -> "subprocess.Popen[bytes]":
        place = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), "XDG_DATA_HOME": str(self.home / "data")}
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **place, **self._display, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._ends.callback(_end, process)
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(given)
        return process

    def _wait(self, ready: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args} did not start ({process.returncode})")
            time.sleep(0.01)

    def _listens(self) -> bool:
        try:
            _connection(self.address).close()
        except OSError:  # no socket yet, or one that nobody listens at
            return False
        return True

    def _answers(self) -> bool:
        from secretstorage import SecretStorageException

        try:
            return self._default() != "/"
        except SecretStorageException:
            return False

    def _default(self) -> str:
        return str(self._call("Secret.Service", "ReadAlias", "s", "default")[0])

    def _call(self, interface: str, method: str, signature: str = "", *body, path: str = SERVICE, bus=None):  # type: ignore[no-untyped-def]
        from secretstorage.util import DBusAddressWrapper

        with ExitStack() as ends:
            bus = bus or ends.enter_context(closing(_connection(self.address)))
            prefix = "org." if interface.startswith("gnome") else "org.freedesktop."
            return DBusAddressWrapper(path, prefix + interface, bus).call(method, signature, *body)


def _connection(address: str):  # type: ignore[no-untyped-def]
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(address)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()


def absent() -> str | None:
    """Say why there can be none here, or None if there can."""
    packages = {"dbus-daemon": "dbus", "gnome-keyring-daemon": "gnome-keyring"}
    missing = [package for program, package in packages.items() if shutil.which(program) is None]
    return f"{' and '.join(missing)} is not installed: it is the Secret Service of the tests" if missing else None


@pytest.fixture(scope="session")
def secret_service_daemon() -> Iterator[SecretServiceDaemon]:
    """The daemon of this worker."""
    if why := absent():
        pytest.skip(why)
    daemon = SecretServiceDaemon()
    try:
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def secret_service(secret_service_daemon: SecretServiceDaemon, monkeypatch: pytest.MonkeyPatch) -> SecretServiceDaemon:
    """The daemon, running, unlocked, empty, and found by this process and its children."""
    secret_service_daemon.start()
    secret_service_daemon.clear()
    monkeypatch.setenv(BUS, secret_service_daemon.address)
    return secret_service_daemon

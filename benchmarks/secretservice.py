"""A Secret Service for the peers that need one: gnome-keyring on a session bus of its own, with a home of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks.result import Unavailable

BUS = "DBUS_SESSION_BUS_ADDRESS"
WITHIN = 30.0  # seconds
PASSWORD = b"opens the key store of the benchmarks"
CONFIG = """<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""


@contextmanager
def running() -> Iterator[None]:
    """Let this process find an empty and unlocked Secret Service; raises `Unavailable`."""
    for program, package in (("dbus-daemon", "dbus"), ("gnome-keyring-daemon", "gnome-keyring")):
        if shutil.which(program) is None:
            raise Unavailable(f"{package} is not installed")
    with ExitStack() as ends:
        home = Path(ends.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        socket, config = home / "bus", home / "bus.conf"
        config.write_text(CONFIG.format(socket=socket))
        ends.enter_context(_environment({BUS: f"unix:path={socket}"}))
        ends.enter_context(_process(home, "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"))
        _wait(socket.is_socket)
        options = ("--foreground", "--unlock", "--components=secrets", f"--control-directory={home}/control")
        ends.enter_context(_process(home, "gnome-keyring-daemon", *options, typed=PASSWORD))
        _wait(_unlocked)
        yield


def _unlocked() -> bool:
    import secretstorage

    try:
        with closing(secretstorage.dbus_init()) as bus:
            found = secretstorage.collection.get_collection_by_alias(bus, "default")
            return not found.is_locked()
    except secretstorage.SecretStorageException:
        return False


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _process(home: Path, *command: str, typed: bytes = b"") -> Iterator[None]:
    place = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "XDG_DATA_HOME": str(home / "data")}
    process = subprocess.Popen(
        command,
        env={**os.environ, **place},
        stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdin is not None:
            with process.stdin as pipe:
                pipe.write(typed)
        yield
    finally:
        process.kill()
        process.wait()


def _wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN
    while not ready():
        if time.monotonic() > end:
            raise Unavailable("the Secret Service did not start")
        time.sleep(0.02)

"""Two ways to ask on D-Bus: a service that has to answer is started, one that may be there or not is left alone."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrin.vault.device.linux.bus import Method, ServiceFailed, ask, call, connected

NAME = "com.example.Absent"
METHOD = Method(NAME, "/", NAME, "Anything")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <servicedir>{folder}</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A file that is there once the service was started; it fails at once."""
    mark = tmp_path / "started"
    (tmp_path / f"{NAME}.service").write_text(f"[D-BUS Service]\nName={NAME}\nExec=/bin/sh -c 'touch {mark}; exit 1'\n")
    return mark


@pytest.fixture
def address(tmp_path: Path, started: Path) -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed: apt install dbus")
    address = f"unix:path={tmp_path}/bus"
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(address=address, folder=tmp_path))
    with subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], stdout=subprocess.PIPE
    ) as bus:
        try:
            assert bus.stdout is not None
            assert bus.stdout.readline()
            yield address
        finally:
            bus.kill()


async def test_a_service_that_has_to_answer_is_started(address: str, started: Path) -> None:
    async with connected(address) as bus:
        with pytest.raises(ServiceFailed) as caught:
            await ask(bus, METHOD)
    assert (caught.value.absent, started.exists()) == (True, True)


async def test_a_service_that_may_be_there_or_not_is_not_started(address: str, started: Path) -> None:
    async with connected(address) as bus:
        assert await call(bus, METHOD) is None
    assert not started.exists()

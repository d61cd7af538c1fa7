"""A bus, a reader with nobody enrolled, and a user of this machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vault.fprint import Reader, finger_reader, system_bus
from vault.secret_service import secret_service, secret_service_daemon

__all__ = ["secret_service", "secret_service_daemon"]


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with system_bus() as address:
        yield address


@pytest.fixture
def reader(bus: str) -> Iterator[Reader]:
    with finger_reader(bus) as found:
        yield found


@dataclass(frozen=True)
class Account:
    """A user with a passcode, and a PAM service that judges it without a delay."""

    name: str
    passcode: str
    service: str


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    if os.getuid() != 0:
        pytest.skip("only root can make a user to try passcodes of")
    for program in ("useradd", "userdel", "chpasswd"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt install passwd")
    made = Account(f"ecrin-{os.getpid()}", "correct horse é", f"ecrin-test-{os.getpid()}")
    rules = Path("/etc/pam.d", made.service)
    try:
        subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/false", made.name], check=True)
        subprocess.run(["chpasswd"], input=f"{made.name}:{made.passcode}\n".encode(), check=True)
        rules.write_text("auth required pam_unix.so nodelay nullok\naccount required pam_unix.so\n")
        yield made
    finally:
        rules.unlink(missing_ok=True)
        subprocess.run(["userdel", made.name], check=False, capture_output=True)

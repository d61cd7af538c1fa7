"""What Windows and macOS do not have, the vault does not need: neither modules of Unix nor libraries of Linux."""

import subprocess
import sys
from pathlib import Path

import pytest

LINUX = "dbus_fast jeepney pam secretstorage tpm2_pytss"
UNIX = "fcntl grp pwd resource syslog termios"
UNIX_CALLS = "O_CLOEXEC O_DIRECTORY O_NOFOLLOW ctermid fork getuid geteuid statvfs uname"

# The libraries are loaded as they are here, and our own modules anew, on a system that has not what was taken away.
AWAY = """
import importlib, os, pkgutil, sys, types

def all_of_the_vault():
    for name in ("ecrin.vault", "ecrin.cli.vault", "ecrin.cli.unseen"):
        importlib.import_module(name)
    for found in pkgutil.walk_packages(sys.modules["ecrin.vault"].__path__, "ecrin.vault."):
        if not found.name.startswith("ecrin.vault.device.linux"):
            importlib.import_module(found.name)

all_of_the_vault()
import ecrin.testing.device
for name in [name for name in sys.modules if name.startswith("ecrin")]:
    del sys.modules[name]
system, modules, calls = sys.argv[1:4]
for name in modules.split():
    sys.modules[name] = None
for name in calls.split():
    delattr(os, name)
if system == "win32":
    sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda opened, mode, size: None)
sys.platform = system
"""
IMPORT = """
all_of_the_vault()
from ecrin.vault.device.here import here
print(here().name, [name for name in sys.modules if name.startswith("ecrin.vault.device.linux.")])
"""
USE = """
import asyncio
from pathlib import Path
from ecrin.testing.device import simulated_platform
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.service import Vault

async def use():
    device = simulated_platform(Path(sys.argv[4]))
    account = PersistentAccount("com.example.notes", platform=device)
    await account.save({"user": 1})
    async with Vault("com.example.notes", platform=device) as vault:
        await vault.initialize()
        await vault.set_value("token", "t")
        print(await account.read(), await vault.get_value("token"))
        await account.clear()
        await vault.clear()

asyncio.run(use())
"""


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AWAY + program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("system", "missing", "platform"), [("win32", f"{LINUX} {UNIX}", "windows"), ("darwin", LINUX, "macos")]
)
def test_the_vault_is_imported_where_there_is_nothing_of_linux(system: str, missing: str, platform: str) -> None:
    assert run(IMPORT, system, missing, "") == f"{platform} []"


def test_vault_and_account_work_without_the_calls_of_unix(tmp_path: Path) -> None:
    assert run(USE, "win32", f"{LINUX} {UNIX}", UNIX_CALLS, str(tmp_path)) == "{'user': 1} t"

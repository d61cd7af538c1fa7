"""Saves that are killed: at which system call, and what is there afterwards."""

import asyncio
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from vault.account.saver import account_in

strace = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "storage" / "strace_tools.py")))
why_not = strace.absent()
SAVER = Path(__file__).with_name("saver.py")
KEY = "5a" * 32
CHANGING = ("mkdir", "flock", "write", "fsync", "rename", "unlink")  # every call of a save that changes a file


def save(folder: Path, data: str, *options: str) -> bool:
    """Save under strace, and return whether it was said to be done."""
    command = ["strace", "-f", "-y", "-qq", *options, sys.executable, "-B", str(SAVER), str(folder), KEY, data]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, timeout=120
    )
    return "done" in done.stdout


def killed_save(folder: Path, data: str, call: str, when: int) -> bool:
    """Save, and be killed at the call of that number; return whether it came to that."""
    fault = ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]
    return not save(folder, data, *fault)


def found(folder: Path) -> object:
    """Return what a process after the crash reads, and see that it can save."""

    async def look() -> object:
        account = await account_in(folder, KEY)
        data = await account.read()
        again = data or "the first"
        await account.save(again)
        return data if await account.read() == again else "another"

    return asyncio.run(look())

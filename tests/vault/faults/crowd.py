"""A program that shares a vault with others of its kind: `crowd.py FOLDER ROLE NUMBER COUNT`; it prints what it did.

It begins when the file FOLDER/begin is there. A writer keeps, after each acknowledged write, how far it came in
FOLDER/acked-NUMBER; a reader that looks there first may never find less in the vault.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ecrin.vault.errors import VaultBusy, VaultLocked, VaultNotInitialized
from ecrin.vault.service import Vault
from vault.faults.scene import CONFIG, PASSCODE, device

WRITERS = 4


def acked(folder: Path, number: int) -> int:
    try:
        return int((folder / f"acked-{number}").read_bytes() or b"-1")
    except FileNotFoundError:
        return -1


def acknowledge(folder: Path, number: int, at: int) -> None:
    draft = folder / f"acked-{number}.draft"
    draft.write_bytes(str(at).encode())
    draft.rename(folder / f"acked-{number}")


async def persisting(vault: Vault, work: Callable[[], Awaitable[object]]) -> object:
    """Do something with the vault; open it anew if another process has rotated its key."""
    while True:
        try:
            return await work()
        except VaultLocked:
            await vault.unlock(PASSCODE)
        except VaultBusy:
            await asyncio.sleep(0.01)


async def write(folder: Path, vault: Vault, number: int, count: int) -> None:
    for at in range(count):
        own, shared = {f"own-{number}": at}, {"shared": [number, at]}
        await persisting(vault, lambda: vault.set_values({**own, **shared}))  # noqa: B023  awaited in here
        acknowledge(folder, number, at)
        await persisting(vault, lambda: vault.set_value(f"each-{number}-{at}", at))  # noqa: B023


async def read(folder: Path, vault: Vault, number: int, count: int) -> None:
    seen = dict.fromkeys(range(WRITERS), -1)
    while min(seen.values()) < count - 1:
        for writer in seen:
            least = max(seen[writer], acked(folder, writer))
            found = await persisting(vault, lambda: vault.get_value(f"own-{writer}"))  # noqa: B023
            at = found if isinstance(found, int) else -1
            assert at >= least, (writer, found, least)
            seen[writer] = at
        await asyncio.sleep(0)


async def rotate(folder: Path, vault: Vault, number: int, count: int) -> None:
    for _ in range(count):
        await persisting(vault, vault.rotate)
        await asyncio.sleep(0.05)


async def watch(folder: Path, vault: Vault, number: int, count: int) -> None:
    """Read until the vault is gone; what is read until then is right."""
    try:
        while True:
            found = await vault.get_value("token")
            assert found == "one", found
            await asyncio.sleep(0)
    except VaultNotInitialized:
        print("gone")


async def initialize(folder: Path, vault: Vault, number: int, count: int) -> None:
    await vault.initialize(CONFIG, PASSCODE)
    if await vault.is_locked():
        await vault.unlock(PASSCODE)
    await vault.set_value(f"by-{number}", number)


async def unlock(folder: Path, vault: Vault, number: int, count: int) -> None:
    await vault.initialize(CONFIG)
    await persisting(vault, lambda: vault.unlock(PASSCODE))


async def again(folder: Path, vault: Vault, number: int, count: int) -> None:
    """Clear the vault and make it anew, over and over, while others do the same; what it wrote last is there."""
    for at in range(count):
        try:
            if at % 3 == number % 3:
                await vault.initialize(CONFIG, PASSCODE)
                await vault.clear(PASSCODE)
            await vault.initialize(CONFIG, PASSCODE)
            if await vault.is_locked():
                await vault.unlock(PASSCODE)
            await vault.set_value(f"by-{number}", at)
            found = await vault.get_value(f"by-{number}")
            assert found == at, found
        except (VaultNotInitialized, VaultBusy):
            await vault.close()
        except Exception as error:
            if error.__class__.__name__ not in {"ItemMissing"}:  # its slot went while it was being opened
                raise
            await vault.close()


ROLES = {
    "write": write,
    "read": read,
    "rotate": rotate,
    "watch": watch,
    "initialize": initialize,
    "unlock": unlock,
    "again": again,
}


async def main(folder: Path, role: str, number: int, count: int) -> None:
    vault = device(folder)
    if role not in {"initialize", "unlock", "again"}:
        await vault.initialize(CONFIG)
        await vault.unlock(PASSCODE)
    os.write(1, b"ready\n")
    while not (folder / "begin").exists():
        time.sleep(0.001)
    await ROLES[role](folder, vault, number, count)
    await vault.close()
    os.write(1, b"done\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

"""A program that saves an account and says so: run under strace, and killed there, by the crash tests.

    saver.py FOLDER KEY DATA     `done` once DATA is kept, in the place of what is there

Its key store holds KEY (hexadecimal), so that another process finds what this one kept. A line is one write(2) on 1.
"""

import asyncio
import os
import sys
from pathlib import Path

from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.account.service import PersistentAccount

APP = "com.example.notes"


async def account_in(folder: Path, key: str) -> PersistentAccount:
    """Return the account that this program saves."""
    store = MemoryKeyStore()
    await store.set(APP, "accounts", bytes.fromhex(key))
    return PersistentAccount(APP, platform=simulated_platform(folder, key_store=store))


async def main(folder: Path, key: str, data: str) -> None:
    await (await account_in(folder, key)).save(data)
    os.write(1, b"done\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))

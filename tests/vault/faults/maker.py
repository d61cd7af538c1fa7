"""A program that makes a vault, wipes it and says so, for a trace of what reached the disk before: maker.py FOLDER."""

import asyncio
import os
import sys
from pathlib import Path

from ecrin.crypto.profiles import CHEAPEST
from ecrin.testing.device import simulated_platform
from ecrin.vault.model import VaultConfig
from ecrin.vault.service import Vault


async def main(folder: Path) -> None:
    vault = Vault("com.example.notes", platform=simulated_platform(folder), profile=CHEAPEST)
    await vault.initialize(VaultConfig())
    os.write(1, b"made\n")
    await vault.wipe()
    os.write(1, b"wiped\n")
    await vault.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

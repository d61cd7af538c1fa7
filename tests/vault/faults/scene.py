"""One device as several processes see it: its key store is a folder, its clock is told, its vaults lie beside them."""

import asyncio
import os
from pathlib import Path
from typing import Any

from ecrin.crypto.kdf import Buffer
from ecrin.crypto.profiles import CHEAPEST, Profile
from ecrin.testing.device import FakeDeviceClock, simulated_platform
from ecrin.vault.device.errors import KeyStoreUnavailable
from ecrin.vault.device.ports import MAX_ITEM
from ecrin.vault.memory import SecretRoom
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.service import Vault

APP = "com.example.notes"
PASSCODE, OTHER_PASSCODE = "2580", "1470"
CONFIG = VaultConfig(type=VaultType.CUSTOM_PASSCODE)


class FolderKeyStore:
    """A key store that outlives its process, however it ends: an item is a file, written whole and renamed."""

    name = "folder (for tests)"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, service: str, item: str) -> SecretRoom | None:
        path = self._path(service, item)
        if not path.exists():
            return None
        room = SecretRoom(path.stat().st_size)
        with path.open("rb", 0) as file:
            file.readinto(room.view)  # no copy is left in memory
        return room

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        if not 1 <= len(secret) <= MAX_ITEM:
            raise ValueError(f"An item has 1 to {MAX_ITEM} bytes.")
        path = self._path(service, item)
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb", 0) as file:
                file.write(secret)
            draft.rename(path)
        except OSError as error:
            raise KeyStoreUnavailable from error

    async def delete(self, service: str, item: str) -> None:
        try:
            self._path(service, item).unlink(missing_ok=True)
        except OSError as error:
            raise KeyStoreUnavailable from error

    def items(self) -> list[str]:
        """Return the names of what is kept."""
        return sorted(bytes.fromhex(path.name).decode() for path in self._folder.glob("*") if not path.suffix)

    def _path(self, service: str, item: str) -> Path:
        return self._folder / f"{service} {item}".encode().hex()


def key_store(folder: Path) -> FolderKeyStore:
    """Return the key store of a device whose data are in `folder`."""
    return FolderKeyStore(folder / "keys")


def clock() -> FakeDeviceClock:
    """Return a clock that is in the same boot, and at the same time, in every process."""
    found = FakeDeviceClock()
    found.boot = "boot"
    return found


def device(folder: Path, profile: Profile = CHEAPEST, **parts: Any) -> Vault:
    """Return the vaults of the app on a device whose data are in `folder`."""
    parts = {"clock": clock(), "key_store": key_store(folder), **parts}
    return Vault(APP, platform=simulated_platform(folder, **parts), profile=profile)


def file_of(folder: Path, key: str = "default") -> Path:
    """Return where the vault of a key lies."""
    return folder / APP / "vaults" / f"{key}.ecrin-vault"


async def opened(folder: Path, passcode: str | None = PASSCODE, **parts: Any) -> Vault:
    """Return the vault of a device, open: the one that is there, or a new one."""
    vault = device(folder, **parts)
    try:
        await vault.initialize(CONFIG, passcode)
        if await vault.is_locked():
            await vault.unlock(passcode)
    except BaseException:
        await vault.close()
        raise
    return vault


async def values(vault: Vault) -> dict[str, Any]:
    """Return all that an open vault holds, read name by name and compared with what it says as a whole."""
    found = {name: await vault.get_value(name) for name in await vault.get_keys()}
    assert await vault.is_empty() == (not found)
    return found


def read(folder: Path, passcode: str = PASSCODE) -> dict[str, Any]:
    """Open the vault of a device as a process that starts does, and return all that it holds."""

    async def go() -> dict[str, Any]:
        async with await opened(folder, passcode) as vault:
            return await values(vault)

    return asyncio.run(go())

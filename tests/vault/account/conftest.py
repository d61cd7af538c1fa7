"""A device whose key store is in this process, and the real Secret Service for those that ask for it."""

from pathlib import Path

import pytest

from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.device.ports import Platform
from vault.secret_service import secret_service, secret_service_daemon

__all__ = ["secret_service", "secret_service_daemon"]


@pytest.fixture
def key_store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def platform(tmp_path: Path, key_store: MemoryKeyStore) -> Platform:
    return simulated_platform(tmp_path, key_store=key_store)


@pytest.fixture
def account(platform: Platform) -> PersistentAccount:
    return PersistentAccount("com.example.notes", platform=platform)


@pytest.fixture
def folder(platform: Platform) -> Path:
    return platform.data_folder / "com.example.notes" / "accounts"

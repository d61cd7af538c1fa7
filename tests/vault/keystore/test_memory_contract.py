"""The simulator keeps the contract of a key store."""

import pytest

from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.device.errors import KeyStoreLocked, KeyStoreUnavailable
from vault.keystore.contract import *  # noqa: F403


@pytest.fixture
def key_store() -> MemoryKeyStore:
    return MemoryKeyStore()


async def test_when_it_is_locked_it_says_so_and_keeps_what_it_has(key_store: MemoryKeyStore) -> None:
    await key_store.set("com.example.notes", "one", b"secret")
    key_store.locked = True
    with pytest.raises(KeyStoreLocked):
        await key_store.get("com.example.notes", "one")
    with pytest.raises(KeyStoreLocked):
        await key_store.set("com.example.notes", "one", b"other")
    key_store.locked = False
    assert await read(key_store, "com.example.notes", "one") == b"secret"  # noqa: F405


async def test_when_it_is_away_it_says_so(key_store: MemoryKeyStore) -> None:
    key_store.available = False
    with pytest.raises(KeyStoreUnavailable):
        await key_store.get("com.example.notes", "one")

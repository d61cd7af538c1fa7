"""What vaults keep in a key store: device keys and marks; on the simulator and on the real Secret Service."""

import pytest

from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.anchors.callback import CallbackAnchor
from ecrin.vault.anchors.keystore import KeyStoreAnchor
from ecrin.vault.device.errors import ItemMissing, KeyStoreLocked
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.device.ports import KeyStore
from ecrin.vault.ports import MAX_MARK, Hold, Place
from ecrin.vault.slots.keystore import KeyStoreKey
from vault.keystore.contract import read

APP, VAULT = "com.example.notes", bytes(range(16))
PLACE = Place(APP, VAULT, bytes(range(16, 32)))


@pytest.fixture(params=["memory", "secret service"])
def key_store(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    request.getfixturevalue("secret_service")
    return SecretService()


class Server:
    """An app's server that keeps the mark of each of its vaults."""

    def __init__(self) -> None:
        self.marks: dict[str, int] = {}

    async def read(self, vault_id: str) -> int | None:
        return self.marks.get(vault_id)

    async def advance(self, vault_id: str, mark: int) -> None:
        self.marks[vault_id] = max(mark, self.marks.get(vault_id, 0))


async def test_a_new_device_key_has_32_random_bytes_and_is_loaded_again(key_store: KeyStore) -> None:
    params, made = await KeyStoreKey(key_store).create(PLACE, b"")
    loaded = await KeyStoreKey(key_store).load(PLACE, params, b"")
    assert (len(made.view), bytes(made.view)) == (32, bytes(loaded.view))
    assert len(set(made.view)) > 16
    _, other = await KeyStoreKey(key_store).create(PLACE, b"")
    assert bytes(other.view) != bytes(made.view)


async def test_a_device_key_says_that_the_key_store_holds_it_and_keeps_nothing_in_params(key_store: KeyStore) -> None:
    params, _ = await KeyStoreKey(key_store).create(PLACE, b"")
    assert (params, KeyStoreKey(key_store).hold) == ({}, Hold.KEY_STORE)


async def test_the_item_is_named_by_vault_and_slot_under_the_app(key_store: KeyStore) -> None:
    _, made = await KeyStoreKey(key_store).create(PLACE, b"")
    item = "vault 000102030405060708090a0b0c0d0e0f slot 101112131415161718191a1b1c1d1e1f"
    assert await read(key_store, APP, item) == bytes(made.view)


async def test_a_device_key_that_was_removed_is_missing(key_store: KeyStore) -> None:
    key = KeyStoreKey(key_store)
    await key.create(PLACE, b"")
    await key.remove(PLACE, {})
    await key.remove(PLACE, {})
    with pytest.raises(ItemMissing):
        await key.load(PLACE, {}, b"")


@pytest.mark.parametrize("size", [1, 31, 33])
async def test_an_item_of_another_size_is_no_device_key(key_store: KeyStore, size: int) -> None:
    await key_store.set(APP, PLACE.item, bytes(size))
    with pytest.raises(ItemMissing, match="another item"):
        await KeyStoreKey(key_store).load(PLACE, {}, b"")


async def test_where_the_key_store_is_locked_no_device_key_is_made() -> None:
    store = MemoryKeyStore()
    store.locked = True
    with pytest.raises(KeyStoreLocked):
        await KeyStoreKey(store).create(PLACE, b"")


async def test_a_mark_begins_at_0_and_grows(key_store: KeyStore) -> None:
    anchor = KeyStoreAnchor(key_store)
    params, first = await anchor.create(APP, VAULT)
    await anchor.advance(APP, VAULT, params, 7)
    assert (params, first, await KeyStoreAnchor(key_store).read(APP, VAULT, params)) == ({}, 0, 7)


async def test_a46_a_mark_is_never_lowered_by_an_advance_nor_made_anew_by_a_create(key_store: KeyStore) -> None:
    anchor = KeyStoreAnchor(key_store)
    await anchor.create(APP, VAULT)
    await anchor.advance(APP, VAULT, {}, MAX_MARK)
    await anchor.advance(APP, VAULT, {}, 3)
    assert await anchor.create(APP, VAULT) == ({}, MAX_MARK)
    assert await anchor.read(APP, VAULT, {}) == MAX_MARK


async def test_a46_a_mark_that_is_gone_or_is_no_mark_is_told_and_not_made_by_an_advance(key_store: KeyStore) -> None:
    anchor = KeyStoreAnchor(key_store)
    await anchor.create(APP, VAULT)
    await anchor.remove(APP, VAULT, {})
    await anchor.remove(APP, VAULT, {})
    await anchor.advance(APP, VAULT, {}, 5)
    gone = await anchor.read(APP, VAULT, {})
    await key_store.set(APP, f"vault {VAULT.hex()} mark", b"short")
    assert (gone, await anchor.read(APP, VAULT, {})) == (None, None)


async def test_marks_of_vaults_are_apart(key_store: KeyStore) -> None:
    anchor = KeyStoreAnchor(key_store)
    await anchor.create(APP, VAULT)
    assert await anchor.read(APP, bytes(16), {}) is None


async def test_the_apps_own_mark_goes_by_the_vaults_id_in_hexadecimal() -> None:
    server = Server()
    anchor = CallbackAnchor(server.read, server.advance)
    before = await anchor.read(APP, VAULT, {})
    assert (before, await anchor.create(APP, VAULT)) == (None, ({}, 0))
    await anchor.advance(APP, VAULT, {}, 4)
    await anchor.remove(APP, VAULT, {})
    assert (await anchor.read(APP, VAULT, {}), server.marks) == (4, {VAULT.hex(): 4})


async def test_a_mark_that_the_app_has_already_is_where_it_begins() -> None:
    server = Server()
    server.marks[VAULT.hex()] = 9
    assert await CallbackAnchor(server.read, server.advance).create(APP, VAULT) == ({}, 9)

"""What every key store does: a test file of an adapter imports these tests and gives them a fixture `key_store`.

Each test has a service of its own, so that a store that others use too is left as it was.
"""

import secrets
from collections.abc import AsyncIterator

import pytest

from ecrin.vault.device.ports import MAX_ITEM, KeyStore

ALL_BYTES = bytes(range(256))


@pytest.fixture
async def service(key_store: KeyStore) -> AsyncIterator[str]:
    name = f"com.example.t{secrets.token_hex(8)}"
    yield name
    for item in ("one", "two"):
        await key_store.delete(name, item)


async def read(key_store: KeyStore, service: str, item: str) -> bytes | None:
    """Return a copy of an item."""
    room = await key_store.get(service, item)
    if room is None:
        return None
    copy = bytes(room.view)
    room.close()
    return copy


async def test_what_was_kept_is_there(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"secret")
    assert await read(key_store, service, "one") == b"secret"


async def test_what_was_not_kept_is_none(key_store: KeyStore, service: str) -> None:
    assert await key_store.get(service, "one") is None


async def test_the_second_takes_the_place_of_the_first(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"first, the longer one")
    await key_store.set(service, "one", b"second")
    assert await read(key_store, service, "one") == b"second"


async def test_what_was_deleted_is_gone(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"secret")
    await key_store.delete(service, "one")
    assert await key_store.get(service, "one") is None


async def test_deleting_what_is_not_there_is_no_error(key_store: KeyStore, service: str) -> None:
    await key_store.delete(service, "one")


async def test_items_of_a_service_are_apart(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"1")
    await key_store.set(service, "two", b"2")
    await key_store.delete(service, "one")
    assert await read(key_store, service, "two") == b"2"


async def test_services_are_apart(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"secret")
    assert await key_store.get(f"{service}.other", "one") is None


async def test_a_secret_may_be_any_bytes(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", ALL_BYTES)
    assert await read(key_store, service, "one") == ALL_BYTES


@pytest.mark.parametrize("size", [1, 15, 16, 17, 32, MAX_ITEM])
async def test_a_secret_keeps_its_length(key_store: KeyStore, service: str, size: int) -> None:
    await key_store.set(service, "one", bytes(size))
    assert await read(key_store, service, "one") == bytes(size)


@pytest.mark.parametrize("size", [0, MAX_ITEM + 1])
async def test_an_empty_or_a_long_secret_is_refused(key_store: KeyStore, service: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        await key_store.set(service, "one", bytes(size))


@pytest.mark.parametrize("buffer", [bytearray, memoryview])
async def test_a_secret_may_be_any_buffer_and_is_copied(key_store: KeyStore, service: str, buffer: type) -> None:
    source = bytearray(b"secret")
    await key_store.set(service, "one", buffer(source))
    source[:] = bytes(6)
    assert await read(key_store, service, "one") == b"secret"


async def test_a_room_that_was_handed_out_is_the_callers_to_wipe(key_store: KeyStore, service: str) -> None:
    await key_store.set(service, "one", b"secret")
    room = await key_store.get(service, "one")
    assert room is not None
    room.view[:] = bytes(6)
    room.close()
    assert await read(key_store, service, "one") == b"secret"


async def test_a_name_may_hold_any_character(key_store: KeyStore, service: str) -> None:
    name = "with space / and 'quote' \" % é 日本"
    await key_store.set(service, name, b"secret")
    found = await read(key_store, service, name)
    await key_store.delete(service, name)
    assert found == b"secret"


def test_it_has_a_name(key_store: KeyStore) -> None:
    assert key_store.name

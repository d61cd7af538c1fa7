"""The key store of macOS: generic passwords in the login keychain, or in the data protection keychain of a signed app.

Any program that the login keychain has let in once reads an item without a prompt; for Python that is every script of
the same interpreter. An item of the data protection keychain is its app's alone, readable while the device is unlocked,
and never leaves the device (WhenUnlockedThisDeviceOnly).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import KeyStoreUnavailable, Unsupported
from ecrin.vault.device.macos import items
from ecrin.vault.device.macos.pool import in_pool
from ecrin.vault.device.macos.status import ITEM_NOT_FOUND, SUCCESS, of_store
from ecrin.vault.device.ports import MAX_ITEM
from ecrin.vault.memory import SecretRoom

T = TypeVar("T")


class Keychain:
    """A keychain of the user. `signed` asks for the data protection keychain: never by itself, and never without."""

    name = "Keychain"

    def __init__(self, *, signed: bool = False) -> None:
        self._signed = signed

    async def get(self, service: str, item: str) -> SecretRoom | None:
        """Return an item in a room that the caller closes, or None if there is none."""
        status, room = await _answer(lambda: items.read(self._named(service, item)))
        if status not in (SUCCESS, ITEM_NOT_FOUND):
            raise of_store(status)
        return room

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        """Keep an item, in the place of one that is there; raises `ValueError` unless it has 1 to `MAX_ITEM` bytes."""
        if not 1 <= len(secret) <= MAX_ITEM:
            raise ValueError(f"An item has 1 to {MAX_ITEM} bytes.")
        status = await _answer(lambda: items.write(self._named(service, item), secret, self._attributes()))
        if status != SUCCESS:
            raise of_store(status)

    async def delete(self, service: str, item: str) -> None:
        """Remove an item; one that is not there is no error."""
        status = await _answer(lambda: items.remove(self._named(service, item)))
        if status not in (SUCCESS, ITEM_NOT_FOUND):
            raise of_store(status)

    def _named(self, service: str, item: str) -> dict[Any, Any]:
        return items.named(service, item, guarded=self._signed)

    def _attributes(self) -> dict[Any, Any]:
        sec = items.security()
        return {sec.kSecAttrAccessible: sec.kSecAttrAccessibleWhenUnlockedThisDeviceOnly} if self._signed else {}


async def _answer(work: Callable[[], T]) -> T:
    try:
        return await in_pool(work)
    except Unsupported as error:  # the library is missing
        raise KeyStoreUnavailable(error.detail, hint=error.advice) from error

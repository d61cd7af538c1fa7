"""A key store for tests, in this process; it implements `ecrin.vault.device.ports.KeyStore` and passes its contract.

A test says whether it is there and whether it is locked.
"""

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import KeyStoreLocked, KeyStoreUnavailable
from ecrin.vault.device.ports import MAX_ITEM
from ecrin.vault.memory import SecretRoom


class MemoryKeyStore:
    """Starts empty, there and unlocked: set `available` or `locked`. What it kept comes back with it."""

    name = "memory (for tests)"

    def __init__(self) -> None:
        self.available = True
        self.locked = False
        self._items: dict[tuple[str, str], bytearray] = {}

    @property
    def items(self) -> set[tuple[str, str]]:
        """The names of what it keeps, each a service and an item."""
        return set(self._items)

    async def get(self, service: str, item: str) -> SecretRoom | None:
        """Return an item in a room that the caller closes, or None if there is none."""
        self._answer()
        kept = self._items.get((service, item))
        if kept is None:
            return None
        room = SecretRoom(len(kept))
        room.view[:] = kept
        return room

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        """Keep an item, in the place of one that is there; raises `ValueError` unless it has 1 to `MAX_ITEM` bytes."""
        if not 1 <= len(secret) <= MAX_ITEM:
            raise ValueError(f"An item has 1 to {MAX_ITEM} bytes.")
        await self.delete(service, item)
        self._items[service, item] = bytearray(secret)

    async def delete(self, service: str, item: str) -> None:
        """Remove an item; one that is not there is no error."""
        self._answer()
        kept = self._items.pop((service, item), bytearray())
        kept[:] = bytes(len(kept))

    def __repr__(self) -> str:
        return "MemoryKeyStore(…)"

    def _answer(self) -> None:
        if not self.available:
            raise KeyStoreUnavailable
        if self.locked:
            raise KeyStoreLocked

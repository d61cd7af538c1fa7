"""A mark in the system's key store: it notices an older copy of the file, unless the key store was put back with it."""

from contextlib import suppress

from ecrin.errors import EcrinError
from ecrin.vault.device.ports import KeyStore
from ecrin.vault.ports import MAX_MARK, Params
from ecrin.vault.threads import to_its_end

MARK = 8  # bytes, the highest first


class KeyStoreAnchor:
    """Marks in `key_store`, an item for each vault.

    A key store cannot compare and set: of two processes that advance at once the lesser mark may stay, until the next
    anchoring. It is a mark that the file has reached all the same.
    """

    kind = "key-store"

    def __init__(self, key_store: KeyStore) -> None:
        self._key_store = key_store

    async def create(self, app_id: str, vault_id: bytes) -> tuple[Params, int]:
        """Make a mark that stands at 0; one that is there already stays as it is."""
        reached = await self.read(app_id, vault_id, {})
        if reached is None:
            try:
                await self._write(app_id, vault_id, 0)
            except BaseException:
                with suppress(EcrinError):  # whoever was cancelled may have written it
                    await to_its_end(self.remove(app_id, vault_id, {}))
                raise
        return {}, reached or 0

    async def read(self, app_id: str, vault_id: bytes, params: Params) -> int | None:
        """Return the mark, or None if it is gone or is no mark."""
        room = await self._key_store.get(app_id, _item(vault_id))
        if room is None:
            return None
        try:
            mark = int.from_bytes(room.view, "big")
            return mark if len(room.view) == MARK and mark <= MAX_MARK else None
        finally:
            room.close()

    async def advance(self, app_id: str, vault_id: bytes, params: Params, mark: int) -> None:
        """Let the mark grow to `mark`; one that is gone is not made anew, since `read` has to tell."""
        reached = await self.read(app_id, vault_id, params)
        if reached is not None and reached < mark:
            await self._write(app_id, vault_id, mark)

    async def remove(self, app_id: str, vault_id: bytes, params: Params) -> None:
        """Remove the mark."""
        await self._key_store.delete(app_id, _item(vault_id))

    async def _write(self, app_id: str, vault_id: bytes, mark: int) -> None:
        await self._key_store.set(app_id, _item(vault_id), mark.to_bytes(MARK, "big"))


def _item(vault_id: bytes) -> str:
    return f"vault {vault_id.hex()} mark"

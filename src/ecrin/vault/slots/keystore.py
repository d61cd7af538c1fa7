"""The system's key store as a device key: an item there, which any process of this user may read.

It keeps a copied file shut, and nothing else: whoever runs as this user and finds the key store open has it.
"""

from contextlib import suppress

from ecrin.crypto.kdf import Buffer
from ecrin.errors import EcrinError
from ecrin.vault.device.errors import ItemMissing
from ecrin.vault.device.ports import KeyStore
from ecrin.vault.memory import SecretRoom, drawn
from ecrin.vault.ports import Hold, Params, Place

SECRET = 32  # bytes


class KeyStoreKey:
    """Keys in `key_store`, under the app's id and the slot's own name. No `auth` is checked there."""

    hold = Hold.KEY_STORE

    def __init__(self, key_store: KeyStore) -> None:
        self._key_store = key_store

    async def create(self, place: Place, auth: Buffer) -> tuple[Params, SecretRoom]:
        """Draw a key and keep it in the key store."""
        room = drawn(SECRET)
        try:
            await self._key_store.set(place.app_id, place.item, room.view)
        except BaseException:
            room.close()
            with suppress(EcrinError):  # whoever was cancelled may have set it
                await self._key_store.delete(place.app_id, place.item)
            raise
        return {}, room

    async def load(self, place: Place, params: Params, auth: Buffer) -> SecretRoom:
        """Return the key; raises `ItemMissing` if it is gone or is not one that `create` made."""
        room = await self._key_store.get(place.app_id, place.item)
        if room is None:
            raise ItemMissing
        if len(room.view) != SECRET:
            room.close()
            raise ItemMissing("The key store has another item in this one's place.")
        return room

    async def remove(self, place: Place, params: Params) -> None:
        """Remove the key from the key store."""
        await self._key_store.delete(place.app_id, place.item)

"""The sealed files of an app, by the name of what is in them.

Their key is an item of the app's in the system's key store, they are in the user's data folder: whoever copies the
files alone has nothing, whoever runs as this user and finds the key store open can read them. An older copy of a file
that is put back is not noticed: what must not be taken back belongs into a `Vault`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from ecrin.crypto.aead import KEY_BYTES
from ecrin.vault.device.errors import KeyStoreUnavailable
from ecrin.vault.device.ports import KeyStore, Platform
from ecrin.vault.errors import VaultKeyMissing
from ecrin.vault.memory import SecretRoom, drawn, forget
from ecrin.vault.naming import file_name
from ecrin.vault.sealed.files import Files
from ecrin.vault.sealed.format import Keys, Place, Sealed, seal, unseal
from ecrin.vault.threads import in_thread

LOOK_AGAIN_S = 0.05  # while another process writes
T = TypeVar("T")


class SealedFiles:
    """The files of one room of an app; their folder and their key's item in the key store are called `room`.

    Every call raises `KeyStoreUnavailable` or `KeyStoreLocked` if the key is out of reach, `VaultKeyMissing` if it is
    gone while there are files (no new key is made then), and `VaultUnwritable` if the disk does not do it.
    """

    def __init__(self, app_id: str, room: str, platform: Platform) -> None:
        self._place = Place(app_id, room)
        self._key_store = platform.key_store
        self._files = Files(platform.data_folder / file_name(app_id) / room)

    async def write(self, name: bytes, data: bytes, terms: bytes = b"") -> None:
        """Keep an item in the place of the one that is there: whole, or the old one stays. It is on disk at the end.

        `terms` is one line that anybody may read. Raises `VaultFull`.
        """
        async with self._held():
            root = await self._root() or await self._new_root()
            await _worked(root, lambda keys: self._write(keys, keys.id_of(name), data, terms))

    async def find(self, name: bytes) -> Sealed | None:
        """Return an item's file as it lies there, None if there is none; raises `VaultDamaged`, `VaultNewer`."""
        return await self._work(lambda keys: self._find(keys.id_of(name)), None)

    async def open(self, sealed: Sealed) -> bytes:
        """Return what is in a file, for the caller to forget; raises `VaultDamaged`."""
        root = await self._root()
        if root is None:  # all was cleared since it was found
            raise VaultKeyMissing
        return await _worked(root, lambda keys: unseal(keys, self._place, sealed))

    async def read(self, name: bytes) -> bytes | None:
        """Return an item, for the caller to forget, None if there is none; raises `VaultDamaged`, `VaultNewer`."""
        return await self._work(lambda keys: self._read(keys, keys.id_of(name)), None)

    async def read_all(self) -> list[bytes]:
        """Return all items, for the caller to forget; raises `VaultDamaged`, `VaultNewer` if one does not open."""
        return await self._work(self._read_all, [])

    async def remove(self, name: bytes) -> None:
        """Remove an item, also a damaged one; one that is not there is no error."""
        async with self._held():
            await self._work(lambda keys: self._files.remove(keys.id_of(name)), None)

    async def clear(self) -> None:
        """Remove all items, readable or not, and their key."""
        async with self._held():
            for id_ in await in_thread(self._files.ids):
                await in_thread(partial(self._files.remove, id_))
            await self._store.delete(self._place.app_id, self._place.room)

    @property
    def _store(self) -> KeyStore:
        if self._key_store is None:
            raise KeyStoreUnavailable("This platform has no key store.")
        return self._key_store

    async def _root(self) -> SecretRoom | None:
        """Return the room's key, None if nothing was ever kept; raises `VaultKeyMissing`."""
        there = set(await in_thread(self._files.ids))
        root = await self._store.get(self._place.app_id, self._place.room)
        if root is None and there.intersection(await in_thread(self._files.ids)):  # not cleared in between
            raise VaultKeyMissing
        return root

    async def _new_root(self) -> SecretRoom:
        root = drawn(KEY_BYTES)
        try:
            await self._store.set(self._place.app_id, self._place.room, root.view)
        except BaseException:
            root.close()
            raise
        return root

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Let one task of one process write at a time: else two first ones would each make a key."""
        await in_thread(self._files.make)
        while (held := self._files.hold()) is None:  # noqa: ASYNC110 - another process sends no event
            await asyncio.sleep(LOOK_AGAIN_S)
        try:
            yield
        finally:
            self._files.release(held)

    async def _work(self, work: Callable[[Keys], T], otherwise: T) -> T:
        """Return what `work` returns, or `otherwise` if nothing was ever kept."""
        root = await self._root()
        return otherwise if root is None else await _worked(root, work)

    def _write(self, keys: Keys, id_: str, data: bytes, terms: bytes) -> None:
        self._files.write(id_, seal(keys, self._place, id_, terms, data))

    def _find(self, id_: str) -> Sealed | None:
        file = self._files.read(id_)
        return None if file is None else Sealed.of(id_, file)

    def _read(self, keys: Keys, id_: str) -> bytes | None:
        sealed = self._find(id_)
        return None if sealed is None else unseal(keys, self._place, sealed)

    def _read_all(self, keys: Keys) -> list[bytes]:
        found = (self._read(keys, id_) for id_ in self._files.ids())
        return [data for data in found if data is not None]


async def _worked(root: SecretRoom, work: Callable[[Keys], T]) -> T:
    """Return what `work` returns, in a thread, with the keys that come from the room's, which is closed."""
    copy = bytes(root.view)
    root.close()
    try:
        if len(copy) != KEY_BYTES:
            raise VaultKeyMissing("The key store has another item in the place of the files' key.")
        keys = Keys.of(copy)
    finally:
        forget(copy)
    try:
        return await in_thread(partial(work, keys))
    finally:
        keys.forget()

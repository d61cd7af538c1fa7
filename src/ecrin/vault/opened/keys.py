"""The keys of an open vault, all in one locked page that `close` wipes."""

from collections.abc import Callable
from functools import cached_property

from ecrin.crypto.aead import KEY_BYTES
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.format import entries
from ecrin.vault.format import manifest as manifests
from ecrin.vault.format.entries import Entry
from ecrin.vault.format.keys import ROOM, SECRET_BYTES, EpochKeys
from ecrin.vault.format.manifest import KEPT_BYTES, Manifest
from ecrin.vault.memory import SecretRoom, drawn
from ecrin.vault.store.rows import Head

_IDS = 2 * ROOM + SECRET_BYTES  # behind the ciphers of two epochs, the vault key and the guard
_SIZE = _IDS + KEPT_BYTES


class OpenKeys:
    """Ciphers and keys of a vault whose key is known.

    `secret`, the vault key and the guard, is taken over and closed. Two epochs are open while a rotation is under way.
    `ids` and `set` outlive rotations. Not thread-safe but for reading: `read` is called by whoever loads, before the
    keys are shared.
    """

    def __init__(self, secret: SecretRoom, vault_id: bytes, epoch: int) -> None:
        self.room = SecretRoom(_SIZE)
        self.vault_id = vault_id
        self.secret = self.room.view[2 * ROOM : _IDS]
        self.secret[:] = secret.view
        self.key, self.guard = self.secret[:KEY_BYTES], self.secret[KEY_BYTES:]
        secret.close()
        self._kept = self.room.view[_IDS:_SIZE]
        self.ids, self.set = self._kept[:KEY_BYTES], self._kept[KEY_BYTES : 2 * KEY_BYTES]
        self.current = EpochKeys(self.secret, vault_id, epoch, self.room.view[:ROOM])
        self.older: EpochKeys | None = None

    @classmethod
    def new(cls, vault_id: bytes) -> "OpenKeys":
        """Return the keys of a vault that is being made."""
        found = cls(drawn(SECRET_BYTES), vault_id, 1)
        fresh = drawn(2 * KEY_BYTES)
        found._kept[: 2 * KEY_BYTES] = fresh.view
        fresh.close()
        return found

    def read(self, head: Head) -> Manifest:
        """Open the manifest, and with it the keys that it keeps; raises `VaultDamaged`."""
        found = manifests.unseal(self.current, self.vault_id, head.manifest, self._kept)
        self.older = self._of_previous(found.previous) if found.previous else None
        return agreed(head, found)

    def check(self, head: Head) -> Manifest:
        """Open the manifest as it is now, and leave the keys as they are; raises `VaultDamaged`."""
        scratch = bytearray(KEPT_BYTES)  # no locked page: it lives for microseconds, as what the manifest opens into
        try:
            return agreed(head, manifests.unseal(self.current, self.vault_id, head.manifest, memoryview(scratch)))
        finally:
            scratch[:] = bytes(KEPT_BYTES)

    @cached_property
    def id_of(self) -> Callable[[str], bytes]:
        """Return the id of a name."""
        return entries.namer(self.ids)

    @cached_property
    def digest_of(self) -> Callable[[Entry], int]:
        """Return what an entry adds to the hash of the set."""
        return entries.digester(self.set)

    def seal(self, manifest: Manifest) -> bytes:
        """Return a manifest as it is stored, with the keys that it keeps."""
        if manifest.previous:
            if self.older is None:
                raise VaultDamaged("The key of the previous epoch would be lost.")
            return manifests.seal(self.current, self.vault_id, manifest, self._kept)
        scratch = bytearray(KEPT_BYTES)
        try:
            scratch[: 2 * KEY_BYTES] = self._kept[: 2 * KEY_BYTES]
            return manifests.seal(self.current, self.vault_id, manifest, memoryview(scratch))
        finally:
            scratch[:] = bytes(KEPT_BYTES)

    def of(self, epoch: int) -> EpochKeys:
        """Return the ciphers of an epoch; raises `VaultDamaged` for one that nothing is sealed under any more."""
        if epoch == self.current.epoch:
            return self.current
        if self.older is not None and epoch == self.older.epoch:
            return self.older
        raise VaultDamaged("An entry is of another time.")

    def next(self) -> "OpenKeys":
        """Return keys of the next epoch, under a new vault key; they keep this one's for what is sealed under it."""
        fresh = drawn(SECRET_BYTES)
        fresh.view[KEY_BYTES:] = self.guard
        found = OpenKeys(fresh, self.vault_id, self.current.epoch + 1)
        found._kept[: 2 * KEY_BYTES] = self._kept[: 2 * KEY_BYTES]
        found._kept[2 * KEY_BYTES :] = self.key
        found.older = found._of_previous(self.current.epoch)
        return found

    def settled(self) -> None:
        """Forget the key of the previous epoch: nothing is sealed under it any more."""
        self.older = None
        self._kept[2 * KEY_BYTES :] = bytes(KEY_BYTES)

    def close(self) -> None:
        """Wipe everything; nothing of this can be used then, not even from the traceback of an error that is kept."""
        if "current" not in self.__dict__:
            return
        for one in (self.current, self.older):
            if one is not None:
                del one.entries, one.manifest
        self.older = None
        del self.current
        for name in ("id_of", "digest_of"):
            self.__dict__.pop(name, None)
        for view in (self.key, self.guard, self.secret, self.ids, self.set, self._kept):
            view.release()
        self.room.close()

    def _of_previous(self, epoch: int) -> EpochKeys:
        both = bytearray(self._kept[2 * KEY_BYTES :]) + self.guard
        try:
            return EpochKeys(both, self.vault_id, epoch, self.room.view[ROOM : 2 * ROOM])
        finally:
            both[:] = bytes(SECRET_BYTES)


def agreed(head: Head, manifest: Manifest) -> Manifest:
    """Return the manifest if what stands in the clear is what it says; raises `VaultDamaged`."""
    if (head.counter, head.settings) != (manifest.counter, manifest.settings):
        raise VaultDamaged("What stands in the clear is not what was sealed.")
    return manifest

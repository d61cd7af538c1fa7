"""A device key as a way in, without anybody being asked: it keeps a copied file shut, and nothing else."""

from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asking, DeviceKey, Enrolled, Hold, Params, Place


class DeviceKeySlot:
    """A slot whose secret is a device key; `kind` says whose: "key-store" or "chip"."""

    def __init__(self, kind: str, key: DeviceKey) -> None:
        self.kind = kind
        self._key = key

    def hold(self, params: Params) -> Hold:
        """Return what holds the device key."""
        return self._key.hold

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Make the device key."""
        return Enrolled(*await self._key.create(place, b""))

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Return the device key."""
        return await self._key.load(place, params, b"")

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove the device key."""
        await self._key.remove(place, params)

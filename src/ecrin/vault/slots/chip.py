"""A chip as a way in, and as what a passcode is bound to: the key is in the file, sealed for this one chip.

A new mainboard, a chip that was cleared or another machine cannot open it: keep a recovery slot.
"""

from typing import Any

from ecrin.base.encoding import b64url, unb64url
from ecrin.crypto.kdf import Buffer
from ecrin.errors import InvalidRequest
from ecrin.vault.device.ports import Chip
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.memory import SecretRoom, drawn
from ecrin.vault.ports import Hold, Params, Place

SECRET = 32  # bytes


class ChipKey:
    """Keys that `chip` gives out for the right `auth`; wrong ones it counts itself, and locks."""

    hold = Hold.HARDWARE

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    async def create(self, place: Place, auth: Buffer) -> tuple[Params, SecretRoom]:
        """Draw a key and seal it; return it and the params that hold it sealed."""
        key = drawn(SECRET)
        try:
            return {"sealed": b64url(await self._chip.seal(key.view, auth))}, key
        except BaseException:
            key.close()
            raise

    async def load(self, place: Place, params: Params, auth: Buffer) -> SecretRoom:
        """Return the key; raises `SlotRefused` for another `auth` or chip, `ChipLockedOut`, `VaultDamaged`."""
        key = await self._chip.unseal(_bytes(params, "sealed"), auth)
        if len(key.view) != SECRET:
            key.close()
            raise VaultDamaged("A slot's chip has sealed something else than a key.")
        return key

    async def remove(self, place: Place, params: Params) -> None:
        """Do nothing: the chip keeps nothing of a sealed key."""


def _bytes(params: Params, name: str) -> bytes:
    value: Any = params.get(name)
    try:
        return unb64url(value if isinstance(value, str) else "=")
    except InvalidRequest:
        raise VaultDamaged("A slot does not hold what its chip sealed.") from None

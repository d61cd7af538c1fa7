"""A mark in a chip: a counter that nothing can make stand lower, not even whoever removes it and makes it anew."""

from ecrin.base.encoding import b64url, unb64url
from ecrin.errors import InvalidRequest
from ecrin.vault.device.ports import Chip
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.ports import Params

MAX_STEPS = 64  # a chip counts in steps of one, each of which it writes


class ChipAnchor:
    """Marks that are counters of `chip`, one for each vault: the mark is what the counter stands at."""

    kind = "chip"

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    async def create(self, app_id: str, vault_id: bytes) -> tuple[Params, int]:
        """Make a counter; it stands above all that this chip ever had."""
        handle, mark = await self._chip.counter_create()
        return {"counter": b64url(handle)}, mark

    async def read(self, app_id: str, vault_id: bytes, params: Params) -> int | None:
        """Return the mark, or None if the counter is gone or another one is in its place."""
        return await self._chip.counter_read(_handle(params))

    async def advance(self, app_id: str, vault_id: bytes, params: Params, mark: int) -> None:
        """Let the mark grow to `mark`; one that is gone is not made anew, since `read` has to tell.

        Raises `VaultDamaged` if it is more than 64 above: the file then claims what this counter never said.
        """
        handle = _handle(params)
        reached = await self._chip.counter_read(handle)
        if reached is None or reached >= mark:
            return
        if mark - reached > MAX_STEPS:
            raise VaultDamaged(f"The file's mark is {mark - reached} above the chip's counter.")
        await self._chip.counter_reach(handle, mark)

    async def remove(self, app_id: str, vault_id: bytes, params: Params) -> None:
        """Remove the counter."""
        await self._chip.counter_remove(_handle(params))


def _handle(params: Params) -> bytes:
    value = params.get("counter")
    try:
        return unb64url(value if isinstance(value, str) else "=")
    except InvalidRequest:
        raise VaultDamaged("The anchor names no counter.") from None

"""No mark at all, for who names it: an older copy of the file opens like any other."""

from ecrin.vault.ports import Params


class NoAnchor:
    """A mark that never grows."""

    kind = "nothing"

    async def create(self, app_id: str, vault_id: bytes) -> tuple[Params, int]:
        """Make nothing."""
        return {}, 0

    async def read(self, app_id: str, vault_id: bytes, params: Params) -> int | None:
        """Return 0, which no file is behind."""
        return 0

    async def advance(self, app_id: str, vault_id: bytes, params: Params, mark: int) -> None:
        """Do nothing."""

    async def remove(self, app_id: str, vault_id: bytes, params: Params) -> None:
        """Remove nothing."""

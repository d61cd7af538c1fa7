"""Whom a platform's own slots ask: nobody, since the system has prompts of its own."""

from ecrin.vault.device.model import PromptTexts
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asked


class Nobody:
    """Fails the test if it is asked or told anything."""

    texts = PromptTexts()

    async def secret(self, asked: Asked) -> bytearray:
        raise AssertionError(asked)

    async def trying(self, *, seen: bool = False) -> None:
        raise AssertionError("the system counts, not the file")

    def tell(self, notice: object) -> None:
        raise AssertionError(notice)


def taken(room: SecretRoom | None) -> bytes | None:
    """Return what a room holds, and close it."""
    if room is None:
        return None
    secret = bytes(room.view)
    room.close()
    return secret

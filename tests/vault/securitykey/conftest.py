"""A person with security keys, which are software (`ecrin.testing.authenticator`) and driven by python-fido2 itself."""

import asyncio
from collections.abc import Sequence

import pytest

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.model import Notice, PromptTexts
from ecrin.vault.ports import Asked, Enrolled, Place
from ecrin.vault.slots.securitykey import SecurityKeySlot

PIN = "1234"
PLACE = Place("com.example.notes", bytes(range(16)), bytes(range(16, 32)))


class Person:
    """Types one PIN after the other, the last one ever again; without any, never answers."""

    texts = PromptTexts()

    def __init__(self, *pins: str) -> None:
        self._pins = list(pins)
        self.typed: list[bytearray] = []
        self.notices: list[Notice] = []
        self.asked = asyncio.Event()
        self.told = asyncio.Event()
        self.left_alone = False

    async def secret(self, asked: Asked) -> bytearray:
        assert asked is Asked.PIN
        self.asked.set()
        if not self._pins:
            try:
                await asyncio.Event().wait()
            finally:
                self.left_alone = True
        pin = self._pins.pop(0) if len(self._pins) > 1 else self._pins[0]
        self.typed.append(bytearray(pin, "utf-8"))
        return self.typed[-1]

    async def trying(self, *, seen: bool = False) -> None:
        raise AssertionError("the key counts, not the file")

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice)
        self.told.set()


class Desk:
    """A slot, and the keys that are plugged in."""

    def __init__(self, keys: Sequence[SoftAuthenticator]) -> None:
        self.keys = list(keys)
        self.slot = SecurityKeySlot(lambda: self.keys)

    async def enrolled(self) -> tuple[Enrolled, bytes]:
        """Enrol the key that is there; return also its secret, which is public in a test."""
        made = await self.slot.enrol(PLACE, Person(PIN))
        return made, _bytes(made)

    async def opened(self, made: Enrolled, person: Person | None = None, place: Place = PLACE) -> bytes:
        room = await self.slot.secret(place, made.params, person or Person(PIN))
        secret = bytes(room.view)
        room.close()
        return secret


def _bytes(made: Enrolled) -> bytes:
    secret = bytes(made.secret.view)
    made.secret.close()
    return secret


@pytest.fixture
def key() -> SoftAuthenticator:
    return SoftAuthenticator(pin=PIN)


@pytest.fixture
def desk(key: SoftAuthenticator) -> Desk:
    return Desk([key])

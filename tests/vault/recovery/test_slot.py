"""The recovery slot: the code that was shown once opens the vault, in its own place; other codes open nothing."""

import json
from pathlib import Path

import pytest

from ecrin.vault.device.model import Notice, PromptTexts
from ecrin.vault.errors import CodeMistyped, SlotRefused
from ecrin.vault.format import slots
from ecrin.vault.ports import Asked, Hold, Place
from ecrin.vault.slots.recovery import RecoverySlot
from vault.conftest import KEY
from vault.conftest import slot_of as kept_by

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/recovery.json").read_text("utf-8"))
PLACE = Place("com.example.notes", bytes(range(16)), bytes(range(16, 32)))


class Person:
    """Types a code from paper."""

    texts = PromptTexts()

    def __init__(self, code: str = "") -> None:
        self.typed = bytearray(code, "utf-8")
        self.tries = 0

    async def secret(self, asked: Asked) -> bytearray:
        assert asked is Asked.RECOVERY_CODE
        return self.typed

    async def trying(self, *, seen: bool = False) -> None:
        self.tries += 1

    def tell(self, notice: Notice) -> None:
        raise AssertionError(notice)


async def slot_of(place: Place = PLACE) -> tuple[slots.Slot, str]:
    """Return a slot with the vault key in it, and the code."""
    made = await RecoverySlot().enrol(place, Person())
    slot = kept_by(made.secret.view, "recovery", id_=place.slot_id, vault=place.vault_id)
    made.secret.close()
    return slot, made.shown


async def opened(slot: slots.Slot, code: str, place: Place = PLACE) -> bytes:
    room = await RecoverySlot().secret(place, {}, Person(code))
    out = bytearray(64)
    try:
        slots.unwrap(place.vault_id, slot, room.view, memoryview(out))
    finally:
        room.close()
    return bytes(out[:32])


async def test_the_code_that_was_shown_opens_the_vault() -> None:
    slot, code = await slot_of()
    assert await opened(slot, code.lower().replace("-", " ")) == KEY


async def test_the_code_of_another_slot_is_refused() -> None:
    slot, _ = await slot_of()
    _, other = await slot_of()
    with pytest.raises(SlotRefused):
        await opened(slot, other)


@pytest.mark.parametrize("place", [Place("a.b", bytes(16), PLACE.slot_id), Place("a.b", PLACE.vault_id, bytes(16))])
async def test_a46_a_code_makes_another_secret_in_another_place(place: Place) -> None:
    _, code = await slot_of()
    here, there = [await RecoverySlot().secret(at, {}, Person(code)) for at in (PLACE, place)]
    assert here.view != there.view
    here.close()
    there.close()


async def test_a_mistyped_code_is_told_from_a_wrong_one_and_no_try_is_counted() -> None:
    _, code = await slot_of()
    person = Person(code[:-1] + ("0" if code[-1] != "0" else "2"))
    with pytest.raises(CodeMistyped):
        await RecoverySlot().secret(PLACE, {}, person)
    assert person.tries == 0


async def test_what_was_typed_is_wiped() -> None:
    _, code = await slot_of()
    right, wrong = Person(code), Person("0" * 31)
    (await RecoverySlot().secret(PLACE, {}, right)).close()
    with pytest.raises(CodeMistyped):
        await RecoverySlot().secret(PLACE, {}, wrong)
    assert (right.typed, wrong.typed) == (bytearray(35), bytearray(31))


async def test_the_code_is_shown_once_and_kept_nowhere() -> None:
    made = await RecoverySlot().enrol(PLACE, Person())
    made.secret.close()
    assert made.params == {}
    assert made.shown not in repr(made)
    await RecoverySlot().withdraw(PLACE, made.params)


def test_a_code_holds_the_secret() -> None:
    assert RecoverySlot().hold({}) is Hold.CODE


async def test_the_vectors_of_secrets() -> None:
    for case in VECTORS["secrets"]:
        place = Place("com.example.notes", bytes.fromhex(case["vault_id"]), bytes.fromhex(case["slot_id"]))
        room = await RecoverySlot().secret(place, {}, Person(case["code"]))
        assert room.view.hex() == case["secret"]
        assert slots.public_key(place.vault_id, place.slot_id, room.view).hex() == case["public"]
        room.close()

"""The chip's slot and the chip's key, on a real TPM 2.0 in software."""

from typing import Any

import pytest

from ecrin.base.encoding import b64url
from ecrin.crypto.passwords import CHEAPEST
from ecrin.vault.device.errors import ChipLockedOut
from ecrin.vault.device.model import Notice, PromptTexts
from ecrin.vault.errors import PasscodeMismatch, SlotRefused, VaultDamaged
from ecrin.vault.model import Bound
from ecrin.vault.ports import Asked, Hold, Place
from ecrin.vault.slots.chip import ChipKey
from ecrin.vault.slots.devicekey import DeviceKeySlot
from ecrin.vault.slots.passcode import PasscodeSlot
from vault.swtpm import MAX_TRIES, SoftwareTpm, software_tpm

PLACE = Place("com.example.notes", b"v" * 16, b"s" * 16)
AUTH = bytes(range(32))
OTHER = bytes(range(1, 33))


class Nobody:
    """Somebody who must not be asked."""

    texts = PromptTexts()

    async def secret(self, asked: Asked) -> bytearray:
        raise AssertionError(asked)

    async def trying(self, *, seen: bool = False) -> None:
        raise AssertionError("nothing is guessed")

    def tell(self, notice: Notice) -> None:
        raise AssertionError(notice)


class Somebody(Nobody):
    """Somebody who types, and whose tries are counted."""

    def __init__(self, passcode: str) -> None:
        self._passcode = passcode
        self.tries = 0

    async def secret(self, asked: Asked) -> bytearray:
        return bytearray(self._passcode.encode())

    async def trying(self, *, seen: bool = False) -> None:
        self.tries += 1


async def test_a_chip_slot_opens_by_itself(tpm: SoftwareTpm) -> None:
    slot = DeviceKeySlot("chip", ChipKey(tpm.chip))
    enrolled = await slot.enrol(PLACE, Nobody())
    opened = await slot.secret(PLACE, enrolled.params, Nobody())
    assert opened.view == enrolled.secret.view


async def test_what_the_chip_has_sealed_and_is_no_key_is_damage(tpm: SoftwareTpm) -> None:
    sealed = b64url(await tpm.chip.seal(b"too short to be one", b""))
    with pytest.raises(VaultDamaged):
        await ChipKey(tpm.chip).load(PLACE, {"sealed": sealed}, b"")


async def test_each_chip_slot_has_a_secret_of_its_own(tpm: SoftwareTpm) -> None:
    slot = DeviceKeySlot("chip", ChipKey(tpm.chip))
    one, other = await slot.enrol(PLACE, Nobody()), await slot.enrol(PLACE, Nobody())
    assert one.secret.view != other.secret.view


async def test_a_chip_slot_is_held_by_hardware(tpm: SoftwareTpm) -> None:
    assert DeviceKeySlot("chip", ChipKey(tpm.chip)).hold({}) is Hold.HARDWARE


async def test_a45_a_copied_file_opens_on_no_other_machine(tpm: SoftwareTpm) -> None:
    enrolled = await DeviceKeySlot("chip", ChipKey(tpm.chip)).enrol(PLACE, Nobody())
    with software_tpm() as other, pytest.raises(SlotRefused):
        await DeviceKeySlot("chip", ChipKey(other.chip)).secret(PLACE, enrolled.params, Nobody())


async def test_a_withdrawn_slot_has_left_nothing_in_the_chip(tpm: SoftwareTpm) -> None:
    slot = DeviceKeySlot("chip", ChipKey(tpm.chip))
    enrolled = await slot.enrol(PLACE, Nobody())
    await slot.withdraw(PLACE, enrolled.params)
    assert tpm.in_use() == {"transient": 0, "sessions": 0, "indices": 0}


@pytest.mark.parametrize("params", [{}, {"sealed": None}, {"sealed": 1}, {"sealed": "="}, {"sealed": "é"}])
async def test_params_without_what_was_sealed_are_damaged(tpm: SoftwareTpm, params: dict[str, Any]) -> None:
    with pytest.raises(VaultDamaged):
        await DeviceKeySlot("chip", ChipKey(tpm.chip)).secret(PLACE, params, Nobody())


async def test_a_chip_key_comes_back_for_its_auth(tpm: SoftwareTpm) -> None:
    key = ChipKey(tpm.chip)
    params, made = await key.create(PLACE, AUTH)
    loaded = await key.load(PLACE, params, AUTH)
    assert (len(made.view), loaded.view) == (32, made.view)


async def test_a45_a_chip_key_is_locked_after_too_many_guesses(tpm: SoftwareTpm) -> None:
    key = ChipKey(tpm.chip)
    params, _ = await key.create(PLACE, AUTH)
    for _ in range(MAX_TRIES):
        with pytest.raises(SlotRefused):
            await key.load(PLACE, params, OTHER)
    with pytest.raises(ChipLockedOut):
        await key.load(PLACE, params, AUTH)


async def test_a45_four_digits_that_are_bound_to_a_chip_are_counted_by_it_and_locked(tpm: SoftwareTpm) -> None:
    slot = PasscodeSlot({Bound.CHIP: ChipKey(tpm.chip)}, Bound.CHIP, CHEAPEST)
    params = (await slot.enrol(PLACE, Somebody("1234"))).params
    guess = Somebody("1235")
    for tries in range(1, MAX_TRIES + 1):
        with pytest.raises(PasscodeMismatch):
            await slot.secret(PLACE, params, guess)
        assert (guess.tries, tpm.failures()) == (tries, tries)
    with pytest.raises(ChipLockedOut):
        await slot.secret(PLACE, params, Somebody("1234"))


async def test_a_passcode_that_is_bound_to_a_chip_opens_by_both(tpm: SoftwareTpm) -> None:
    slot = PasscodeSlot({Bound.CHIP: ChipKey(tpm.chip)}, Bound.CHIP, CHEAPEST)
    enrolled = await slot.enrol(PLACE, Somebody("1234"))
    opened = await slot.secret(PLACE, enrolled.params, Somebody("1234"))
    assert (slot.hold(enrolled.params), opened.view) == (Hold.PASSCODE_AND_HARDWARE, enrolled.secret.view)

"""What was sealed, and the PIN, are not in this process afterwards: the library's copies are written over (A47)."""

import pytest

from ecrin.vault.device.errors import ChipLockedOut
from ecrin.vault.errors import SlotRefused
from ecrin.vault.memory import SecretRoom
from vault.swtpm import MAX_TRIES, SoftwareTpm
from vault.test_memory import drawn, needs_maps, traces


@needs_maps
async def test_a47_after_sealing_and_opening_no_copy_of_secret_or_pin_is_left(tpm: SoftwareTpm) -> None:
    secret, pin = SecretRoom(32), SecretRoom(32)
    masked_secret, masked_pin = drawn(secret), drawn(pin)
    sealed = await tpm.chip.seal(secret.view, pin.view)
    secret.close()
    assert traces(masked_secret) == 0
    opened = await tpm.chip.unseal(sealed, pin.view)
    assert (traces(masked_secret), traces(masked_pin)) == (1, 1), "only in the rooms that we hold"
    opened.close()
    pin.close()
    assert (traces(masked_secret), traces(masked_pin)) == (0, 0)


@needs_maps
async def test_a47_nor_is_there_where_no_pin_is_asked_for(tpm: SoftwareTpm) -> None:
    secret = SecretRoom(32)
    masked = drawn(secret)
    sealed = await tpm.chip.seal(secret.view, b"")
    secret.close()
    (await tpm.chip.unseal(sealed, b"")).close()
    assert traces(masked) == 0


@needs_maps
async def test_a47_a_pin_that_was_refused_leaves_no_copy_either(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(b"s" * 32, b"p" * 32)
    pin = SecretRoom(32)
    masked = drawn(pin)
    for refusal in [SlotRefused] * MAX_TRIES + [ChipLockedOut]:
        with pytest.raises(refusal):
            await tpm.chip.unseal(sealed, pin.view)
    pin.close()
    assert traces(masked) == 0

"""Wrong PINs: the chip counts them itself and locks, and nothing is left in it or on the screen (A45, A48)."""

import pytest

from ecrin.vault.device.errors import ChipLockedOut
from ecrin.vault.errors import SlotRefused
from vault.swtpm import MAX_TRIES, SoftwareTpm
from vault.tpm.test_sealed import NO_PIN, OTHER, PIN, SECRET, opened


async def refused(tpm: SoftwareTpm, sealed: bytes, times: int, pin: bytes = OTHER) -> None:
    for _ in range(times):
        with pytest.raises(SlotRefused):
            await tpm.chip.unseal(sealed, pin)


async def test_the_chip_counts_each_wrong_pin(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=2)
    assert tpm.failures() == 2


async def test_no_pin_at_all_is_a_wrong_one(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=1, pin=NO_PIN)
    assert tpm.failures() == 1


async def test_a_right_pin_counts_nothing(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    for _ in range(2 * MAX_TRIES):
        await opened(tpm.chip, sealed, PIN)
    assert tpm.failures() == 0


async def test_a45_after_too_many_wrong_pins_the_right_one_is_locked_out_too(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=MAX_TRIES)
    with pytest.raises(ChipLockedOut):
        await tpm.chip.unseal(sealed, PIN)


async def test_a48_the_lockout_outlives_a_loss_of_power(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=MAX_TRIES)
    tpm.restart()
    with pytest.raises(ChipLockedOut):
        await tpm.chip.unseal(sealed, PIN)


async def test_the_machines_owner_can_lift_it(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=MAX_TRIES)
    tpm.reset_lockout()
    assert await opened(tpm.chip, sealed, PIN) == SECRET


async def test_a_lockout_holds_up_nothing_that_has_no_pin(tpm: SoftwareTpm) -> None:
    with_pin, without = await tpm.chip.seal(SECRET, PIN), await tpm.chip.seal(SECRET, NO_PIN)
    handle, mark = await tpm.chip.counter_create()
    await refused(tpm, with_pin, times=MAX_TRIES)
    assert await opened(tpm.chip, without, NO_PIN) == SECRET
    assert await tpm.chip.counter_reach(handle, mark + 1) == mark + 1


async def test_a_pin_for_what_has_none_is_refused_and_not_counted(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, NO_PIN)
    await refused(tpm, sealed, times=1, pin=PIN)
    assert tpm.failures() == 0


async def test_failures_leave_nothing_in_the_chip(tpm: SoftwareTpm) -> None:
    """It has room for three objects: the fourth leak would answer 0x902 for ever."""
    tpm.set_max_tries(1000)
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=10)
    await refused(tpm, sealed[:-1] + bytes([sealed[-1] ^ 1]), times=10, pin=PIN)
    assert tpm.in_use() == {"transient": 0, "sessions": 0, "indices": 0}
    assert await opened(tpm.chip, sealed, PIN) == SECRET


async def test_a_refusal_writes_nothing_to_the_terminal(tpm: SoftwareTpm, capfd: pytest.CaptureFixture[str]) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    await refused(tpm, sealed, times=MAX_TRIES)
    with pytest.raises(ChipLockedOut):
        await tpm.chip.unseal(sealed, PIN)
    assert capfd.readouterr() == ("", "")

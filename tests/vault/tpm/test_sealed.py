"""Secrets sealed by a real TPM 2.0 in software: to a PIN, to one chip, and never in the clear on the way (A45, A46)."""

import asyncio
from pathlib import Path

import pytest

from ecrin.vault.device.linux.tpm import Tpm
from ecrin.vault.errors import SlotRefused
from vault.swtpm import SoftwareTpm, software_tpm

SECRET = bytes(range(1, 33))
PIN = bytes(range(101, 133))
OTHER = bytes(range(102, 134))
NO_PIN = b""


async def opened(chip: Tpm, sealed: bytes, pin: bytes) -> bytes:
    room = await chip.unseal(sealed, pin)
    try:
        return bytes(room.view)
    finally:
        room.close()


async def test_the_right_pin_opens_what_was_sealed(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    assert await opened(tpm.chip, sealed, PIN) == SECRET


async def test_without_a_pin_none_is_asked_for(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, NO_PIN)
    assert await opened(tpm.chip, sealed, NO_PIN) == SECRET


@pytest.mark.parametrize("size", [1, 128])
async def test_the_shortest_and_the_longest_secret_come_back(tpm: SoftwareTpm, size: int) -> None:
    sealed = await tpm.chip.seal(b"s" * size, PIN)
    assert await opened(tpm.chip, sealed, PIN) == b"s" * size


@pytest.mark.parametrize(("secret", "pin"), [(b"", PIN), (b"s" * 129, PIN), (SECRET, b"1234"), (SECRET, PIN + b"1")])
async def test_other_sizes_are_the_callers_mistake(tpm: SoftwareTpm, secret: bytes, pin: bytes) -> None:
    with pytest.raises(ValueError, match="A PIN has 32 bytes or none"):
        await tpm.chip.seal(secret, pin)


async def test_a_pin_that_ends_in_zeros_is_a_pin_like_any(tpm: SoftwareTpm) -> None:
    """The specification cuts zeros from the end of a password; so must the library."""
    pin = PIN[:30] + bytes(2)
    sealed = await tpm.chip.seal(SECRET, pin)
    assert await opened(tpm.chip, sealed, pin) == SECRET


async def test_views_and_bytearrays_will_do(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(memoryview(bytearray(SECRET)), bytearray(PIN))
    room = await tpm.chip.unseal(sealed, memoryview(PIN))
    assert room.view == SECRET


async def test_the_same_secret_is_sealed_differently_each_time(tpm: SoftwareTpm) -> None:
    assert await tpm.chip.seal(SECRET, PIN) != await tpm.chip.seal(SECRET, PIN)


async def test_it_opens_after_a_loss_of_power(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    tpm.restart()
    assert await opened(tpm.chip, sealed, PIN) == SECRET


@pytest.mark.parametrize("pin", [PIN, NO_PIN])
async def test_a45_another_chip_refuses_it(tpm: SoftwareTpm, pin: bytes) -> None:
    sealed = await tpm.chip.seal(SECRET, pin)
    with software_tpm() as other, pytest.raises(SlotRefused, match="Another chip"):
        await other.chip.unseal(sealed, pin)


async def test_a45_another_chip_is_refused_even_where_it_is_said_to_be_its_own(tpm: SoftwareTpm) -> None:
    """Its own storage key under somebody else's object: the chip itself says no."""
    sealed = await tpm.chip.seal(SECRET, PIN)
    with software_tpm() as other:
        own = await other.chip.seal(SECRET, PIN)
        with pytest.raises(SlotRefused, match="did not seal it"):
            await other.chip.unseal(own[:37] + sealed[37:], PIN)


async def test_a_chip_that_was_cleared_refuses_it(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    tpm.clear()
    with pytest.raises(SlotRefused, match="cleared"):
        await tpm.chip.unseal(sealed, PIN)


async def test_a46_a_flip_of_any_byte_is_refused_and_is_no_wrong_pin(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SlotRefused):
            await tpm.chip.unseal(bytes(changed), PIN)
    assert tpm.failures() == 0


async def test_a46_a_cut_or_longer_object_is_refused(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    for changed in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\0", sealed + bytes(1024)):
        with pytest.raises(SlotRefused):
            await tpm.chip.unseal(changed, PIN)


async def test_a46_an_object_without_the_chips_count_does_not_pass_for_one_with_it(tpm: SoftwareTpm) -> None:
    """The flag that spares an object the lockout is bound to it: nobody can set it afterwards."""
    with_pin, without = await tpm.chip.seal(SECRET, PIN), await tpm.chip.seal(SECRET, NO_PIN)
    public = slice(39, 39 + 14 - 2)
    assert with_pin[public] != without[public]
    spared = with_pin[: public.start] + without[public] + with_pin[public.stop :]
    with pytest.raises(SlotRefused, match="changed"):
        await tpm.chip.unseal(spared, PIN)


async def test_nothing_secret_crosses_the_bus_in_the_clear(
    tpm: SoftwareTpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "bus.pcap"
    monkeypatch.setenv("TCTI_PCAP_FILE", str(heard))
    tapped = Tpm(f"pcap:{tpm.tcti}")
    sealed = await tapped.seal(SECRET, PIN)
    assert await opened(tapped, sealed, PIN) == SECRET
    traffic = heard.read_bytes()
    assert sealed[3:37] in traffic, "the tap hears the storage key's name"
    assert SECRET not in traffic
    assert PIN not in traffic


async def test_calls_at_the_same_time_take_turns(tpm: SoftwareTpm) -> None:
    one, other = tpm.chip, tpm.chip
    sealed = await asyncio.gather(*(chip.seal(SECRET, PIN) for chip in (one, other, one, other)))
    assert [await opened(one, each, PIN) for each in sealed] == [SECRET] * 4


async def test_after_a_call_that_was_cancelled_the_next_one_is_as_ever(tpm: SoftwareTpm) -> None:
    chip = tpm.chip
    sealed = await chip.seal(SECRET, PIN)
    call = asyncio.create_task(chip.unseal(sealed, PIN))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await opened(chip, sealed, PIN) == SECRET
    assert tpm.in_use() == {"transient": 0, "sessions": 0, "indices": 0}

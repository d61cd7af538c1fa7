"""Counters of a real TPM 2.0 in software: they only grow, whatever is removed, cleared or put in their place (A46)."""

import asyncio

import pytest

from ecrin.vault.device.errors import ChipUnavailable, ItemMissing
from ecrin.vault.device.linux import tpm_counters
from vault.swtpm import SoftwareTpm


def put_another(tpm: SoftwareTpm, handle: bytes) -> None:
    """Put a fresh counter in the place of one, as whoever may open the chip can."""
    with tpm.open() as on:
        index = int.from_bytes(handle[:4], "big")
        on.esapi.nv_undefine_space(on.esapi.tr_from_tpmpublic(index))
        on.esapi.nv_increment(on.esapi.nv_define_space(None, tpm_counters._public(on.lib, index)))


async def fill(tpm: SoftwareTpm) -> None:
    for _ in range(10_000):
        await tpm.chip.counter_create()


async def test_a_new_counter_stands_at_what_it_says(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    assert await tpm.chip.counter_read(handle) == stands


async def test_a_counter_grows_to_what_it_is_told(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    assert await tpm.chip.counter_reach(handle, stands + 3) == stands + 3
    assert await tpm.chip.counter_read(handle) == stands + 3


async def test_a46_a_counter_never_goes_back(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    await tpm.chip.counter_reach(handle, stands + 3)
    assert await tpm.chip.counter_reach(handle, stands + 1) == stands + 3
    assert await tpm.chip.counter_read(handle) == stands + 3


async def test_several_that_let_it_grow_at_once_do_not_step_past_the_mark(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    await asyncio.gather(*(tpm.chip.counter_reach(handle, stands + 1 + more) for more in (0, 4, 2, 4)))
    assert await tpm.chip.counter_read(handle) == stands + 5


async def test_a_handle_has_room_in_the_params(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    assert len(handle) == 38


async def test_counters_do_not_move_each_other(tpm: SoftwareTpm) -> None:
    one, stands = await tpm.chip.counter_create()
    other, its = await tpm.chip.counter_create()
    await tpm.chip.counter_reach(other, its + 1)
    assert await tpm.chip.counter_read(one) == stands


async def test_a_counter_outlives_a_loss_of_power(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    await tpm.chip.counter_reach(handle, stands + 1)
    tpm.restart()
    assert await tpm.chip.counter_read(handle) == stands + 1


async def test_a_removed_counter_is_gone(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    await tpm.chip.counter_remove(handle)
    assert await tpm.chip.counter_read(handle) is None
    assert tpm.in_use()["indices"] == 0


async def test_to_remove_one_that_is_gone_is_no_error(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    await tpm.chip.counter_remove(handle)
    await tpm.chip.counter_remove(handle)


async def test_one_that_is_gone_cannot_grow(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    await tpm.chip.counter_remove(handle)
    with pytest.raises(ItemMissing):
        await tpm.chip.counter_reach(handle, 1)


@pytest.mark.parametrize("handle", [b"", b"x", bytes(38), b"\x01\xc0\x00\x02" + bytes(34), b"\xff" * 38])
async def test_what_is_no_handle_of_ours_names_no_counter(tpm: SoftwareTpm, handle: bytes) -> None:
    assert await tpm.chip.counter_read(handle) is None


async def test_a46_a_counter_made_anew_starts_above_all_that_ever_were(tpm: SoftwareTpm) -> None:
    handle, stood = await tpm.chip.counter_create()
    reached = await tpm.chip.counter_reach(handle, stood + 9)
    await tpm.chip.counter_remove(handle)
    _, stands = await tpm.chip.counter_create()
    assert stands > reached


async def test_a46_not_even_a_chip_that_is_cleared_counts_from_the_start(tpm: SoftwareTpm) -> None:
    handle, stood = await tpm.chip.counter_create()
    reached = await tpm.chip.counter_reach(handle, stood + 1)
    tpm.clear()
    assert await tpm.chip.counter_read(handle) is None
    _, stands = await tpm.chip.counter_create()
    assert stands > reached


async def test_a46_another_counter_in_its_place_is_noticed(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    put_another(tpm, handle)
    assert await tpm.chip.counter_read(handle) is None


async def test_another_counter_in_its_place_is_left_alone(tpm: SoftwareTpm) -> None:
    handle, _ = await tpm.chip.counter_create()
    put_another(tpm, handle)
    await tpm.chip.counter_remove(handle)
    assert tpm.in_use()["indices"] == 1


async def test_a_full_chip_says_so_and_keeps_what_it_has(tpm: SoftwareTpm) -> None:
    handle, stands = await tpm.chip.counter_create()
    with pytest.raises(ChipUnavailable, match="no room"):
        await fill(tpm)
    assert await tpm.chip.counter_read(handle) == stands

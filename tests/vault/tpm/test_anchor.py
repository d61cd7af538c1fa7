"""The mark of a vault in a counter of a real TPM 2.0 in software (A46: an older copy of the file)."""

import asyncio
from typing import Any

import pytest

from ecrin.vault.anchors.chip import MAX_STEPS, ChipAnchor
from ecrin.vault.errors import VaultDamaged
from vault.swtpm import SoftwareTpm

APP = "com.example.notes"
VAULT = b"v" * 16


async def test_a_new_mark_stands_at_what_it_says(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    assert await anchor.read(APP, VAULT, params) == mark


async def test_a_mark_advances_to_where_it_is_told(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    await anchor.advance(APP, VAULT, params, mark + 5)
    assert await anchor.read(APP, VAULT, params) == mark + 5


async def test_several_processes_that_advance_it_at_once_do_not_step_past_it(tpm: SoftwareTpm) -> None:
    """Else the file would stand below its mark, and pass for an older copy."""
    params, mark = await ChipAnchor(tpm.chip).create(APP, VAULT)
    await asyncio.gather(*(ChipAnchor(tpm.chip).advance(APP, VAULT, params, mark + 3) for _ in range(4)))
    assert await ChipAnchor(tpm.chip).read(APP, VAULT, params) == mark + 3


@pytest.mark.parametrize("below", [0, 1])
async def test_a46_a_mark_that_is_there_already_is_left(tpm: SoftwareTpm, below: int) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    await anchor.advance(APP, VAULT, params, mark + 2)
    await anchor.advance(APP, VAULT, params, mark + 2 - below)
    assert await anchor.read(APP, VAULT, params) == mark + 2


async def test_a_mark_goes_as_far_as_it_may_and_no_further(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    with pytest.raises(VaultDamaged, match="65 above"):
        await anchor.advance(APP, VAULT, params, mark + MAX_STEPS + 1)
    assert await anchor.read(APP, VAULT, params) == mark
    await anchor.advance(APP, VAULT, params, mark + MAX_STEPS)
    assert await anchor.read(APP, VAULT, params) == mark + MAX_STEPS


async def test_a46_a_mark_that_is_gone_is_none_and_is_not_made_anew(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    await anchor.remove(APP, VAULT, params)
    await anchor.advance(APP, VAULT, params, mark + 1)
    assert await anchor.read(APP, VAULT, params) is None


async def test_to_remove_a_mark_that_is_gone_is_no_error(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, _ = await anchor.create(APP, VAULT)
    await anchor.remove(APP, VAULT, params)
    await anchor.remove(APP, VAULT, params)


async def test_a46_a_vault_made_anew_has_a_mark_above_the_old_one(tpm: SoftwareTpm) -> None:
    anchor = ChipAnchor(tpm.chip)
    params, mark = await anchor.create(APP, VAULT)
    await anchor.advance(APP, VAULT, params, mark + 7)
    await anchor.remove(APP, VAULT, params)
    _, again = await anchor.create(APP, VAULT)
    assert again > mark + 7


@pytest.mark.parametrize("params", [{}, {"counter": 1}, {"counter": "="}])
async def test_params_without_a_counter_are_damaged(tpm: SoftwareTpm, params: dict[str, Any]) -> None:
    with pytest.raises(VaultDamaged):
        await ChipAnchor(tpm.chip).read(APP, VAULT, params)

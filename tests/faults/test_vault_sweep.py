"""The faults of a vault at every place they can happen: killed and refused at each call, every byte flipped.

The few of `tests/vault/faults`, in full. Figures are printed: survived of injected, detected of flipped.
"""

from pathlib import Path

import pytest

from vault.faults import flipping, sweeps
from vault.faults.acts import ACTS
from vault.faults.conftest import template, workers
from vault.faults.sabotage import Workers
from vault.faults.test_flips import prepared

__all__ = ["template", "workers"]


@pytest.mark.parametrize("act", ACTS)
def test_f16_killed_at_every_call_of_an_act_the_vault_is_the_old_one_or_the_new_one(
    workers: Workers, template: Path, act: str
) -> None:
    figures, calls = sweeps.killed(workers, template, act), sweeps.traced(workers, template, act)
    print(f"{act}, killed at every call: survived {figures.injected} of {calls} ({figures})")
    assert figures.injected == calls


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS"])
@pytest.mark.parametrize("act", ACTS)
def test_f3_f4_refused_at_every_call_of_an_act_it_says_so_and_nothing_is_lost(
    workers: Workers, template: Path, act: str, error: str
) -> None:
    figures, calls = sweeps.refused(workers, template, act, error), sweeps.traced(workers, template, act)
    print(f"{act}, {error} at every call: survived {figures.injected} of {calls} ({figures})")
    assert figures.injected == calls


async def test_f5_every_byte_flipped_is_found_or_held_nothing(tmp_path: Path) -> None:
    data, keys = await prepared(tmp_path)
    figures = await flipping.sweep(tmp_path / "device", flipping.flips(data), keys)
    print(flipping.figure("every byte flipped", figures))
    assert figures.total() == len(data)


async def test_f5_every_tail_cut_and_much_junk_is_found_or_held_nothing(tmp_path: Path) -> None:
    data, keys = await prepared(tmp_path)
    for seed in range(4):
        figures = await flipping.sweep(tmp_path / "device", flipping.junk(data, 1000, seed), keys)
        print(flipping.figure(f"junk of seed {seed}", figures))
    figures = await flipping.sweep(tmp_path / "device", flipping.cuts(data, 64), keys)
    print(flipping.figure("tails cut", figures))
    assert figures["VAULT_DAMAGED"] > 100

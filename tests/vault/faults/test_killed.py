"""Killed in the middle of an act: the next process finds the old vault or the new one (F16, attack A46).

A few places of each act; `make faults` has them all.
"""

from pathlib import Path

import pytest

from vault.faults import sweeps
from vault.faults.acts import ACTS
from vault.faults.sabotage import Workers


@pytest.mark.parametrize("act", ACTS)
def test_f16_killed_in_an_act_the_vault_is_the_old_one_or_the_new_one(
    workers: Workers, template: Path, act: str
) -> None:
    figures = sweeps.killed(workers, template, act, places=range(3, 10_000, 5))
    print(f"{act}, killed: {figures}")
    assert figures.injected > 4


@pytest.mark.parametrize("act", ["initialize", "clear"])  # in two threads and in three
def test_f16_the_places_are_the_calls_that_strace_sees_in_all_threads(
    workers: Workers, template: Path, act: str
) -> None:
    last = sweeps.traced(workers, template, act)
    assert sweeps.killed(workers, template, act, places=(last, last + 1)).injected == 1


def test_f3_refused_by_the_disk_an_act_says_so_and_the_next_one_works(workers: Workers, template: Path) -> None:
    for act in ("set", "passcode", "rotate", "clear"):
        figures = sweeps.refused(workers, template, act, "EIO", places=range(1, 10_000, 6))
        print(f"{act}, EIO: {figures}")
        assert figures.injected > 5


def test_f4_a_value_is_acknowledged_after_its_pages_were_synced(workers: Workers, template: Path) -> None:
    """The log of the write is on disk before the line that says so leaves: a kill could not tell (F4)."""
    outcome = workers.run(template, "set", trace="pwrite64,fdatasync,write")
    calls = [line.split(maxsplit=1)[1] for line in (template / "strace.log").read_text().splitlines()]
    told = next(at for at, call in enumerate(calls) if '"done\\n"' in call)
    synced = max(at for at, call in enumerate(calls[:told]) if call.startswith("fdatasync"))
    written = max(at for at, call in enumerate(calls[:told]) if call.startswith("pwrite64"))
    assert outcome.said == ["done", "again"]
    assert calls[synced].split("(")[0] == "fdatasync"
    assert written < synced < told

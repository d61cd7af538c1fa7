"""Sweeps: one fault at the first, the second, the third ... call of an act that changes a file, whichever thread's.

It strikes just before the call: between two of them the disk stays as it is.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vault.faults.acts import ACTS
from vault.faults.judging import AGAIN, found
from vault.faults.sabotage import CHANGING, Outcome, Workers, changes

REFUSALS = {"VAULT_FULL", "VAULT_UNWRITABLE", "KEY_STORE_UNAVAILABLE"}


@dataclass
class Figures:
    """What came of a sweep: how many faults struck, and what was found after them."""

    injected: int = 0
    states: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))


def traced(workers: Workers, template: Path, act: str) -> int:
    """Return how many calls that change a file strace sees an act make to which nothing happens."""
    folder = _folder(template, act, "traced")
    workers.run(folder, act, trace=CHANGING)
    return changes(folder / "strace.log")


def killed(workers: Workers, template: Path, act: str, places: Iterable[int] = range(1, 10_000)) -> Figures:
    """Kill a worker at each file-changing call of an act, or at some, and judge what is left of its vault."""
    figures = Figures()
    for folder, outcome in _each(workers, template, act, 0, places):
        assert outcome.killed, folder
        _count(figures, found(folder, act)[0])
    return figures


def refused(
    workers: Workers, template: Path, act: str, error: str, places: Iterable[int] = range(1, 10_000)
) -> Figures:
    """Refuse each file-changing call of an act once, or some, and judge what the vault said and what it did."""
    figures = Figures()
    for folder, outcome in _each(workers, template, act, getattr(errno, error), places):
        state, held = found(folder, act)
        assert_told(outcome, state, held, folder)
        _count(figures, state)
    return figures


def assert_told(outcome: Outcome, state: str, held: dict[str, Any], place: Path) -> None:
    """What was acknowledged is there, what was refused is not, and the write after it works."""
    said, *again = outcome.said
    assert said == "done" or said in REFUSALS, (place, said)
    assert ("new" if said == "done" else "old") in state, (place, said, state)
    if again:
        assert (again == ["again"]) == (AGAIN.items() <= held.items()), (place, again)
        assert said == "done" or again == ["again"], (place, said, again)


def _each(
    workers: Workers, template: Path, act: str, error: int, places: Iterable[int]
) -> Iterator[tuple[Path, Outcome]]:
    """Yield what is left by each run that was struck; the first that was not has no call of that number."""
    for place in places:
        folder = _folder(template, act, f"{error}-at-{place}")
        outcome = workers.run(folder, act, place, error)
        if not outcome.killed and outcome.calls < place:
            return
        yield folder, outcome
        shutil.rmtree(folder)


def _folder(template: Path, act: str, name: str) -> Path:
    """Return a device for one run: new, or with the vault that acts begin with."""
    folder = template.with_name(f"{act}-{name}")
    if ACTS[act].fresh:
        folder.mkdir()
        return folder
    return Path(shutil.copytree(template, folder))


def _count(figures: Figures, state: str) -> None:
    figures.injected += 1
    figures.states[state] = figures.states.get(state, 0) + 1

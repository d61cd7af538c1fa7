"""Sweeps: one fault at the first, the second, the third ... call of an act, until the act does not meet it any more."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vault.faults.acts import ACTS
from vault.faults.judging import AGAIN, found
from vault.faults.sabotage import CHANGING, Outcome, Workers

REFUSALS = {"VAULT_FULL", "VAULT_UNWRITABLE", "KEY_STORE_UNAVAILABLE"}
FILES = tuple(call for call in CHANGING if call not in {"openat", "write", "mkdir"})  # the interpreter's own too


@dataclass
class Figures:
    """What came of a sweep: how many faults struck, and what was found after them."""

    injected: int = 0
    states: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        found = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return f"survived {self.injected} of {self.injected} ({found})"


def killed(workers: Workers, template: Path, act: str, places: Iterable[int] | None = None) -> Figures:
    """Kill a worker at each file-changing call of an act, or at some, and judge what is left of its vault."""
    figures = Figures()
    for call in CHANGING:
        for folder, outcome in _each(workers, template, act, f"{call}:signal=KILL", places):
            assert outcome.killed, folder
            _count(figures, found(folder, act)[0])
    return figures


def refused(workers: Workers, template: Path, act: str, error: str, places: Iterable[int] | None = None) -> Figures:
    """Refuse each file-changing call of an act once, or some, and judge what the vault said and what it did."""
    figures = Figures()
    for call in FILES:
        for folder, outcome in _each(workers, template, act, f"{call}:error={error}", places):
            state, held = found(folder, act)
            assert_told(outcome, state, held, folder)
            _count(figures, state)
    return figures


def assert_told(outcome: Outcome, state: str, held: object, place: Path) -> None:
    """What was acknowledged is there, what was refused is not, and the write after it works."""
    said, *again = outcome.said
    assert said == "done" or said in REFUSALS, (place, said)
    assert ("new" if said == "done" else "old") in state, (place, said, state)
    if again:
        assert (again == ["again"]) == (AGAIN.items() <= held.items()), (place, again)  # type: ignore[attr-defined,operator]
        assert said == "done" or again == ["again"], (place, said, again)


def _each(
    workers: Workers, template: Path, act: str, fault: str, places: Iterable[int] | None
) -> Iterator[tuple[Path, Outcome]]:
    for place in places if places is not None else range(1, 10_000):
        folder = template.with_name(f"{act} {fault} {place}".replace(" ", "-").replace(":", "-"))
        if ACTS[act].fresh:
            folder.mkdir()
        else:
            shutil.copytree(template, folder)
        outcome = workers.run(folder, act, f"{fault}:when={place}")
        if not outcome.struck:
            return
        yield folder, outcome
        shutil.rmtree(folder)


def _count(figures: Figures, state: str) -> None:
    figures.injected += 1
    figures.states[state] = figures.states.get(state, 0) + 1

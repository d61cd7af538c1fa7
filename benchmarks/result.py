"""What a measurement says: one `Figure` a line, with its budget and whether that holds."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a budget."""

    HOLDS = "holds"
    MISS = "MISS"
    UNSURE = "too noisy"  # the machine did not allow a verdict
    NONE = "-"  # for orientation: there is no budget
    SKIPPED = "skipped"  # this machine lacks the peer; the note says what
    FAILED = "not measured"


class Unavailable(Exception):
    """This machine cannot run what a row needs; the row is skipped and says so."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    `ours` and `peer` are in `unit`; `ratio` is what the budget speaks of, where it speaks of a ratio. `detail` holds
    further numbers for the JSON file, `note` a sentence for people.
    """

    row: str
    what: str
    unit: str
    ours: float | None = None
    peer: float | None = None
    against: str = ""
    ratio: float | None = None
    budget: str = ""
    verdict: Verdict = Verdict.NONE
    note: str = ""
    detail: dict[str, object] = field(default_factory=dict)


def judged(*, holds: bool) -> Verdict:
    """Return the verdict on a budget."""
    return Verdict.HOLDS if holds else Verdict.MISS


def paired(ours: Sequence[float], peer: Sequence[float]) -> tuple[float, float, float]:
    """Return both medians and the median of the ratios ours / peer of rounds that were measured side by side."""
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    return statistics.median(ours), statistics.median(peer), statistics.median(ratios)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

"""Durable writes: group commit beside one commit per request (`benchmarks.group_commit`)."""

from typing import cast

from benchmarks import group_commit
from benchmarks.result import Figure, judged
from benchmarks.stage import Stage


def measure(stage: Stage) -> list[Figure]:
    """Return the ratio with the event loop at 80 % load."""
    found = group_commit.run(quick=stage.quick)
    ratio = cast("float", found["ratio"])
    return [
        Figure(
            "commits",
            str(found["what"]),
            "units/s",
            cast("float", found["group commit"]),
            cast("float", found["one commit per request"]),
            "one commit each",
            ratio,
            f"{group_commit.BUDGET:.0f} x",
            judged(holds=ratio >= group_commit.BUDGET),
            f"{found['group commit, event loop idle']} units/s with the event loop idle",
            dict(found),
        )
    ]

"""Ours beside the peer: the same requests to both, in rounds that alternate, on one core each in turn.

What counts is requests per second of the server's processor time: both are busy all the time, so on a quiet machine
that is what the clock says too, and on a busy one it is what the neighbours disturb least. The note has the clock's.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import Turn, Window, closed_loop
from benchmarks.result import Figure, Verdict, judged, paired, percentile
from benchmarks.server import Server


@dataclass(frozen=True, slots=True)
class Side:
    """A server and the turns that keep it busy."""

    server: Server
    turns: list[Turn]

    async def window(self, seconds: float) -> Window:
        """Return what it answers in a window of time."""
        return await closed_loop(self.server.address, self.turns, seconds, self.server.processor)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Windows measured next to each other."""

    ours: list[Window]
    peer: list[Window]

    @property
    def ratio(self) -> float:
        """Return the median of the ratios by processor time."""
        return paired([w.per_processor for w in self.ours], [w.per_processor for w in self.peer])[2]

    @property
    def ratio_by_clock(self) -> float:
        """Return the median of the ratios by the clock."""
        return paired([w.rate for w in self.ours], [w.rate for w in self.peer])[2]


async def rounds(ours: Side, peer: Side, *, quick: bool, between: Callable[[], None] = lambda: None) -> Rounds:
    """Warm both up (the peer's compiler takes seconds to see what is hot), then measure them in turn.

    `between` is called after each round, for a third thing to be measured beside them.
    """
    count, seconds, warm = (3, 1.0, 5.0) if quick else (15, 1.0, 12.0)
    for side in (peer, ours):
        await side.window(warm)
    found = Rounds([], [])
    for _ in range(count):
        found.ours.append(await ours.window(seconds))
        found.peer.append(await peer.window(seconds))
        between()
    return found


def figure(row: str, what: str, against: str, found: Rounds, budget: float | None) -> Figure:
    """Return the line of what was found; `budget` is a ratio."""
    p99 = percentile([t for w in found.ours for t in w.times], 0.99) * 1000
    clock = [statistics.median(w.rate for w in side) for side in (found.ours, found.peer)]
    return Figure(
        row,
        what,
        "/CPU-s",
        statistics.median(w.per_processor for w in found.ours),
        statistics.median(w.per_processor for w in found.peer),
        against,
        found.ratio,
        f"{budget:g} x" if budget else "",
        judged(holds=found.ratio >= budget) if budget else Verdict.NONE,
        note=f"by the clock {clock[0]:,.0f}/s and {clock[1]:,.0f}/s, {found.ratio_by_clock:.2f} x; p99 {p99:.0f} ms",
        detail={
            "ratio_by_clock": found.ratio_by_clock,
            "p99_ms": p99,
            "clock": [_pair(a.rate, b.rate) for a, b in _both(found)],
            "processor": [_pair(a.per_processor, b.per_processor) for a, b in _both(found)],
        },
    )


def _both(found: Rounds) -> Sequence[tuple[Window, Window]]:
    return list(zip(found.ours, found.peer, strict=True))


def _pair(ours: float, peer: float) -> list[int]:
    return [round(ours), round(peer)]

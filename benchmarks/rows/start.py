"""From the start of a process to its first answer, and what it holds in memory when nothing happens."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import emulator, ours
from benchmarks.machine import cores
from benchmarks.result import Figure, Unavailable, judged
from benchmarks.server import Server
from benchmarks.stage import Stage

SECONDS = 2.0
MEGABYTES = 130.0
SETTLES = 2.0  # seconds until what a start leaves behind is done


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the first answer, by the clock and of processor time, and idle resident memory in MB."""

    seconds: float
    processor: float
    memory: float


def once(start: Callable[[Path, set[int]], Server], folder: Path) -> Start:
    """Start a server with all cores of the machine, let it rest, and stop it."""
    server = start(folder, set(cores()))
    try:
        used = server.processor()
        time.sleep(SETTLES)
        return Start(server.started_in, used, server.memory())
    finally:
        server.stop()


def _ours(rounds: int) -> tuple[list[Start], list[Start]]:
    """Return starts on fresh folders and on the same folders again."""
    fresh, again = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            fresh.append(once(ours.start, Path(folder)))
            again.append(once(ours.start, Path(folder)))
    return fresh, again


def _peers(rounds: int) -> list[Start]:
    starts = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            starts.append(once(emulator.start, Path(folder)))
    return starts


def measure(stage: Stage) -> list[Figure]:
    """Return both kinds of start and the idle memory; the peer's beside them if it can run."""
    fresh, again = _ours(1 if stage.quick else 5)
    try:
        peer, missing = _peers(1 if stage.quick else 3), ""
    except Unavailable as reason:
        peer, missing = [], str(reason)
    held = statistics.median(s.memory for s in peer) if peer else None
    return [
        _seconds("start, fresh data folder (keys made)", fresh, peer, missing),
        _seconds("start, existing data folder", again, peer, missing),
        _memory(again, held, missing),
    ]


def _seconds(what: str, starts: list[Start], peers: list[Start], missing: str) -> Figure:
    ours = statistics.median(s.seconds for s in starts)
    peer = statistics.median(s.seconds for s in peers) if peers else None
    used = [f"{statistics.median(s.processor for s in side):.2f} s" for side in (starts, peers) if side]
    return Figure(
        "start",
        what,
        "s",
        ours,
        peer,
        "emulator" if peer else "",
        peer / ours if peer else None,
        f"< {SECONDS:.0f} s",
        judged(holds=ours < SECONDS),
        f"of processor time {' and '.join(used)}{missing and '; '}{missing}",
        {"each": [round(s.seconds, 3) for s in starts]},
    )


def _memory(starts: list[Start], peer: float | None, note: str) -> Figure:
    ours = statistics.median(s.memory for s in starts)
    return Figure(
        "start",
        "idle memory, whole process tree",
        "MB",
        ours,
        peer,
        "emulator" if peer else "",
        peer / ours if peer else None,
        f"< {MEGABYTES:.0f} MB",
        judged(holds=ours < MEGABYTES),
        note,
        {"each": [round(s.memory, 1) for s in starts]},
    )

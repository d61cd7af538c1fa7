"""The storage faults at every place they can happen: killed, or refused by the disk, at each system call in turn.

The few of `tests/storage/test_durability.py`, in full. Figures of a sweep are printed: survived of injected, lost.
"""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

strace = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "storage" / "strace_tools.py")))
why_not = strace.absent()
pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))

ROWS, TOGETHER = 24, 3


def sweep(folder: Path, fault: str, attempt: Callable[[Path, str], bool]) -> int:
    """Inject the fault at the first, second, third ... call until a run does not meet it; count those that did."""
    met = 0
    while True:
        place = folder / f"at-{met + 1}"
        place.mkdir()
        if not attempt(place / "ecrin.db", f"{fault}:when={met + 1}"):
            return met
        met += 1


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "ftruncate", "unlink"])
def test_f1_killed_at_every_call_nothing_acknowledged_is_lost(tmp_path: Path, call: str) -> None:
    def attempt(path: Path, fault: str) -> bool:
        lines = strace.run(path, "write", ROWS, TOGETHER, inject=fault)
        acked = strace.numbers(lines, "ack")
        assert acked <= (strace.rows(path) if path.exists() else set()), fault
        return "closed" not in lines

    met = sweep(tmp_path, f"{call}:signal=KILL", attempt)
    print(f"killed at {call}: survived {met} of {met}, acknowledged writes lost: 0")
    assert met >= 1


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS"])
def test_f3_refused_at_every_call_nothing_is_acknowledged_wrongly(tmp_path: Path, call: str, error: str) -> None:
    def attempt(path: Path, fault: str) -> bool:
        lines = strace.run(path, "write", ROWS, TOGETHER, inject=fault, log=path.with_name("log"))
        acked, refused = strace.numbers(lines, "ack"), strace.numbers(lines, "error")
        present = strace.rows(path) if path.exists() else set()
        assert acked <= present, fault
        assert not refused & present, fault
        assert "ready" not in lines or acked | refused == set(range(ROWS)), fault
        return "INJECTED" in path.with_name("log").read_text(errors="replace")

    met = sweep(tmp_path, f"{call}:error={error}", attempt)
    print(f"{error} at {call}: survived {met} of {met}, acknowledged writes lost: 0")
    assert met >= 10


def test_f14_a_migration_killed_at_every_call_is_old_or_new(tmp_path: Path) -> None:
    def attempt(path: Path, fault: str) -> bool:
        lines = strace.run(path, "migrate", 3, inject=fault)
        applied, tables = strace.versions(path) if path.exists() else ([], set())
        assert applied == list(range(1, len(applied) + 1)), fault
        assert tables == {f"{side}_{number}" for number in applied for side in ("left", "right")}, fault
        return "closed" not in lines

    met = sweep(tmp_path, "pwrite64,fdatasync:signal=KILL", attempt)
    print(f"migration killed: survived {met} of {met}")
    assert met >= 20

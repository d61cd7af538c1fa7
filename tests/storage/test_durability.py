"""A reply that says done leaves only after its commit is on disk: strace is the witness.

Killing the process cannot see a missing fsync, because the kernel keeps the pages; the order of the system calls can.
"""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

strace = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("strace_tools.py"))))
why_not = strace.absent()
pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))


def test_every_acknowledged_write_was_synced_before(tmp_path: Path) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 50, 1, log=tmp_path / "log")
    trace = strace.calls(tmp_path / "log")
    assert strace.numbers(lines, "ack") == set(range(50))
    assert strace.unsynced_acks(trace, tmp_path / "ecrin.db") == set()


def test_every_unit_of_a_group_was_synced_before_it_was_acknowledged(tmp_path: Path) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 96, 16, log=tmp_path / "log")
    trace = strace.calls(tmp_path / "log")
    assert strace.numbers(lines, "ack") == set(range(96))
    assert strace.unkept_acks(trace, tmp_path / "ecrin.db") == set()
    assert sum(call.name in {"fdatasync", "fsync"} for call in trace) < 60  # and they did share commits


@pytest.mark.parametrize("weaker", ["OFF", "NORMAL"])
def test_the_witness_sees_a_database_that_does_not_sync(tmp_path: Path, weaker: str) -> None:
    strace.run(tmp_path / "ecrin.db", "write", 20, 1, weaker, log=tmp_path / "log")
    trace = strace.calls(tmp_path / "log")
    assert strace.unsynced_acks(trace, tmp_path / "ecrin.db") == set(range(20))
    assert strace.unkept_acks(trace, tmp_path / "ecrin.db") == set(range(20))


@pytest.mark.parametrize("when", [3, 9, 14, 30, 61])
def test_a_kill_while_a_page_is_written_loses_nothing_acknowledged(tmp_path: Path, when: int) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 40, 4, inject=f"pwrite64:signal=KILL:when={when}")
    assert "ack 39" not in lines
    assert strace.numbers(lines, "ack") <= strace.rows(tmp_path / "ecrin.db")


@pytest.mark.parametrize("when", [1, 3, 6, 10])
def test_a_kill_while_the_disk_syncs_loses_nothing_acknowledged(tmp_path: Path, when: int) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 40, 4, inject=f"fdatasync:signal=KILL:when={when}")
    assert "ack 39" not in lines
    assert strace.numbers(lines, "ack") <= strace.rows(tmp_path / "ecrin.db")


@pytest.mark.parametrize("when", ["9", "10", "15", "9..12", "9..17+2"])
def test_a_sync_that_fails_is_never_acknowledged_and_later_writes_work(tmp_path: Path, when: str) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 30, 1, inject=f"fdatasync:error=EIO:when={when}")
    acked, refused = strace.numbers(lines, "ack"), strace.numbers(lines, "error")
    assert refused
    assert acked | refused == set(range(30))
    assert max(acked) > max(refused)
    assert strace.rows(tmp_path / "ecrin.db") == acked


def test_a_disk_that_never_syncs_again_acknowledges_nothing_more(tmp_path: Path) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 12, 1, inject="fdatasync:error=EIO:when=12+")
    acked, refused = strace.numbers(lines, "ack"), strace.numbers(lines, "error")
    assert acked | refused == set(range(12))
    assert max(acked) < min(refused)
    assert acked <= strace.rows(tmp_path / "ecrin.db")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_page_write_that_fails_is_never_acknowledged_and_later_writes_work(tmp_path: Path, error: str) -> None:
    lines = strace.run(tmp_path / "ecrin.db", "write", 30, 1, inject=f"pwrite64:error={error}:when=30")
    acked, refused = strace.numbers(lines, "ack"), strace.numbers(lines, "error")
    assert len(refused) == 1
    assert acked == set(range(30)) - refused == strace.rows(tmp_path / "ecrin.db")
    assert any(line.endswith("STORAGE_FULL" if error == "ENOSPC" else "STORAGE_FAILED") for line in lines)


@pytest.mark.parametrize("when", [5, 12, 20, 28])
def test_a_migration_killed_in_the_middle_is_old_or_new(tmp_path: Path, when: int) -> None:
    strace.run(tmp_path / "ecrin.db", "migrate", 3, inject=f"pwrite64:signal=KILL:when={when}")
    applied, tables = strace.versions(tmp_path / "ecrin.db")
    assert applied == list(range(1, len(applied) + 1))
    assert tables == {f"{side}_{number}" for number in applied for side in ("left", "right")}
    again = [sys.executable, str(strace.PROGRAM), str(tmp_path / "ecrin.db"), "migrate", "3"]
    said = subprocess.run(again, capture_output=True, text=True, check=True).stdout
    assert said == f"applied {list(range(len(applied) + 1, 4))}\nclosed\n"

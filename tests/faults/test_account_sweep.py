"""The persistent account killed at every system call of a save that changes a file: the old data or the new, N of N."""

import subprocess
import sys
from pathlib import Path

import pytest

from vault.account.crash import KEY, SAVER, found
from vault.faults.sabotage import CHANGING, absent, cannot_strike, changes, striking

why_not = cannot_strike() or absent()
pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))
STRUCK = """
import ctypes, runpy, sys
ctypes.CDLL(None).strike_at(int(sys.argv[1]), 0)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
TRACED = ("strace", "-f", "-e", f"trace={CHANGING}", "-o")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return striking(tmp_path)


def saved(environment: dict[str, str], folder: Path, data: str, place: int, *under: str) -> bool:
    """Save in a process that is killed at its call of that number, if there is one; return whether it was not."""
    saver = (sys.executable, "-B", "-c", STRUCK, str(place), str(SAVER), str(folder), KEY, data)
    done = subprocess.run([*under, *saver], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout == "done\n") == (done.returncode == 0), done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("old", [None, "old"])
def test_killed_at_every_call_the_account_is_the_old_or_the_new(
    environment: dict[str, str], tmp_path: Path, old: str | None
) -> None:
    def fresh(name: str) -> Path:
        folder = tmp_path / name
        assert old is None or saved(environment, folder, old, 0)
        return folder

    survived = 0
    while not saved(environment, folder := fresh(str(survived)), "new", survived + 1):
        assert found(folder) in (old, "new")
        survived += 1
    log = tmp_path / "log"
    assert saved(environment, fresh("traced"), "new", 0, *TRACED, str(log))
    print(f"account killed at every call, {old or 'nothing'} before: whole in {survived} of {changes(log)}")
    assert survived == changes(log)

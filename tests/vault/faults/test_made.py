"""A new vault's file and its name, and that a wiped one is gone, are on disk before anybody hears of it: by strace."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from vault.faults.sabotage import absent

why_not = absent()
pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))


@pytest.fixture
def steps(tmp_path: Path) -> list[tuple[str, str]]:
    """The calls of a program that makes a vault and wipes it, each with the name of its file or with what was said."""
    log = tmp_path / "log"
    calls = "trace=fsync,fdatasync,rename,unlink,write"
    maker = [sys.executable, "-B", str(Path(__file__).with_name("maker.py")), str(tmp_path / "data")]
    subprocess.run(["strace", "-f", "-y", "-qq", "-o", str(log), "-e", calls, *maker], check=True, capture_output=True)
    return [_step(line) for line in log.read_text().splitlines()]


def test_a_new_file_is_synced_named_and_its_folder_synced_before_it_is_done(steps: list[tuple[str, str]]) -> None:
    named = next(at for at, (call, _) in enumerate(steps) if call == "rename")
    draft, made = steps[named][1], steps.index(("write", "made"))
    assert draft.startswith(".default.ecrin-vault.")
    assert {("fsync", draft), ("fdatasync", draft)} & set(steps[:named])
    assert ("fsync", "vaults") in steps[named + 1 : made]


def test_a_file_that_is_wiped_is_removed_and_its_folder_synced_before_it_is_done(steps: list[tuple[str, str]]) -> None:
    """Else a power cut brings back, sealed, what somebody was told is gone."""
    made, wiped = steps.index(("write", "made")), steps.index(("write", "wiped"))
    removed = [at for at, step in enumerate(steps) if step == ("unlink", "default.ecrin-vault") and made < at < wiped]
    assert ("fsync", "vaults") in steps[removed[-1] : wiped]


def _step(line: str) -> tuple[str, str]:
    """Return a call and what it is about: a file's name, or what was said."""
    call = re.search(r"(fsync|fdatasync|rename|unlink|write)\((?:\d+<)?\"?([^>\",]*)", line)
    if call is None:
        return "", ""
    said = re.search(r'"(made|wiped)\\n"', line)
    return call[1], said[1] if said else Path(call[2]).name

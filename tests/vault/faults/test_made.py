"""A new vault's file is on disk, and so is its name, before anybody hears of it (strace as witness)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from vault.faults.sabotage import absent

why_not = absent()
pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))


def test_a_new_file_is_synced_named_and_its_folder_synced_before_it_is_done(tmp_path: Path) -> None:
    log = tmp_path / "log"
    calls = "trace=fsync,fdatasync,rename,write"
    maker = [sys.executable, "-B", str(Path(__file__).with_name("maker.py")), str(tmp_path / "data")]
    subprocess.run(["strace", "-f", "-y", "-qq", "-o", str(log), "-e", calls, *maker], check=True, capture_output=True)
    steps = [_step(line) for line in log.read_text().splitlines()]
    named = next(at for at, (call, _) in enumerate(steps) if call == "rename")
    draft, done = steps[named][1], steps.index(("write", "done"))
    assert draft.startswith(".default.ecrin-vault.")
    assert {("fsync", draft), ("fdatasync", draft)} & set(steps[:named])
    assert ("fsync", "vaults") in steps[named + 1 : done]


def _step(line: str) -> tuple[str, str]:
    """Return a call and what it is about: a file's name, or that the work is done."""
    call = re.search(r"(fsync|fdatasync|rename|write)\((?:\d+<)?\"?([^>\",]*)", line)
    if call is None:
        return "", ""
    return call[1], "done" if '"done' in line else Path(call[2]).name

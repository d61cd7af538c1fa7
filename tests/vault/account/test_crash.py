"""A save that is killed leaves the old data or the new, whole; one that is done is on disk.

The first of each call here; every one in tests/faults.
"""

import re
from pathlib import Path

import pytest

from vault.account.crash import CHANGING, found, killed_save, save, why_not

pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))


@pytest.mark.parametrize("call", CHANGING)
def test_a_first_save_that_is_killed_leaves_nothing_or_the_data(tmp_path: Path, call: str) -> None:
    assert killed_save(tmp_path, "new", call, 1)
    assert found(tmp_path) in (None, "new")


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "unlink"])
def test_a_save_that_is_killed_leaves_the_old_data_or_the_new(tmp_path: Path, call: str) -> None:
    assert save(tmp_path, "old", "-o", "/dev/null", "-e", "trace=none")
    assert killed_save(tmp_path, "new", call, 1)
    assert found(tmp_path) in ("old", "new")


def test_a_save_is_synced_renamed_and_synced_before_it_is_done(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert save(tmp_path / "data", "new", "-o", str(log), "-e", "trace=fsync,rename,write")
    text = re.sub(r"[0-9a-f]{16}\.draft", "draft", re.sub(r"[0-9a-f]{64}\.sealed", "sealed", log.read_text()))
    steps = re.findall(r"(fsync|rename|write)\((?:\d+<)?\"?([^>\",]*)", text)
    names = [(call, Path(place).name) for call, place in steps]
    assert names[-5:-1] == [("write", "draft"), ("fsync", "draft"), ("rename", "draft"), ("fsync", "accounts")]
    assert names[-1][0] == "write"  # on 1: done

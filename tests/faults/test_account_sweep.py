"""The persistent account killed at every system call of a save that changes a file: the old data or the new, N of N."""

from pathlib import Path

import pytest

from vault.account.crash import CHANGING, found, killed_save, save, why_not

pytestmark = pytest.mark.skipif(why_not is not None, reason=str(why_not))


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("call", CHANGING)
def test_killed_at_every_call_the_account_is_the_old_or_the_new(tmp_path: Path, call: str, old: str | None) -> None:
    survived = 0
    while True:
        folder = tmp_path / str(survived)
        if old is not None:
            assert save(folder, old, "-o", "/dev/null", "-e", "trace=none")
        if not killed_save(folder, "new", call, survived + 1):
            break
        assert found(folder) in (old, "new")
        survived += 1
    print(f"account killed at {call}, {old or 'nothing'} before: whole in {survived} of {survived}")

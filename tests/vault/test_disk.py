"""A file that somebody on Windows has open is waited for, and nothing else is."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrin.vault.disk import TRIES, patiently
from ecrin.vault.sealed.files import Files


def refusing(times: int, winerror: int | None) -> tuple[Callable[[], str], list[None]]:
    """Return work that is refused a few times, as Windows does it, and what it was called."""
    calls: list[None] = []

    def work() -> str:
        calls.append(None)
        if len(calls) <= times:
            error = PermissionError(errno.EACCES, "in use")
            if winerror is not None:
                error.winerror = winerror  # type: ignore[attr-defined]  # other systems have none
            raise error
        return "done"

    return work, calls


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_a_file_in_use_is_tried_again_until_it_is_let_go(winerror: int) -> None:
    work, calls = refusing(3, winerror)
    assert (patiently(work, pause_s=0), len(calls)) == ("done", 4)


def test_who_never_lets_go_is_not_waited_for_without_end() -> None:
    work, calls = refusing(1_000, 32)
    with pytest.raises(PermissionError):
        patiently(work, pause_s=0)
    assert len(calls) == TRIES + 1


@pytest.mark.parametrize("winerror", [None, 1314])
def test_a_refusal_for_another_reason_is_raised_at_once(winerror: int | None) -> None:
    work, calls = refusing(1, winerror)
    with pytest.raises(PermissionError):
        patiently(work, pause_s=0)
    assert len(calls) == 1


def test_a_file_is_replaced_and_removed(tmp_path: Path) -> None:
    files = Files(tmp_path / "room")
    files.make()
    for data in (b"old", b"new"):
        files.write("id", data)
    assert files.read("id") == b"new"
    files.remove("id")
    assert (files.read("id"), files.ids()) == (None, [])

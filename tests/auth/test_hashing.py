"""The threads that hash: on every POSIX system, though only Linux tells its cores and lowers a thread's priority."""

import os
import sys

import pytest

from ecrin.auth.password.hashing import PasswordHasher
from ecrin.crypto.passwords import CHEAPEST


async def test_a_system_that_tells_neither_cores_nor_threads_hashes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "setpriority", _no_such_process)
    hasher = PasswordHasher(CHEAPEST)
    stored = await hasher.hash("correct horse")
    await hasher.verify(stored, "correct horse")
    hasher.close()


def _no_such_process(*_: int) -> None:
    raise ProcessLookupError

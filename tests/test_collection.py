"""What a plain run of the tests leaves out: the long sweeps, and nothing else."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_a_run_leaves_out_the_sweeps_alone_unless_it_is_asked_for_them(pytestconfig: pytest.Config) -> None:
    ignored = pytestconfig.hook.pytest_ignore_collect
    tests = [path for path in TESTS.rglob("test_*.py") if "node_modules" not in path.parts]
    folders = {folder for path in tests for folder in path.parents if folder.is_relative_to(TESTS)}
    left_out = {folder for folder in folders if ignored(collection_path=folder, config=pytestconfig)}
    assert left_out == (set() if pytestconfig.getoption("--faults") else {TESTS / "faults"})

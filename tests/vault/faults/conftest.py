"""Workers for the fault tests, and the vault that their acts begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from disks import freeze
from vault.faults.sabotage import Workers, absent

__all__ = ["freeze", "template", "workers"]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    why_not = absent()
    if why_not is not None:
        pytest.skip(why_not)
    found = Workers()
    yield found
    found.close()


@pytest.fixture
def template(workers: Workers, tmp_path: Path) -> Path:
    return workers.prepare(tmp_path / "template")

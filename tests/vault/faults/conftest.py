"""Workers for the fault tests, and the vault that their acts begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from disks import freeze
from vault.faults.sabotage import Workers, absent, cannot_strike

__all__ = ["freeze", "template", "workers"]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    why_not = cannot_strike() or absent()
    if why_not is not None:
        pytest.skip(why_not)
    found = Workers(tmp_path_factory.mktemp("workers"))
    yield found
    found.close()


@pytest.fixture
def template(workers: Workers, tmp_path: Path) -> Path:
    return workers.prepare(tmp_path / "template")

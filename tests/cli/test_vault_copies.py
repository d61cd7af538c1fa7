"""The file of an export: new, whole and its owner's, also where the file system has no links."""

import errno
import os
import stat
from pathlib import Path

import pytest

from ecrin.cli.vaultcopies import _write
from ecrin.errors import ConfigurationError


@pytest.fixture(params=[True, False], ids=["links", "no-links"])
def out(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where to write; on half of the file systems a link is refused, as FAT does."""

    def refused(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not request.param:
        monkeypatch.setattr(os, "link", refused)
    return tmp_path / "export"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_an_export_is_written_for_its_owner_alone(out: Path) -> None:
    _write(out, b"sealed", force=False)
    mode = stat.S_IMODE(out.stat().st_mode)
    assert (out.read_bytes(), mode, names(out.parent)) == (b"sealed", 0o600, [out.name])


def test_a_file_that_is_there_is_not_replaced_unasked(out: Path) -> None:
    out.write_bytes(b"old")
    with pytest.raises(ConfigurationError, match="already"):
        _write(out, b"sealed", force=False)
    assert (out.read_bytes(), names(out.parent)) == (b"old", [out.name])


def test_it_is_replaced_when_that_is_said(out: Path) -> None:
    out.write_bytes(b"old")
    _write(out, b"sealed", force=True)
    assert out.read_bytes() == b"sealed"

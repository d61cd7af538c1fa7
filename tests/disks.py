"""Disks that give out, for real: one that is small and full, and files that nobody may change."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def worked(*command: object) -> bool:
    return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk_at(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many MB, mounted at a folder that is made."""
    folder.mkdir()
    if shutil.which("mount") is None or not worked("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder):
        pytest.skip("mounting a small tmpfs takes root")
    yield folder
    worked("umount", "-l", folder)


@pytest.fixture
def freeze() -> Iterator[Callable[..., None]]:
    """`freeze(*files)` makes files immutable, which binds root too."""
    frozen: list[Path] = []

    def make_immutable(*files: Path) -> None:
        for file in files:
            if shutil.which("chattr") is None or not worked("chattr", "+i", file):
                pytest.skip("chattr +i does not work here (it takes root and a file system that knows it)")
            frozen.append(file)

    yield make_immutable
    for file in frozen:
        worked("chattr", "-i", file)


def fill(folder: Path) -> Path:
    """Write a file that takes all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast

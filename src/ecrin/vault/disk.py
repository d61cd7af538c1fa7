"""Files and folders that are to be on the disk, and what differs between systems then; it blocks.

macOS: fsync(2) leaves what it wrote in the drive's own memory; F_FULLFSYNC (fcntl(2)) does not. Windows: a file that
somebody has open is neither replaced nor removed; readers, virus scanners and indexers let go of it soon.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

try:
    import fcntl
except ImportError:  # Windows
    _FULL = None
else:
    _FULL = getattr(fcntl, "F_FULLFSYNC", None)

TRIES = 20
PAUSE_S = 0.05
_IN_USE = (5, 32, 33)  # ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
T = TypeVar("T")


def flush(opened: int) -> None:
    """Get an open file or folder onto the disk; raises `OSError`."""
    if _FULL is not None:
        with suppress(OSError):  # not every file system can
            fcntl.fcntl(opened, _FULL)
            return
    os.fsync(opened)


def sync_folder(folder: Path) -> None:
    """Get the names in a folder onto the disk (fsync(2): a file's own sync does not); raises `OSError`."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows has no such thing
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flush(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, durably and for their owner alone; raises `OSError`."""
    for one in (*reversed(folder.parents), folder):
        if not one.is_dir():
            one.mkdir(mode=0o700, exist_ok=True)
            sync_folder(one.parent)


def patiently(work: Callable[[], T], pause_s: float = PAUSE_S) -> T:
    """Return what `work` returns; while its file is in use on Windows, it is tried again, for about a second."""
    for _ in range(TRIES):
        try:
            return work()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
        time.sleep(pause_s)
    return work()

"""What differs between systems when a file is to be on the disk, or another process has it open; it blocks.

macOS: fsync(2) leaves what it wrote in the drive's own memory; F_FULLFSYNC (fcntl(2)) does not. Windows: a file that
somebody has open is neither replaced nor removed; readers, virus scanners and indexers let go of it soon.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
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

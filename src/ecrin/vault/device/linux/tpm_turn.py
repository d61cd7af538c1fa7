"""One process of ours at a time: a TPM cannot compare and step, so none may step between another's look and its step.

The turn is a lock on the kernel's resource manager, which serves several at once, or on the folder of a software TPM's
socket; it ends with its process. The bare device has room for one anyway. Other ways to a chip have no turns.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrin.vault.device.errors import ChipUnavailable

RESOURCE_MANAGER = "tpmrm"  # how its device files are called
WAIT_SECONDS = 30.0
PAUSE_SECONDS = 0.01
HINT = "Try again; if it goes on, find the process that has the TPM's device file open (`lsof /dev/tpmrm0`)."


def device_file(tcti: str) -> str:
    """Return the path of a chip's device file, or nothing if the way to it is another."""
    kind, _, path = tcti.partition(":")
    return path if kind == "device" else ""


@contextmanager
def alone(tcti: str) -> Iterator[None]:
    """Have the turn; raises `ChipUnavailable` if it does not come within 30 seconds."""
    place = _lockable(tcti)
    if place is None:
        yield
        return
    try:
        opened = os.open(place, os.O_RDONLY)
    except OSError as error:
        raise ChipUnavailable(f"{place} does not open: {error.strerror}.") from None
    try:
        _wait_for(opened)
        yield
    finally:
        os.close(opened)


def _lockable(tcti: str) -> Path | None:
    device, socket = Path(device_file(tcti)), tcti.removeprefix("swtpm:path=")
    if socket != tcti:
        return Path(socket).parent
    return device if device.name.startswith(RESOURCE_MANAGER) else None


def _wait_for(opened: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ChipUnavailable("Another process keeps the TPM to itself.", hint=HINT) from None
            time.sleep(PAUSE_SECONDS)
        else:
            return

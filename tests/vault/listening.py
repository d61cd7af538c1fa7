"""Reaching a daemon that a test has just started: the file of its Unix socket is there a moment before it listens."""

import contextlib
import socket
import time
from pathlib import Path

PATIENCE = 20.0  # seconds until a daemon that does not listen is a failure


def reached(path: Path) -> socket.socket:
    """Return a connection to a Unix socket, as soon as somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.ExitStack() as unless_connected:
            here = unless_connected.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                here.connect(str(path))
                unless_connected.pop_all()
                return here
        assert time.monotonic() < deadline, f"nobody listens at {path}"
        time.sleep(0.01)

"""The helper that waits for a daemon: a socket's file is not yet somebody who listens."""

import socket
import threading
from pathlib import Path

from vault.listening import reached


def test_a_socket_that_is_bound_and_listens_later_is_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(tmp_path / "bus"))
        later = threading.Timer(0.05, daemon.listen)
        later.start()
        with reached(tmp_path / "bus"):
            pass
        later.join()


def test_a_socket_whose_file_comes_later_is_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as daemon:

        def start() -> None:
            daemon.bind(str(tmp_path / "bus"))
            daemon.listen()

        later = threading.Timer(0.05, start)
        later.start()
        with reached(tmp_path / "bus"):
            pass
        later.join()

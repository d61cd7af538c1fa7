"""A wire to a database server that falls silent, as a network does that drops everything."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit, urlunsplit


class Freezer:
    """A wire to the server of a database address that can be frozen: nothing passes any more, and nobody is told."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.frozen = threading.Event()
        self._port = place.port or 5432
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = urlunsplit(place._replace(netloc=f"{place.username}@127.0.0.1:{port}"))
        self._ends: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                self._ends += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.frozen.is_set():
                    target.sendall(data)

    def close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

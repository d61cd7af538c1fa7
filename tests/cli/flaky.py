"""A way to a server that breaks: every third upload is cut off in the middle or answered 503."""

import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def flaky(origin: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """Give an address that leads to `origin`, and what counts the requests that it spoiled."""
    uploads = iter(range(1_000_000))
    spoiled: list[str] = []

    class Way(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            length = int(self.headers.get("content-length", 0))
            number = next(uploads) if self.command == "PUT" else 1
            if number % 3 == 0:
                spoiled.append(self.path)
                if number % 2:
                    self.rfile.read(length // 2)
                    self.close_connection = True
                    return
                self.rfile.read(length)
                self.answer(503, b"{}")
                return
            body = self.rfile.read(length)
            connection = http.client.HTTPConnection(urlsplit(origin).netloc)
            kept = {k: v for k, v in self.headers.items() if k.lower() in {"authorization", "content-type"}}
            connection.request(self.command, self.path, body, kept)
            reply = connection.getresponse()
            self.answer(reply.status, reply.read())
            connection.close()

        def do_GET(self) -> None:
            self.forward()

        def do_PUT(self) -> None:
            self.forward()

        def do_POST(self) -> None:
            self.forward()

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Way) as way:
        way.daemon_threads = True  # a connection that is kept open must not keep the test
        thread = threading.Thread(target=way.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{way.server_port}", lambda: len(spoiled)
        finally:
            way.shutdown()
            thread.join()

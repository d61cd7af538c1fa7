"""Where commands find their server, and what they make of something that is none."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrin.cli.connection import Connection
from server_process import ecrin


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers as no ecrin server would."""

    answer = (200, b"<html>")
    seen: list[str] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("authorization", ""))
        self.send_response(self.answer[0])
        self.send_header("content-length", str(len(self.answer[1])))
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", [(200, b"<html>"), (502, b""), (200, b"[1]"), (302, b"x"), (200, b"\xff")])
def test_what_is_no_ecrin_server_is_said_to_be_none(
    stranger: str, answer: tuple[int, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stranger, "answer", answer)
    done = ecrin("project", "list", cwd=tmp_path, ECRIN_URL=stranger, ECRIN_TOKEN="ecrin_ci_hunter2")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"The answer ({answer[0]}) is not one of an ecrin server." in done.stderr
    assert "hunter2" not in done.stderr


def test_a_refusal_in_a_shape_that_is_not_ours_is_shown_as_far_as_it_goes(
    stranger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Stranger,
        "answer",
        (
            400,
            b'{"error": {"message": "\x1b]0;title\x07no"}}'.replace(b"\x1b", b"\\u001b").replace(b"\x07", b"\\u0007"),
        ),
    )
    done = ecrin("project", "list", cwd=tmp_path, ECRIN_URL=stranger)
    assert done.returncode == 1
    assert "no" in done.stderr
    assert "\x1b" not in done.stderr  # nothing moves the cursor of whoever reads it


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org", "http://", "http://a b:x", "https://example.org/path", "http://[::1"]
)
def test_an_address_that_cannot_be_one_is_refused(tmp_path: Path, url: str) -> None:
    done = ecrin("project", "list", cwd=tmp_path, ECRIN_URL=url)
    assert (done.returncode, "ECRIN_URL must be" in done.stderr) == (1, True)


def test_the_folder_of_the_environment_is_used(tmp_path: Path) -> None:
    done = ecrin("project", "list", cwd=tmp_path, ECRIN_DATA="somewhere")
    assert "No server is running on somewhere." in done.stderr


@pytest.mark.parametrize(
    ("server", "ours", "taken"), [(1000, 1001, 1001), (1000, 998, 998), (1000, 5000, 1000), (0, 7, 7)]
)
def test_the_servers_clock_counts_where_ours_is_wrong(
    server: int, ours: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(None)  # type: ignore[arg-type]
    connection._date = server
    monkeypatch.setattr("time.time", lambda: ours + 0.9)
    assert connection.now() == taken

"""Logs: one event a line, and no way for a log to break what it is about, or to show what is secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError
from ecrin.ops.logs import Lines, configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:], logging.root.level = before[0], before[1]
    structlog.configure(**before[2])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_an_event_is_one_line_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    structlog.get_logger("ecrin.web").warning("refused", detail="a\nb\x1b[2J", request_id="r1")
    (event,) = lines(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "refused", "level": "warning", "detail": "a\nb\x1b[2J", "request_id": "r1"}


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_shown(level: str, shown: int, capsys: pytest.CaptureFixture[str]) -> None:
    configure(level)
    log = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("event")
    assert len(lines(capsys)) == shown


@pytest.mark.parametrize("level", ["", "INFO", "loud", "x" * 500])
def test_another_level_is_refused(level: str) -> None:
    with pytest.raises(ConfigurationError, match="ECRIN_LOG") as refusal:
        configure(level)
    assert len(str(refusal.value)) < 60


def test_what_a_library_says_comes_out_as_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP %s received.", "request")
    (event,) = lines(capsys)
    assert (event["event"], event["level"]) == ("Invalid HTTP request received.", "warning")


def fail(secret: object) -> None:
    raise ValueError(f"bad {secret}")


def test_a_traceback_shows_code_and_never_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    password = Secret("hunter" + "2")
    plain = password.reveal()
    try:
        fail(password)
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("uvicorn.error").exception("failed too")
    events = lines(capsys)
    assert all("ValueError: bad Secret(" in str(event["exception"]) for event in events)
    assert plain not in str(events)


def test_on_a_terminal_tracebacks_are_plain_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    configure("info")
    plain = "hunter" + "2"
    try:
        fail(len(plain))
    except ValueError:
        structlog.get_logger().exception("failed", number=7)
    assert "ValueError: bad 7" in screen.getvalue()
    assert "failed" in screen.getvalue()
    assert plain not in screen.getvalue()


class FullDisk(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FullDisk()
    monkeypatch.setattr("sys.stderr", stream)
    configure("info")
    structlog.get_logger().error("lost")
    logging.getLogger("library").error("lost")
    closed = io.StringIO()
    closed.close()
    Lines(closed).msg("lost")
    assert stream.getvalue() == ""

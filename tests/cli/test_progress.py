"""The line of a stage: amount, rate, time remaining; and nothing where nobody looks."""

import io
from collections.abc import Iterator

import pytest

from ecrin.cli.progress import Progress, size


class Clock:
    """Moves when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    return Clock()  # type: ignore[return-value]


def last(out: io.StringIO) -> str:
    return out.getvalue().rsplit("\x1b[2K", 1)[-1]


def test_a_line_says_amount_rate_and_what_remains(clock: Clock) -> None:
    out = io.StringIO()
    advance = Progress(out, live=True, clock=clock)("upload", 4_000_000)
    clock.now += 2
    advance(1_000_000)
    assert last(out) == "upload    1.0 MB of 4.0 MB, 500.0 KB/s, 6 s left"


def test_a_stage_ends_with_what_it_did(clock: Clock) -> None:
    out = io.StringIO()
    progress = Progress(out, live=True, clock=clock)
    advance = progress("sign", 12, "signatures")
    clock.now += 4
    advance(12)
    progress.end()
    assert last(out) == "sign      12 signatures, 3 signatures/s, 4.0 s\n"


def test_a_stage_of_unknown_size_says_its_name(clock: Clock) -> None:
    out = io.StringIO()
    Progress(out, live=True, clock=clock)("scan", 0)
    assert last(out) == "scan"


def test_lines_are_not_written_more_often_than_people_read(clock: Clock) -> None:
    out = io.StringIO()
    advance = Progress(out, live=True, clock=clock)("upload", 1000)
    for _ in range(1000):
        clock.now += 0.001
        advance(1)
    assert out.getvalue().count("\r") <= 11


def test_what_is_sent_again_is_not_counted_twice(clock: Clock) -> None:
    out = io.StringIO()
    progress = Progress(out, live=True, clock=clock)
    advance = progress("upload", 10)
    for more in (7, -7, 10):
        advance(more)
    progress.end()
    assert last(out).startswith("upload    10 B")


def test_without_a_terminal_only_what_is_said_is_written(clock: Clock) -> None:
    out = io.StringIO()
    progress = Progress(out, live=False, clock=clock)
    progress("upload", 10)(10)
    progress.say("Left something out.")
    progress.end()
    assert out.getvalue() == "Left something out.\n"


def test_what_is_said_stands_on_a_line_of_its_own(clock: Clock) -> None:
    out = io.StringIO()
    progress = Progress(out, live=True, clock=clock)
    progress("scan", 0)(5)
    progress.say("Left something out.")
    assert out.getvalue().endswith("\nLeft something out.\n")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (17_341_905, "17.3 MB"), (5e15, "5000.0 TB")]
)
def test_sizes_are_in_thousands(number: float, text: str) -> None:
    assert size(number) == text

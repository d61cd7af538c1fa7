"""How `ecrin app stats` words what the API says."""

import pytest

from ecrin.cli.statistics import SHOWN, lasting, most

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, "not yet"),
        (0, "after 0 min"),
        (59 * MINUTE + 59_999, "after 59 min"),
        (HOUR, "after 1 h 0 min"),
        (DAY - 1, "after 23 h 59 min"),
        (2 * DAY + 5 * HOUR + MINUTE, "after 2 d 5 h"),
    ],
)
def test_how_long_it_took_is_said_in_two_units(milliseconds: int | None, said: str) -> None:
    assert lasting(milliseconds) == said


@pytest.mark.parametrize(("rows", "more"), [(SHOWN, ""), (SHOWN + 3, "3 more versions; --json has all.")])
def test_a_long_table_is_cut_and_says_so(rows: int, more: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = most([{"n": n} for n in range(rows)], "versions")
    assert shown == [{"n": n} for n in range(SHOWN)]
    assert capsys.readouterr().err.strip() == more

"""What people and programs are shown."""

import json
import re

import click
import pytest

from ecrin.cli import output
from ecrin.errors import ConfigurationError


def test_a_table_names_its_columns_and_shows_times_and_truth_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"localId": "a", "created_at": 1795387563464, "disabled": True, "gone": None, "scopes": ["x", "y"]}]
    output.show_rows(rows, ["localId", "created_at", "disabled", "gone", "scopes"], as_json=False, empty="")
    heading, row = capsys.readouterr().out.splitlines()
    assert re.split(" {2,}", heading) == ["LOCAL ID", "CREATED AT", "DISABLED", "GONE", "SCOPES"]
    assert re.split(" {2,}", row) == ["a", "2026-11-22 22:46:03Z", "yes", "-", "x, y"]


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "a\rb", "\x9b0m", "\u202egnp"])
def test_nothing_that_a_user_wrote_reaches_the_terminal_as_a_command(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.show_record({"name": text, "claims": {"k": text}}, as_json=False)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 2
    assert not set(shown) & set("\x1b\r\x9b\u202e")


def test_what_is_said_of_what_was_done_does_not_reach_the_terminal_as_a_command_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show_done("The value of a\x1b[31mRED is kept.", as_json=False)
    output.show_misuse(click.UsageError("No \x1b[31mRED."), as_json=False)
    assert "\x1b" not in capsys.readouterr().err


def test_an_error_is_a_sentence_a_hint_and_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(ConfigurationError("No.", hint="Do."), as_json=False)
    output.show_error(ConfigurationError("No.", hint="Do."), as_json=True)
    shown = capsys.readouterr()
    people, programs = shown.err.splitlines()[:2], shown.err.splitlines()[2]
    assert people == ["ecrin: No.", "       Do.  [CONFIGURATION]"]
    assert json.loads(programs) == {"error": {"code": "CONFIGURATION", "message": "No.", "hint": "Do."}}
    assert shown.out == ""

"""What commands print: a table or lines for people, JSON with --json; errors on stderr with what to do."""

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from ecrin.cli.streams import OutputLost
from ecrin.errors import EcrinError

_TIMES = ("_at", "_from", "_until", "At")  # how the names of times in milliseconds end


def show_text(text: str | bytes, *, nl: bool = True) -> None:
    """Print on stdout; raises `OutputLost` if it cannot be written, also where it is closed and click says nothing."""
    if sys.stdout is None:
        raise OutputLost("The output cannot be written: standard output is closed.")
    click.echo(text, nl=nl)


def show_record(record: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one record: names and values in two columns."""
    if as_json:
        return show_json(record)
    width = max((len(name) for name in record), default=0)
    for name, value in record.items():
        show_text(f"{name:<{width}}  {_shown(name, value)}")
    return None


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print rows as a table of some columns; with --json all members of all rows."""
    if as_json:
        return show_json(list(rows))
    if not rows:
        return click.echo(empty, err=True)
    cells = [[_shown(c, row.get(c)) for c in columns] for row in rows]
    widths = [max(len(_heading(c)), *(len(r[i]) for r in cells)) for i, c in enumerate(columns)]
    for line in [[_heading(c) for c in columns], *cells]:
        show_text("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    return None


def show_done(message: str, *, as_json: bool) -> None:
    """Say that something was done: on stderr, and as an empty object with --json."""
    if as_json:
        show_json({})
    else:
        click.echo(printable(message), err=True)


def show_json(value: object) -> None:
    """Print JSON on stdout."""
    show_text(json.dumps(value, indent=2, ensure_ascii=False))


def show_error(error: EcrinError, *, as_json: bool) -> None:
    """Print what happened, what to do and the stable code on stderr."""
    if as_json:
        return click.echo(_error_json(error.code, str(error), error.advice), err=True)
    click.echo(f"ecrin: {printable(str(error))}", err=True)
    return click.echo(f"       {printable(error.advice)}  [{error.code}]", err=True)


def show_misuse(error: click.ClickException, *, as_json: bool) -> None:
    """Print what is wrong with the command on stderr."""
    if not as_json:
        shown = io.StringIO()
        error.show(shown)
        return click.echo("\n".join(map(printable, shown.getvalue().split("\n"))), err=True, nl=False)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ecrin"
    return click.echo(_error_json("USAGE", error.format_message(), f"See `{path} --help`."), err=True)


def on_terminal() -> bool:
    """Return whether a person sees what is printed on stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def printable(text: str) -> str:
    """Return text that cannot move the cursor or colour the terminal of whoever reads it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _error_json(code: str, message: str, hint: str) -> str:
    return json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False)


def _heading(name: str) -> str:
    """Return a member's name, in either of the wire's spellings, as the heading of a column."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).upper()


def _shown(name: str, value: object) -> str:
    at = str(value)
    if name.endswith(_TIMES) and at.isascii() and at.isdigit():
        return datetime.fromtimestamp(int(at) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return _text(value)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(v) for v in value) or "-"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=True)
    return printable(str(value))

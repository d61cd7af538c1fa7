"""The flags that every command takes, after any subcommand."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from ecrin.cli.output import printable

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., object])
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Common:
    """What --data, --json and --project said; None where they were not given."""

    data: Path | None
    as_json: bool
    project: str | None


def common(command: Callable[Concatenate[Common, P], None]) -> Callable[..., None]:
    """Add --data, --json and --project to a command that takes them as one `Common`."""

    @data_option
    @json_option
    @click.option("--project", help="Project id; the instance's first by default.")
    @wraps(command)
    def with_flags(data: Path | None, as_json: bool, project: str | None, *rest: P.args, **others: P.kwargs) -> None:
        command(Common(data, as_json, project), *rest, **others)

    return with_flags


def data_option(command: F) -> F:
    """Add --data."""
    text = "Folder of the instance, by whose socket its server is found.  [ecrin-data]"
    return click.option("--data", type=FOLDER, help=text)(command)


def json_option(command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(command)


def yes_option(command: F) -> F:
    """Add --yes."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def sure(question: str, *, yes: bool) -> None:
    """Ask before something is gone; raises `UsageError` where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Say --yes: there is no terminal to ask on.")
    click.confirm(printable(question), abort=True, err=True)

"""What the nouns of updates share: the app they are about, custom ids from files, lists that come in pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ecrin.cli.connection import Connection, segment
from ecrin.cli.options import FILE
from ecrin.errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., object])
PAGE = 1000
LINES = "It is a text file, one custom id in a line."


def app_option(command: F) -> F:
    """Add --app."""
    return click.option("--app", "app_id", metavar="APP_ID", required=True, help="The app.")(command)


def limit_option(command: F) -> F:
    """Add --limit."""
    text = "How many at most; 0 for all."
    return click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help=text)(command)


def audience_options(command: F) -> F:
    """Add the options that name an audience."""
    command = click.option("--audience-group", "groups", multiple=True, metavar="NAME", help="For this group only.")(
        command
    )
    command = click.option("--audience-file", "file", type=FILE, help="For the custom ids in a file, one in a line.")(
        command
    )
    return click.option("--audience-id", "ids", multiple=True, metavar="ID", help="For this custom id only.")(command)


def path_of(app_id: str, *parts: str) -> str:
    """Return the path of an app at the API, or of what belongs to it; raises `UsageError` for what is no name."""
    for part in (app_id, *parts):
        if "/" in part:
            raise click.UsageError(f"'{part}' is no name.")
    return "/".join(["/api/v1/apps", *(segment(part) for part in (app_id, *parts))])


def custom_ids(ids: tuple[str, ...], file: Path | None) -> list[str]:
    """Return the custom ids that were named, in the command and in a file; raises `ConfigurationError`."""
    return [*ids, *(_lines(file) if file is not None else [])]


def pages(server: Connection, path: str, member: str, limit: int) -> list[dict[str, Any]]:
    """Return the items of a list, `limit` at most (0: all), and say so on stderr where there are more."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = server.call("GET", path, limit=min(limit or PAGE, PAGE), cursor=cursor)
        rows += page[member]
        cursor = page.get("next_cursor")
        if limit and (len(rows) > limit or (cursor and len(rows) == limit)):
            click.echo("There are more: name another --limit, 0 for all.", err=True)
        if not cursor or (limit and len(rows) >= limit):
            return rows[:limit] if limit else rows


def _lines(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}", hint=LINES) from None
    return [line.strip() for line in lines if line.strip()]

"""`ecrin group`: groups of custom ids, which audiences name."""

from pathlib import Path

import click

from ecrin.cli.apps import app_option, custom_ids, path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import FILE, Common, common, sure, yes_option
from ecrin.cli.output import show_done, show_record, show_rows


@click.group()
def group() -> None:
    """Set, list, show and delete groups of custom ids."""


@group.command(name="set")
@click.argument("name")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A custom id.")
@click.option("--file", type=FILE, help="The custom ids in a file, one in a line.")
@app_option
@common
def set_(common: Common, name: str, ids: tuple[str, ...], file: Path | None, app_id: str) -> None:
    """Make the group NAME of these custom ids, in place of those that it had."""
    members = custom_ids(ids, file)
    if not members:
        raise click.UsageError("Name at least one --id, or a --file that has some.")
    with connected(common) as server:
        found = server.call("PUT", path_of(app_id, "groups", name), {"custom_ids": members})
    show_done(f"The group {name} has {len(found['custom_ids'])} custom ids.", as_json=common.as_json)


@group.command(name="list")
@app_option
@common
def list_(common: Common, app_id: str) -> None:
    """List the groups of an app by name."""
    with connected(common) as server:
        rows = server.call("GET", path_of(app_id, "groups"))["groups"]
    show_rows(rows, ["group", "members"], as_json=common.as_json, empty="There is no group.")


@group.command()
@click.argument("name")
@app_option
@common
def show(common: Common, name: str, app_id: str) -> None:
    """Show a group with its custom ids."""
    with connected(common) as server:
        show_record(server.call("GET", path_of(app_id, "groups", name)), as_json=common.as_json)


@group.command()
@click.argument("name")
@yes_option
@app_option
@common
def delete(common: Common, name: str, yes: bool, app_id: str) -> None:
    """Delete a group; an audience that names it is not widened by that."""
    sure(f"Delete the group {name} of {app_id}?", yes=yes)
    with connected(common) as server:
        server.call("DELETE", path_of(app_id, "groups", name))
    show_done(f"The group {name} is deleted.", as_json=common.as_json)

"""`ecrin bundle`."""

import click

from ecrin.cli.apps import app_option, limit_option, pages, path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common, sure, yes_option
from ecrin.cli.output import show_done, show_json, show_record, show_rows


@click.group()
def bundle() -> None:
    """List, show, describe and delete bundles; `ecrin push` makes them."""


@bundle.command(name="list")
@app_option
@limit_option
@common
def list_(common: Common, app_id: str, limit: int) -> None:
    """List the bundles of an app, the newest first."""
    with connected(common) as server:
        rows = pages(server, path_of(app_id, "bundles"), "bundles", limit)
    columns = ["version", "files", "zip_size", "sealed", "min_native", "created_by", "created_at"]
    show_rows(rows, columns, as_json=common.as_json, empty="There is no bundle yet: ecrin push DIR --app APP_ID ...")


@bundle.command()
@click.argument("version")
@app_option
@common
def show(common: Common, version: str, app_id: str) -> None:
    """Show a bundle; its manifest with --json."""
    with connected(common) as server:
        found = server.call("GET", path_of(app_id, "bundles", version))
    if common.as_json:
        return show_json(found)
    return show_record({name: value for name, value in found.items() if name != "manifest"}, as_json=False)


@bundle.command()
@click.argument("version")
@click.option("--link", help="Where one can read about it; '' for nowhere.")
@click.option("--comment", help="What is new in it.")
@app_option
@common
def describe(common: Common, version: str, link: str | None, comment: str | None, app_id: str) -> None:
    """Change link and comment of a bundle; nothing else about it ever changes."""
    body = {name: value for name, value in {"link": link, "comment": comment}.items() if value is not None}
    if not body:
        raise click.UsageError("Name a --link or a --comment.")
    with connected(common) as server:
        server.call("PATCH", path_of(app_id, "bundles", version), body)
    show_done(f"The bundle {version} is described.", as_json=common.as_json)


@bundle.command()
@click.argument("version")
@yes_option
@app_option
@common
def delete(common: Common, version: str, yes: bool, app_id: str) -> None:
    """Delete a bundle that no channel, rollout or device names; its version is never given to another one."""
    sure(f"Delete {version} of {app_id} for good?", yes=yes)
    with connected(common) as server:
        server.call("DELETE", path_of(app_id, "bundles", version))
    show_done(f"The bundle {version} is deleted.", as_json=common.as_json)

"""`ecrin app`."""

from typing import Any

import click

from ecrin.cli.apps import path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common, sure, yes_option
from ecrin.cli.output import show_done, show_record, show_rows
from ecrin.cli.project import setting
from ecrin.cli.statistics import stats


@click.group()
def app() -> None:
    """Create, list, show, change and delete apps; show what devices reported."""


app.add_command(stats)


@app.command()
@click.argument("app_id")
@click.option("--name", default="", help="What people call it.")
@common
def create(common: Common, app_id: str, name: str) -> None:
    """Create the app APP_ID (as in its store: com.example.notes) with its channel `production`, the public default."""
    with connected(common) as server:
        path = f"/api/v1/projects/{server.project(common.project)}/apps"
        show_record(_flat(server.call("POST", path, {"app_id": app_id, "name": name})), as_json=common.as_json)


@app.command(name="list")
@common
def list_(common: Common) -> None:
    """List the apps of a project, the oldest first."""
    with connected(common) as server:
        rows = server.call("GET", f"/api/v1/projects/{server.project(common.project)}/apps")["apps"]
    shown = [_flat(row) for row in rows]
    show_rows(shown, ["app_id", "name", "created_at"], as_json=common.as_json, empty="There is no app yet.")


@app.command()
@click.argument("app_id")
@common
def show(common: Common, app_id: str) -> None:
    """Show an app with its settings."""
    with connected(common) as server:
        show_record(_flat(server.call("GET", path_of(app_id))), as_json=common.as_json)


@app.command()
@click.argument("app_id")
@click.option("--name", help="What people call it.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting.")
@common
def update(common: Common, app_id: str, name: str | None, settings: tuple[str, ...]) -> None:
    """Change an app; `ecrin app show` lists the names of its settings."""
    if not settings and name is None:
        raise click.UsageError("Name at least one --set, or a --name.")
    body: dict[str, Any] = {"settings": dict(setting(text) for text in settings)}
    with connected(common) as server:
        found = server.call("PATCH", path_of(app_id), body if name is None else {**body, "name": name})
    show_record(_flat(found), as_json=common.as_json)


@app.command()
@click.argument("app_id")
@yes_option
@common
def delete(common: Common, app_id: str, yes: bool) -> None:
    """Delete an app with its bundles, channels and rollouts."""
    sure(f"Delete {app_id} with everything that belongs to it?", yes=yes)
    with connected(common) as server:
        server.call("DELETE", path_of(app_id))
    show_done(f"The app {app_id} is deleted.", as_json=common.as_json)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in record.items() if name != "settings"}, **record["settings"]}

"""`ecrin project`."""

import json
from typing import Any

import click

from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_record, show_rows

BASE = "/api/v1/projects"


@click.group()
def project() -> None:
    """Create, list, show and change projects."""


@project.command()
@click.argument("project_id", metavar="ID")
@common
def create(common: Common, project_id: str) -> None:
    """Create the project ID with a web API key."""
    with connected(common) as server:
        show_record(_flat(server.call("POST", BASE, {"project_id": project_id})), as_json=common.as_json)


@project.command(name="list")
@common
def list_(common: Common) -> None:
    """List the projects, the oldest first."""
    with connected(common) as server:
        rows = [_flat(p) for p in server.call("GET", BASE)["projects"]]
    show_rows(rows, ["project_id", "api_key", "created_at"], as_json=common.as_json, empty="There is no project yet.")


@project.command()
@click.argument("project_id", metavar="[ID]", required=False)
@common
def show(common: Common, project_id: str | None) -> None:
    """Show a project with its API key and its settings."""
    with connected(common) as server:
        found = server.call("GET", f"{BASE}/{server.project(project_id or common.project)}")
    show_record(_flat(found), as_json=common.as_json)


@project.command()
@click.argument("project_id", metavar="[ID]", required=False)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting; the value is JSON or text.")
@click.option("--authorized-domain", "domains", multiple=True, help="Allow one more domain for links in mails.")
@common
def update(common: Common, project_id: str | None, settings: tuple[str, ...], domains: tuple[str, ...]) -> None:
    """Change settings; `ecrin project show` lists their names."""
    changes = dict(setting(text) for text in settings)
    if not changes and not domains:
        raise click.UsageError("Name at least one --set or --authorized-domain.")
    with connected(common) as server:
        path = f"{BASE}/{server.project(project_id or common.project)}"
        if domains:
            known = server.call("GET", path)["settings"]["authorized_domains"]
            changes["authorized_domains"] = [*known, *(d for d in domains if d not in known)]
        show_record(_flat(server.call("PATCH", path, {"settings": changes})), as_json=common.as_json)


def setting(text: str) -> tuple[str, Any]:
    """Return what NAME=VALUE says, the value as JSON where it is that; raises `UsageError`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"'{text}' is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _flat(project: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in project.items() if k != "settings"}, **project["settings"]}

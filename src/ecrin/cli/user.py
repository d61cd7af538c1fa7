"""`ecrin user`: over the same calls that the Admin SDKs make."""

import json
import sys
from typing import Any

import click

from ecrin.cli.connection import Connection, connected
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_done, show_record, show_rows
from ecrin.errors import NotFound

PAGE = 1000
HIDDEN = {"passwordHash", "salt", "providerUserInfo"}


@click.group()
def user() -> None:
    """Create, list, show, change and delete users."""


@user.command()
@click.option("--email")
@click.option("--uid", help="User id; drawn by default.")
@click.option("--display-name")
@click.option("--phone", metavar="+NUMBER")
@click.option("--verified", is_flag=True, help="The e-mail address is known to be the user's.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
def create(
    common: Common,
    email: str | None,
    uid: str | None,
    display_name: str | None,
    phone: str | None,
    verified: bool,
    password_stdin: bool,
) -> None:
    """Create a user."""
    body = {
        "email": email,
        "localId": uid,
        "displayName": display_name,
        "phoneNumber": phone,
        "emailVerified": verified,
        "password": _password() if password_stdin else None,
    }
    with connected(common) as server:
        path = _path(server, common)
        made = server.call("POST", path, body)
        found = server.call("POST", f"{path}:lookup", {"localId": [made["localId"]]})["users"][0]
    show_record(_clean(found), as_json=common.as_json)


@user.command(name="list")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="At most; 0 means all.")
@common
def list_(common: Common, limit: int) -> None:
    """List users in the order of their ids."""
    with connected(common) as server:
        rows = _pages(server, f"{_path(server, common)}:batchGet", limit)
    columns = ["localId", "email", "phoneNumber", "displayName", "disabled"]
    show_rows([_clean(r) for r in rows], columns, as_json=common.as_json, empty="There is no user.")


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@common
def show(common: Common, who: str) -> None:
    """Show a user."""
    with connected(common) as server:
        found = _find(server, _path(server, common), who)
    show_record(_clean(found), as_json=common.as_json)


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@click.option("--claims", metavar="JSON", help="Custom claims; {} clears them.")
@click.option("--display-name")
@click.option("--email")
@click.option("--phone", metavar="+NUMBER")
@click.option("--verified/--unverified", default=None)
@click.option("--password-stdin", is_flag=True, help="Read the new password from standard input.")
@common
def update(
    common: Common,
    who: str,
    claims: str | None,
    display_name: str | None,
    email: str | None,
    phone: str | None,
    verified: bool | None,
    password_stdin: bool,
) -> None:
    """Change a user."""
    changes = {
        "customAttributes": claims,
        "displayName": display_name,
        "email": email,
        "phoneNumber": phone,
        "emailVerified": verified,
        "password": _password() if password_stdin else None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise click.UsageError("Name at least one change.")
    _change(common, who, given, "The user is changed.")


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@common
def disable(common: Common, who: str) -> None:
    """Keep a user out until `ecrin user enable`."""
    _change(common, who, {"disableUser": True}, "The user is disabled.")


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@common
def enable(common: Common, who: str) -> None:
    """Let a disabled user in again."""
    _change(common, who, {"disableUser": False}, "The user is enabled.")


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@common
def revoke(common: Common, who: str) -> None:
    """End every session of a user."""
    with connected(common) as server:
        path = _path(server, common)
        found = _find(server, path, who)
        # Sessions count in whole seconds: those that began in this one end too.
        server.call("POST", f"{path}:update", {"localId": found["localId"], "validSince": server.now() + 1})
    show_done("The sessions of the user are ended.", as_json=common.as_json)


@user.command()
@click.argument("who", metavar="ID_OR_EMAIL")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def delete(common: Common, who: str, yes: bool) -> None:
    """Delete a user for good."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Say --yes: there is no terminal to ask on.")
    with connected(common) as server:
        path = _path(server, common)
        found = _find(server, path, who)
        if not yes:
            click.confirm(f"Delete {found.get('email', found['localId'])} for good?", abort=True, err=True)
        server.call("POST", f"{path}:delete", {"localId": found["localId"]})
    show_done("The user is deleted.", as_json=common.as_json)


def _password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _path(server: Connection, common: Common) -> str:
    return f"/identitytoolkit.googleapis.com/v1/projects/{server.project(common.project)}/accounts"


def _change(common: Common, who: str, changes: dict[str, Any], done: str) -> None:
    with connected(common) as server:
        path = _path(server, common)
        found = _find(server, path, who)
        server.call("POST", f"{path}:update", {"localId": found["localId"], **changes})
    show_done(done, as_json=common.as_json)


def _find(server: Connection, path: str, who: str) -> dict[str, Any]:
    wanted = {"email": [who]} if "@" in who else {"localId": [who]}
    users = server.call("POST", f"{path}:lookup", wanted).get("users", [])
    if not users:
        raise NotFound(f"There is no user {who}.")
    return dict(users[0])


def _pages(server: Connection, path: str, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    token = None
    while True:
        most = min(PAGE, limit - len(rows)) if limit else PAGE
        page = server.call("GET", path, maxResults=most, nextPageToken=token)
        rows += page.get("users", [])
        token = page.get("nextPageToken")
        if not token or (limit and len(rows) >= limit):
            return rows


def _clean(user: dict[str, Any]) -> dict[str, Any]:
    """Return a user without hashes, which belong into no terminal."""
    shown = {name: value for name, value in user.items() if name not in HIDDEN and name != "kind"}
    if shown.get("customAttributes"):
        shown["customAttributes"] = json.loads(shown["customAttributes"])
    return {**shown, "providers": [p["providerId"] for p in user.get("providerUserInfo", [])]}

"""`ecrin key`: the instance's own keys, and the key files of service accounts."""

import json
from pathlib import Path

import click

from ecrin.cli.connection import connected, segment
from ecrin.cli.options import FILE, Common, common
from ecrin.cli.output import show_done, show_json, show_record, show_rows
from ecrin.errors import ConfigurationError
from ecrin.ops.instance import write_private

BASE = "/api/v1/keys"


def _accounts(project: str) -> str:
    return f"/api/v1/projects/{segment(project)}/service-account-keys"


@click.group()
def key() -> None:
    """List and rotate keys; make and revoke keys of service accounts."""


@key.command(name="list")
@click.option("--service-account", "owner", metavar="PROJECT", help="List the keys of its service account instead.")
@common
def list_(common: Common, owner: str | None) -> None:
    """List the instance's keys: purpose, state and times, never the private half."""
    with connected(common) as server:
        rows = server.call("GET", _accounts(owner) if owner else BASE)["keys"]
    own = ["purpose", "state", "key_id", "active_from", "verify_until"]
    columns = ["key_id", "client_email", "created_at"] if owner else own
    show_rows(rows, columns, as_json=common.as_json, empty="There is no key.")


@key.command()
@click.argument("purpose")
@click.option("--emergency", is_flag=True, help="Sign with the new key at once and erase the old ones.")
@common
def rotate(common: Common, purpose: str, emergency: bool) -> None:
    """Make the next key of PURPOSE (see `ecrin key list`): publish, then sign, then retire the old one."""
    with connected(common) as server:
        found = server.call("POST", f"{BASE}/{segment(purpose)}:rotate", {"emergency": emergency})
    show_record(found, as_json=common.as_json)


@key.command()
@click.option("--service-account", "owner", metavar="PROJECT", required=True, help="The project of the account.")
@click.option("--out", type=FILE, help="Write the file (0600) instead of stdout.")
@common
def create(common: Common, owner: str, out: Path | None) -> None:
    """Make a service account key: the JSON file that the Firebase Admin SDKs read. It is shown this once."""
    if out is not None:
        _reserve(out)
    with connected(common) as server:
        found = server.call("POST", _accounts(owner))
    if out is None:
        return show_json(found)
    write_private(out, json.dumps(found, indent=2) + "\n")
    return show_done(f"Wrote {out}; it is the only copy.", as_json=common.as_json)


def _reserve(path: Path) -> None:
    """See that the file can be written before there is a key that is shown only once."""
    if path.exists():
        raise ConfigurationError(f"There is a file {path} already.", hint="Name another with --out, or remove it.")
    write_private(path, "")
    path.unlink()


@key.command()
@click.argument("key_id", metavar="ID")
@click.option("--service-account", "owner", metavar="PROJECT", required=True, help="The project of the account.")
@common
def revoke(common: Common, key_id: str, owner: str) -> None:
    """Revoke a key of a service account by its id (`private_key_id` in its file)."""
    with connected(common) as server:
        server.call("DELETE", f"{_accounts(owner)}/{segment(key_id)}")
    show_done(f"The key {key_id} is revoked.", as_json=common.as_json)

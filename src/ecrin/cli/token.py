"""`ecrin token`."""

import click

from ecrin.cli.connection import connected, segment
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_done, show_record, show_rows

BASE = "/api/v1/tokens"
SCOPE = "PROJECT, PROJECT/APP or PROJECT/APP/CHANNEL, then :read, :upload, :write or :all; *:all for all."


@click.group()
def token() -> None:
    """Create, list and revoke tokens for operators and CI."""


@token.command()
@click.option("--scope", "scopes", multiple=True, required=True, help=SCOPE)
@click.option("--name", default="", help="What the token is for.")
@click.option(
    "--expires-in-days", type=click.IntRange(0), default=365, show_default=True, help="Its lifetime; 0 means no end."
)
@common
def create(common: Common, scopes: tuple[str, ...], name: str, expires_in_days: int) -> None:
    """Create a token and show it, this once."""
    body = {"scopes": list(scopes), "name": name, "expires_in_days": expires_in_days or None}
    with connected(common) as server:
        show_record(server.call("POST", BASE, body), as_json=common.as_json)


@token.command(name="list")
@common
def list_(common: Common) -> None:
    """List the tokens; what they say is never shown again."""
    with connected(common) as server:
        rows = server.call("GET", BASE)["tokens"]
    columns = ["token_id", "kind", "name", "scopes", "expires_at", "revoked_at"]
    show_rows(rows, columns, as_json=common.as_json, empty="There is no token.")


@token.command()
@click.argument("token_id", metavar="ID")
@common
def revoke(common: Common, token_id: str) -> None:
    """Revoke a token by its id."""
    with connected(common) as server:
        server.call("DELETE", f"{BASE}/{segment(token_id)}")
    show_done(f"The token {token_id} is revoked.", as_json=common.as_json)

"""`ecrin operator`: for whoever owns the data folder and lost the operator's credential. Needs no server."""

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from ecrin.cli.extras import server_extra
from ecrin.cli.options import Common, common
from ecrin.cli.output import on_terminal, show_record
from ecrin.settings import Settings, load


@click.group()
def operator() -> None:
    """Recover the operator's credential."""


@operator.command()
@click.option("--revoke-others", is_flag=True, help="Revoke every other operator token.")
@click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="An ecrin.toml.")
@common
def recover(common: Common, revoke_others: bool, config: Path | None) -> None:
    """Make a new operator token, whether a server is running or not.

    It is shown on a terminal or with --json; otherwise it goes into the data folder. With --project it opens that
    project only.
    """
    settings = load({"data": common.data}, os.environ, config)
    with server_extra("ecrin operator recover"):
        from ecrin.cli.banner import leave_operator_token
    record = asyncio.run(_recover(settings, common.project, revoke_others))
    if common.as_json or on_terminal():
        return show_record(record, as_json=common.as_json)
    path = leave_operator_token(settings.data, record["token"])
    return click.echo(f"The new operator token is in {path}.", err=True)


async def _recover(settings: Settings, project: str | None, revoke_others: bool) -> dict[str, Any]:
    from ecrin.base.origin import Origin
    from ecrin.cli.opening import opened
    from ecrin.governance.apikeys.model import TokenKind
    from ecrin.governance.callers import INSTANCE, LOCAL, Scope, Verb

    by = Origin("operator-recover")
    async with opened(settings, settings.public_url, first_start=False) as app:
        scope = Scope(app.governance.projects.get(project).id if project else INSTANCE, Verb.ALL)
        tokens = app.governance.tokens
        if revoke_others:
            for other in await tokens.all(LOCAL):
                if other.kind is TokenKind.OPERATOR and other.revoked_at is None:
                    await tokens.revoke(other.id, LOCAL, by)
        record, text = await tokens.create(TokenKind.OPERATOR, "recovered", (scope,), None, LOCAL, by)
        return {"token_id": record.id, "scopes": [str(scope)], "token": text.reveal()}

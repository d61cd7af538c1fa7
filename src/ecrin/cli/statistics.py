"""`ecrin app stats`: what devices reported of an app (docs/statistics.md says what is counted, and how)."""

from collections.abc import Sequence
from typing import Any

import click

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.cli.apps import path_of
from ecrin.cli.connection import Connection, connected
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_json, show_record, show_rows

SHOWN = 20  # rows of a table
VERSIONS = ["version", "attempts", "installs", "failures", "success_rate", "downloads", "offers"]
FAILURES = ["reason", "version", "platform", "events", "crash", "blames_bundle"]


@click.command()
@click.argument("app_id")
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="How far to look back.")
@click.option("--bundle", "version", metavar="VERSION", help="This version alone, and how it spread.")
@common
def stats(common: Common, app_id: str, days: int, version: str | None) -> None:
    """Show what devices reported: how many are there, what became of each version, and why some failed."""
    with connected(common) as server:
        found = _asked(server, app_id, days, version)
    if common.as_json:
        return show_json(found)
    show_record(_totals(found), as_json=False)
    click.echo()
    rows = sorted(found["versions"], key=lambda row: -row["attempts"])
    nothing = "No device installed, downloaded or was offered a bundle."
    show_rows([_rated(row) for row in most(rows, "versions")], VERSIONS, as_json=False, empty=nothing)
    if found["failures"]:
        click.echo()
    return show_rows(most(found["failures"], "reasons"), FAILURES, as_json=False, empty="No failure was reported.")


def lasting(milliseconds: int | None) -> str:
    """Return after how long something happened (ms; None: it has not), in two units at most."""
    if milliseconds is None:
        return "not yet"
    if milliseconds < HOUR:
        return f"after {milliseconds // MINUTE} min"
    if milliseconds < DAY:
        return f"after {milliseconds // HOUR} h {milliseconds % HOUR // MINUTE} min"
    return f"after {milliseconds // DAY} d {milliseconds % DAY // HOUR} h"


def most(rows: Sequence[dict[str, Any]], noun: str) -> list[dict[str, Any]]:
    """Return the first rows, and say on stderr how many there are beside them."""
    if len(rows) > SHOWN:
        click.echo(f"{len(rows) - SHOWN} more {noun}; --json has all.", err=True)
    return list(rows[:SHOWN])


def _asked(server: Connection, app_id: str, days: int, version: str | None) -> dict[str, Any]:
    """Return what the API says, each reply's members under their names."""
    summary = server.call("GET", path_of(app_id, "stats", "summary"), days=days)
    failures = server.call("GET", path_of(app_id, "stats", "failures"), days=days, version=version)
    found = {**summary, "failures": failures["failures"]}
    if version is None:
        return found
    adoption = server.call("GET", path_of(app_id, "stats", "adoption"), version=version)
    versions = [row for row in summary["versions"] if row["version"] == version]
    return {**found, "versions": versions, "adoption": adoption}


def _totals(found: dict[str, Any]) -> dict[str, Any]:
    totals = {name: found[name] for name in ("active_devices", "days")}
    if "adoption" not in found:
        return totals
    adoption = found["adoption"]
    reached = {f"reached_{p}_percent": lasting(after) for p, after in adoption["milliseconds_to_percent"].items()}
    share = f"{adoption['installed']} of {adoption['active_devices']} devices"
    return {**totals, "started_at": adoption["started_at"], "installed": share, **reached}


def _rated(row: dict[str, Any]) -> dict[str, Any]:
    rate = row["success_rate"]
    return {**row, "success_rate": None if rate is None else f"{rate:.1%}".replace("%", " %")}

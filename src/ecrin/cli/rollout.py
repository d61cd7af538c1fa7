"""`ecrin rollout`."""

import re
from pathlib import Path
from typing import Any

import click

from ecrin.cli.apps import app_option, audience_options, custom_ids, path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_json, show_record, show_rows

PERCENT = click.FloatRange(0, 100)
_STAGE = re.compile(r"(?P<after>\d{1,6})(?P<unit>[mhd]?)=(?P<percent>\d{1,3}(\.\d{1,2})?)%?")
_MINUTES = {"": 1, "m": 1, "h": 60, "d": 24 * 60}


@click.group()
def rollout() -> None:
    """Move a channel to its next bundle, by share of devices."""


@rollout.command()
@click.argument("channel")
@click.argument("version")
@click.option("--share", type=PERCENT, default=0.0, metavar="PERCENT", help="Of devices, to begin with.  [0]")
@click.option("--stage", "stages", multiple=True, metavar="AFTER=PERCENT", help="More after a while: 2h=25, 1d=100.")
@click.option("--halt/--no-halt", "enabled", default=True, help="Stop by itself when too many devices fail.")
@click.option("--halt-rate", type=PERCENT, metavar="PERCENT", help="How many failing are too many.  [5]")
@click.option("--halt-window", type=int, metavar="MINUTES", help="What is counted.  [60]")
@click.option("--halt-confidence", type=float, metavar="SHARE", help="How sure it must be.  [0.95]")
@click.option("--halt-attempts", type=int, metavar="N", help="How many must have tried.  [50]")
@click.option("--halt-failures", type=int, metavar="N", help="How many must have failed.  [5]")
@click.option("--halt-action", type=click.Choice(["pause", "rollback", "notify"]), help="What happens then.  [pause]")
@click.option("--halt-cooldown", type=int, metavar="MINUTES", help="How long it is left alone once resumed.  [60]")
@audience_options
@app_option
@common
def start(
    common: Common,
    /,
    channel: str,
    version: str,
    app_id: str,
    share: float,
    stages: tuple[str, ...],
    ids: tuple[str, ...],
    file: Path | None,
    groups: tuple[str, ...],
    **halt: Any,
) -> None:
    """Begin to move CHANNEL to the bundle VERSION."""
    body = {
        "version": version,
        "share_percent": share,
        "stages": [_stage(text) for text in stages],
        "halt": _policy(**halt),
        "audience_custom_ids": custom_ids(ids, file),
        "audience_groups": list(groups),
    }
    _post(common, path_of(app_id, "channels", channel, "rollout"), body)


@rollout.command()
@click.argument("channel")
@app_option
@common
def status(common: Common, channel: str, app_id: str) -> None:
    """Show the rollout of CHANNEL that is under way, or those that have ended."""
    with connected(common) as server:
        found = server.call("GET", path_of(app_id, "channels", channel, "rollout"))
    if common.as_json:
        return show_json(found)
    if found["rollout"] is not None:
        return show_record(_flat(found["rollout"]), as_json=False)
    click.echo("No rollout is under way.", err=True)
    columns = ["version", "state", "share_percent", "started_at", "ended_at", "reason"]
    return show_rows(found["ended"], columns, as_json=False, empty="There was none before.")


@rollout.command(name="raise")
@click.argument("channel")
@click.argument("percent", type=PERCENT)
@app_option
@common
def raise_(common: Common, channel: str, percent: float, app_id: str) -> None:
    """Let PERCENT of devices in; a share is never lowered."""
    found = _move(common, app_id, channel, "raise", {"share_percent": percent})
    if found["state"] == "paused":
        resume = f"ecrin rollout resume {channel} --app {app_id}"
        click.echo(f"The rollout is paused: nobody else gets the bundle until `{resume}`.", err=True)


@rollout.command()
@click.argument("channel")
@click.option("--reason", default="", help="To be noted down.")
@app_option
@common
def pause(common: Common, channel: str, reason: str, app_id: str) -> None:
    """Let nobody else in; devices that have the bundle keep it."""
    _move(common, app_id, channel, "pause", {"reason": reason})


@rollout.command()
@click.argument("channel")
@app_option
@common
def resume(common: Common, channel: str, app_id: str) -> None:
    """Go on after a pause."""
    _move(common, app_id, channel, "resume")


@rollout.command()
@click.argument("channel")
@app_option
@common
def promote(common: Common, channel: str, app_id: str) -> None:
    """Give the bundle to every device of CHANNEL, and end the rollout."""
    _move(common, app_id, channel, "promote")


@rollout.command()
@click.argument("channel")
@click.option("--to", metavar="VERSION", help="A bundle, or `builtin`.  [the channel's stable bundle]")
@click.option("--reason", default="", help="To be noted down.")
@app_option
@common
def rollback(common: Common, channel: str, to: str | None, reason: str, app_id: str) -> None:
    """Take the bundle back from every device of CHANNEL, and end the rollout."""
    _move(common, app_id, channel, "rollback", {"version": to, "reason": reason})


def _move(common: Common, app_id: str, channel: str, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return _post(common, f"{path_of(app_id, 'channels', channel, 'rollout')}:{verb}", body)


def _post(common: Common, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    with connected(common) as server:
        found: dict[str, Any] = server.call("POST", path, body)
    show_record(found if common.as_json else _flat(found), as_json=common.as_json)
    return found


def _stage(text: str) -> dict[str, Any]:
    found = _STAGE.fullmatch(text)
    if found is None:
        raise click.UsageError(f"'{text}' is not AFTER=PERCENT, such as 90m=10, 2h=25 or 1d=100.")
    return {"after_minutes": int(found["after"]) * _MINUTES[found["unit"]], "share_percent": float(found["percent"])}


def _policy(enabled: bool, **numbers: Any) -> dict[str, Any]:
    names = {
        "halt_window": "window_minutes",
        "halt_confidence": "confidence",
        "halt_attempts": "min_attempts",
        "halt_failures": "min_failures",
        "halt_action": "action",
        "halt_cooldown": "cooldown_minutes",
    }
    said = {names[name]: value for name, value in numbers.items() if name in names and value is not None}
    if numbers["halt_rate"] is not None:
        said["failure_rate_bps"] = round(numbers["halt_rate"] * 100)
    return {"enabled": enabled, **said}


def _flat(rollout: dict[str, Any]) -> dict[str, Any]:
    """Return a rollout as people read it: each stage and the policy in a few words."""
    halt = rollout["halt"]
    rate = f"{halt['failure_rate_bps'] / 100:g} % of at least {halt['min_attempts']}"
    shown = {name: value for name, value in rollout.items() if name != "share_bps"}
    return {
        **shown,
        "stages": [f"{s['share_percent']:g} % after {s['after_minutes']} min" for s in rollout["stages"]],
        "halt": f"{halt['action']} at {rate} in {halt['window_minutes']} min" if halt["enabled"] else "off",
    }

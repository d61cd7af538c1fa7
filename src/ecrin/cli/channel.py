"""`ecrin channel`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ecrin.cli.apps import app_option, audience_options, custom_ids, path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common, sure, yes_option
from ecrin.cli.output import show_done, show_record, show_rows

F = TypeVar("F", bound=Callable[..., object])
NOTHING = "none"
LIMITS = click.Choice(["none", "major", "minor", "patch", "version_number"])
PACKAGES = click.Choice(["all", "zip", "delta", "zip_from_builtin", "delta_from_builtin"])
SWITCHES = {
    "public": "Devices that name no channel follow it.",
    "ios": "It is for iOS.",
    "android": "It is for Android.",
    "electron": "It is for Electron.",
    "allow-device-self-set": "Devices may choose it themselves.",
    "allow-emulator": "Emulators may follow it.",
    "allow-device": "Real devices may follow it.",
    "allow-dev": "Development builds may follow it.",
    "allow-prod": "Released builds may follow it.",
    "disable-auto-update-under-native": "Nobody goes below the version of the store.",
}


def fields(command: F) -> F:
    """Add an option for every field of a channel."""
    for name, text in reversed(SWITCHES.items()):
        command = click.option(f"--{name}/--no-{name}", default=None, help=text)(command)
    command = click.option("--update-package", type=PACKAGES, help="What devices are offered.")(command)
    command = click.option("--disable-auto-update", type=LIMITS, help="Which steps of the version are too great.")(
        command
    )
    command = click.option("--audience-everybody", "everybody", is_flag=True, help="For everybody again.")(command)
    text = "The version that devices get; `builtin` for what the store delivered, `none` for nothing."
    return audience_options(click.option("--bundle", metavar="VERSION", help=text)(command))


@click.group()
def channel() -> None:
    """Create, list, show, set and delete channels."""


@channel.command()
@click.argument("name")
@fields
@app_option
@common
def create(common: Common, /, name: str, app_id: str, **options: Any) -> None:
    """Create the channel NAME."""
    body = {"name": name, **_body(**options)}
    with connected(common) as server:
        _show(server.call("POST", path_of(app_id, "channels"), body), as_json=common.as_json)


@channel.command(name="list")
@app_option
@common
def list_(common: Common, app_id: str) -> None:
    """List the channels of an app by name."""
    with connected(common) as server:
        rows = server.call("GET", path_of(app_id, "channels"))["channels"]
    columns = ["name", "version", "public", "allow_device_self_set", "disable_auto_update"]
    show_rows(rows, columns, as_json=common.as_json, empty="There is no channel.")


@channel.command()
@click.argument("name")
@app_option
@common
def show(common: Common, name: str, app_id: str) -> None:
    """Show a channel with its settings."""
    with connected(common) as server:
        _show(server.call("GET", path_of(app_id, "channels", name)), as_json=common.as_json)


@channel.command(name="set")
@click.argument("name")
@fields
@click.option("--end-rollout", is_flag=True, help="End a rollout of the channel, which refuses --bundle otherwise.")
@app_option
@common
def set_(common: Common, /, name: str, app_id: str, end_rollout: bool, **options: Any) -> None:
    """Change the channel NAME: what it points at, who may follow it, and for whom it is."""
    body = _body(**options)
    if end_rollout and "version" not in body:
        raise click.UsageError("--end-rollout goes with --bundle; `ecrin rollout rollback` ends a rollout alone.")
    if not body:
        raise click.UsageError("Name at least one change.")
    if end_rollout:
        body["end_rollout"] = True
    with connected(common) as server:
        _show(server.call("PATCH", path_of(app_id, "channels", name), body), as_json=common.as_json)


@channel.command()
@click.argument("name")
@yes_option
@app_option
@common
def delete(common: Common, name: str, yes: bool, app_id: str) -> None:
    """Delete a channel with its rollouts; devices that follow it find the public one."""
    sure(f"Delete the channel {name} of {app_id}?", yes=yes)
    with connected(common) as server:
        server.call("DELETE", path_of(app_id, "channels", name))
    show_done(f"The channel {name} is deleted.", as_json=common.as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print a channel; for people its rollout in a few words."""
    rollout = found["rollout"]
    brief = f"{rollout['version']} to {rollout['share_percent']:g} %, {rollout['state']}" if rollout else None
    show_record(found if as_json else {**found, "rollout": brief}, as_json=as_json)


def _body(
    bundle: str | None,
    everybody: bool,
    ids: tuple[str, ...],
    file: Path | None,
    groups: tuple[str, ...],
    **fields: Any,
) -> dict[str, Any]:
    """Return what was said; raises `UsageError` for an audience that is somebody and everybody."""
    body = {name: value for name, value in fields.items() if value is not None}
    if bundle is not None:
        body["version"] = None if bundle == NOTHING else bundle
    if everybody and (ids or file or groups):
        raise click.UsageError("--audience-everybody stands alone.")
    if everybody or ids or file:
        body["audience_custom_ids"] = custom_ids(ids, file)
    if everybody or groups:
        body["audience_groups"] = list(groups)
    return body

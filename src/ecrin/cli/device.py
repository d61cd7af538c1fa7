"""`ecrin device`."""

import click

from ecrin.cli.apps import app_option, limit_option, pages, path_of
from ecrin.cli.connection import connected
from ecrin.cli.options import Common, common
from ecrin.cli.output import show_done, show_record, show_rows


@click.group()
def device() -> None:
    """List devices, and put one on a channel."""


@device.command(name="list")
@click.option("--put", is_flag=True, help="Only those that were put on a channel, by themselves or by an operator.")
@limit_option
@app_option
@common
def list_(common: Common, put: bool, limit: int, app_id: str) -> None:
    """List devices in the order of their ids."""
    member = "overrides" if put else "devices"
    with connected(common) as server:
        rows = pages(server, path_of(app_id, member), member, limit)
    known = ["device_id", "platform", "version_name", "version_build", "custom_id", "channel", "seen_at"]
    columns = ["device_id", "channel", "self_set", "set_at", "expires_at"] if put else known
    show_rows(rows, columns, as_json=common.as_json, empty="There is no such device.")


@device.command(name="set-channel")
@click.argument("device_id", metavar="DEVICE")
@click.argument("channel")
@app_option
@common
def set_channel(common: Common, device_id: str, channel: str, app_id: str) -> None:
    """Put DEVICE on CHANNEL, whatever it asks for."""
    with connected(common) as server:
        path = path_of(app_id, "devices", device_id, "channel")
        show_record(server.call("PUT", path, {"channel": channel}), as_json=common.as_json)


@device.command(name="unset-channel")
@click.argument("device_id", metavar="DEVICE")
@app_option
@common
def unset_channel(common: Common, device_id: str, app_id: str) -> None:
    """Let DEVICE follow what it asks for again."""
    with connected(common) as server:
        server.call("DELETE", path_of(app_id, "devices", device_id, "channel"))
    show_done(f"The device {device_id} follows what it asks for.", as_json=common.as_json)

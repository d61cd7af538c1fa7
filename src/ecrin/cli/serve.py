"""`ecrin serve` and `ecrin dev`: the same instance in its two modes (docs/adr/0003-two-modes.md)."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ecrin.cli.extras import server_extra
from ecrin.cli.options import FOLDER, json_option
from ecrin.settings import DEV_PROJECT, Mode, Settings, load

SAME_FOLDER = ""  # --export-on-exit without a folder: back to where --import came from, as in the Firebase CLI


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags that both modes take; one that is not given is read from ECRIN_* or the file."""
    for option in (
        json_option,
        click.option("--workers", type=int, help="Processes; this version serves with 1."),
        click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="An ecrin.toml."),
        click.option("--data", type=FOLDER, help="Folder of the instance, made if it is not there.  [ecrin-data]"),
        click.option("--port", type=int, help="Port; 0 takes a free one.  [9099]"),
        click.option("--host", help="Address to listen on.  [127.0.0.1]"),
    ):
        command = option(command)
    return command


@click.command()
@_shared
@click.option("--project", help="Id of the project that the first start makes.  [default]")
def serve(config: Path | None, as_json: bool, **flags: Any) -> None:
    """Serve apps.

    The first start makes the data folder, the keys and a project, and prints the project's API key and the operator's
    credential. Every setting is an ECRIN_* variable too; docs/settings.md lists them.
    """
    _run(_settings("serve", config, flags), as_json, None, None)


@click.command()
@_shared
@click.option("--project", help=f"The project that any API key means.  [{DEV_PROJECT}]")
@click.option("--unsigned-tokens", is_flag=True, default=None, help="For the Node Admin SDK in emulator mode.")
@click.option("--import", "import_dir", type=FOLDER, help="Load an emulator export before the start.")
@click.option(
    "--export-on-exit",
    "export_to",
    metavar="DIRECTORY",
    is_flag=False,
    flag_value=SAME_FOLDER,
    help="Write an emulator export at the end; without DIRECTORY to that of --import.",
)
def dev(config: Path | None, as_json: bool, import_dir: Path | None, export_to: str | None, **flags: Any) -> None:
    """Serve one developer: the Firebase emulator's routes, `Bearer owner`, a mailbox at /dev. Loopback only."""
    if export_to == SAME_FOLDER and import_dir is None:
        raise click.UsageError("--export-on-exit needs a directory where there is no --import.")
    export_dir = import_dir if export_to == SAME_FOLDER else Path(export_to) if export_to else None
    _run(_settings("dev", config, flags), as_json, import_dir, export_dir)


def _settings(mode: Mode, config: Path | None, flags: dict[str, Any]) -> Settings:
    return load({**flags, "mode": mode}, os.environ, config)


def _run(settings: Settings, as_json: bool, import_dir: Path | None, export_dir: Path | None) -> None:
    with server_extra(f"ecrin {settings.mode}"):
        import uvloop

        from ecrin.cli import banner, seeding, serving  # noqa: F401  what the extra brings is asked for here
        from ecrin.ops.logs import configure
    configure(settings.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(asyncio.CancelledError):
        runner.run(_serve(settings, as_json, import_dir, export_dir))


async def _serve(settings: Settings, as_json: bool, import_dir: Path | None, export_dir: Path | None) -> None:
    from ecrin.cli.banner import announce
    from ecrin.cli.seeding import Seed
    from ecrin.cli.serving import cancelled_by_signals, running

    cancelled_by_signals(asyncio.current_task())
    seed = Seed(import_dir, export_dir)
    async with running(settings, seed.load, seed.save) as instance:
        announce(settings, instance, as_json=as_json)
        await instance.until_stopped()

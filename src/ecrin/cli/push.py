"""`ecrin push`: what it can be told. What it does is in `publishing`."""

import sys
from pathlib import Path
from typing import Any

import click

from ecrin.cli.connection import connected
from ecrin.cli.options import FILE, Common, common
from ecrin.cli.output import printable, show_json, show_text
from ecrin.cli.progress import Progress

SEALED = ("checksum", "iv_session_key")


@click.command()
@click.argument("source", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--app", "app_id", metavar="APP_ID", required=True, help="The app.")
@click.option("--version", metavar="X.Y.Z", required=True, help="The version's name, never used before.")
@click.option("--channel", metavar="NAME", help="Point this channel at it; without, no device gets it yet.")
@click.option("--create-channel", is_flag=True, help="Make the channel if there is none.")
@click.option("--end-rollout", is_flag=True, help="End a rollout of the channel, which refuses the push otherwise.")
@click.option("--encrypt", "key", metavar="KEYFILE", type=FILE, help="Seal it with this private key (.capgo_key_v2).")
@click.option("--dry-run", is_flag=True, help="Send nothing; say what would be sent, downloaded, and by whom.")
@click.option("--version-exists-ok", is_flag=True, help="Do nothing, successfully, if the version is there already.")
@click.option("--min-native", metavar="X.Y.Z", help="The lowest native version that it runs on.")
@click.option("--link", default="", help="Where one can read about it.")
@click.option("--comment", default="", help="What is new in it.")
@click.option("--source-commit", default="", help="The commit that it was built from.")
@click.option("--no-manifest", is_flag=True, help="Publish the archive only: devices download all of it each time.")
@click.option("--with-maps", is_flag=True, help="Publish source maps (*.map) too.")
@click.option("--brotli-quality", "quality", type=click.IntRange(0, 11), help="Smaller files for more time.  [9]")
@click.option("--checksum", default="", help="Of a DIR that `@capgo/cli bundle encrypt` wrote: what it printed.")
@click.option("--iv-session-key", default="", help="Likewise.")
@click.option("--public-key", type=FILE, help="Likewise: the app's public key, to look into it and to name its key.")
@common
def push(common: Common, /, source: Path, key: Path | None, **said: Any) -> None:
    """Publish DIR, a folder with an index.html or a zip of one, as a version of an app.

    Only files that the server lacks are sent; after an interruption, push again.
    """
    if any(said[name] for name in SEALED) and not (all(said[name] for name in SEALED) and source.is_file()):
        raise click.UsageError("--checksum and --iv-session-key belong together, and to a zip that is sealed.")
    if said["iv_session_key"] and key:
        raise click.UsageError("This bundle is sealed already; --encrypt would seal it again.")
    if said["public_key"] and not said["iv_session_key"]:
        raise click.UsageError("--public-key belongs to a zip that is sealed; --encrypt takes the private key.")
    for option in ("create_channel", "end_rollout"):
        if said[option] and not said["channel"]:
            raise click.UsageError(f"--{option.replace('_', '-')} needs --channel.")
    with connected(common) as server:
        from ecrin.cli.publishing import Order, publish  # late: it loads the compressors

        live = sys.stderr is not None and sys.stderr.isatty()
        order = Order(source=source, key=key, **said)
        done = publish(order, server, Progress(sys.stderr, live=live))
    if common.as_json:
        show_json(done.record)
    else:
        show_text("\n".join(map(printable, done.lines)))

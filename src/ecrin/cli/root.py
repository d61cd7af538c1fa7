"""`ecrin` itself: which nouns there are, and how errors end."""

import importlib
import sys

import click

from ecrin import __version__
from ecrin.cli.output import show_error, show_misuse
from ecrin.cli.streams import OutputLost, abandon, prepare
from ecrin.errors import EcrinError

COMMANDS = {
    "serve": ("ecrin.cli.serve", "Serve apps: strict mode."),
    "dev": ("ecrin.cli.serve", "Serve one developer: emulator routes, mailbox, loopback only."),
    "project": ("ecrin.cli.project", "Create, list, show and change projects."),
    "user": ("ecrin.cli.user", "Create, list, show, change and delete users."),
    "key": ("ecrin.cli.key", "List and rotate keys; make service account keys."),
    "token": ("ecrin.cli.token", "Create, list and revoke tokens for operators and CI."),
    "app": ("ecrin.cli.app", "Create, list, show, change and delete apps; show what devices reported."),
    "bundle": ("ecrin.cli.bundle", "List, show, describe and delete bundles."),
    "channel": ("ecrin.cli.channel", "Create, list, show, set and delete channels."),
    "rollout": ("ecrin.cli.rollout", "Move a channel to its next bundle, by share of devices."),
    "device": ("ecrin.cli.device", "List devices, and put one on a channel."),
    "group": ("ecrin.cli.group", "Set, list, show and delete groups of custom ids."),
    "push": ("ecrin.cli.push", "Publish a folder as a version of an app."),
    "update-key": ("ecrin.cli.updatekey", "Make the key pair that seals bundles."),
    "vault": ("ecrin.cli.vault", "Keep secrets on this device, encrypted."),
    "operator": ("ecrin.cli.operator", "Recover the operator's credential."),
}


class Nouns(click.Group):
    """Loads a noun's file when it is asked for, so that `ecrin --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the nouns in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a noun, or None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the nouns from the table, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ecrin")
def ecrin() -> None:
    """Écrin keeps an app's sessions safe: sign-in that Firebase clients already speak, on your own server."""


def main() -> None:
    """Run the command line and end the process."""
    prepare()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    as_json = "--json" in arguments
    try:
        return int(ecrin.main(arguments, "ecrin", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except click.ClickException as error:
        show_misuse(error, as_json=as_json)
        return error.exit_code
    except EcrinError as error:
        if isinstance(error, OutputLost):
            abandon()
        show_error(error, as_json=as_json)
        return 1
    except BrokenPipeError:  # whoever read our output has seen enough
        abandon()
        return 1

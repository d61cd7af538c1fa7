"""`ecrin vault export` and `import`: all values in one file, sealed by a passphrase of its own."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecrin.cli.output import on_terminal, show_done, show_text
from ecrin.cli.unseen import fd_option, interruptible, typed
from ecrin.cli.vaulting import Errand, opened, opening
from ecrin.errors import ConfigurationError

if TYPE_CHECKING:
    from ecrin.vault.service import Vault

PIPE = "-"
COPY = click.Path(dir_okay=False, allow_dash=True)  # no Path: "./-" is a file, "-" is none
QUESTION = "Passphrase of the export"
passphrase_option = fd_option("--passphrase-fd", "the passphrase of the export")


@click.command()
@click.option("--out", type=COPY, required=True, help="The file, for its owner alone; - is standard output.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@passphrase_option
@opening
def export(errand: Errand, out: str, force: bool, passphrase_fd: bytearray | None) -> None:
    """Write all values into a file, sealed by a passphrase.

    What opens the vault is asked for each time.
    """
    path = None if out == PIPE else Path(out)
    if path is None and on_terminal():
        raise click.UsageError("An export is not for a terminal: lead standard output elsewhere, or name a file.")
    if path is not None and not force and (path.exists() or path.is_symlink()):
        raise _taken(path)
    given = _checked(passphrase_fd)

    async def act(vault: "Vault") -> bytes:
        return await vault.export_vault(given or typed(QUESTION, twice=True))

    data = opened(errand, act)
    if path is None:
        return show_text(data, nl=False)
    _write(path, data, force=force)
    return show_done(f"Wrote {path}.", as_json=errand.as_json)


@click.command(name="import")
@click.argument("file", type=COPY)
@passphrase_option
@opening
def import_(errand: Errand, file: str, passphrase_fd: bytearray | None) -> None:
    """Put all values of an export into the vault.

    One of the same name is replaced. FILE is what `ecrin vault export` wrote; - is standard input.
    """
    given, data = _checked(passphrase_fd), _read(file)

    async def act(vault: "Vault") -> None:
        await vault.import_vault(data, given or typed(QUESTION))

    opened(errand, act)
    show_done("The values of the export are kept.", as_json=errand.as_json)


def _checked(passphrase: bytearray | None) -> bytearray | None:
    """Return a passphrase that was handed over; raises `InvalidConfig` before anybody is asked for the passcode."""
    from ecrin.vault.keeping.asking import normal

    return None if passphrase is None else normal(passphrase, what="passphrase")


def _read(file: str) -> bytes:
    if file == PIPE and sys.stdin.isatty():
        raise click.UsageError("An export does not come from a terminal: lead standard input from it, or name a file.")
    from ecrin.vault.format.export import MAGIC, MAX_BYTES

    try:
        with interruptible(), sys.stdin.buffer if file == PIPE else Path(file).open("rb") as copy:
            begin = copy.read(len(MAGIC))
            return begin + copy.read(MAX_BYTES) if begin == MAGIC else begin  # what is none may have no end
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", hint="Name an export.") from None


def _write(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file for its owner alone, whole or not at all; raises `ConfigurationError`."""
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            draft.replace(path)
        else:
            _name(draft, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise ConfigurationError(
            f"The file {path} cannot be written: {error.strerror}.", hint="Name another."
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def _name(draft: Path, path: Path) -> None:
    """Give a draft its name; raises `FileExistsError` if there is a file of that name."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, as memory sticks have: an empty file keeps the name free
        path.touch(0o600, exist_ok=False)
        try:
            draft.replace(path)
        except OSError:
            path.unlink()
            raise


def _taken(path: Path) -> ConfigurationError:
    return ConfigurationError(f"There is a file {path} already.", hint="Name another with --out; --force replaces it.")

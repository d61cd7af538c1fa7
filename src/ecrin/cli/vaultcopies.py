"""`ecrin vault export` and `import`: all values in one file, sealed by a passphrase of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecrin.cli.options import FILE
from ecrin.cli.output import show_done
from ecrin.cli.unseen import fd_option, typed
from ecrin.cli.vaulting import Errand, opened, opening
from ecrin.errors import ConfigurationError

if TYPE_CHECKING:
    from ecrin.vault.service import Vault

QUESTION = "Passphrase of the export"
passphrase_option = fd_option("--passphrase-fd", "the passphrase of the export")


@click.command()
@click.option("--out", type=FILE, required=True, help="The file; only its owner may read it.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@passphrase_option
@opening
def export(errand: Errand, out: Path, force: bool, passphrase_fd: bytearray | None) -> None:
    """Write all values into a file, sealed by a passphrase; what opens the vault is asked for each time."""
    if not force and (out.exists() or out.is_symlink()):
        raise _taken(out)

    async def act(vault: "Vault") -> bytes:
        passphrase = passphrase_fd if passphrase_fd is not None else typed(QUESTION, twice=True)
        return await vault.export_vault(passphrase)

    _write(out, opened(errand, act), force=force)
    show_done(f"Wrote {out}.", as_json=errand.as_json)


@click.command(name="import")
@click.argument("file", type=FILE)
@passphrase_option
@opening
def import_(errand: Errand, file: Path, passphrase_fd: bytearray | None) -> None:
    """Put all values of an export into the vault; one of the same name is replaced."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", hint="Name an export.") from None

    async def act(vault: "Vault") -> None:
        await vault.import_vault(data, passphrase_fd if passphrase_fd is not None else typed(QUESTION))

    opened(errand, act)
    show_done(f"The values of {file} are kept.", as_json=errand.as_json)


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

"""`ecrin update-key`: the key pair that seals bundles, in the files that `@capgo/cli` reads too. Asks no server."""

import json
from pathlib import Path

import click

from ecrin.cli.options import FOLDER, json_option
from ecrin.cli.output import show_json, show_record
from ecrin.errors import ConfigurationError

PRIVATE, PUBLIC = ".capgo_key_v2", ".capgo_key_v2.pub"
NEXT = """\
Put this into the app's configuration (capacitor.config.json), build the app and bring it to the stores:
{config}
From then on it installs sealed bundles only: ecrin push DIR ... --encrypt {private}
Keep {private} secret and backed up, and out of version control: who has it can ship code to your users."""


@click.group()
def update_key() -> None:
    """Make the key pair that seals bundles."""


@update_key.command()
@click.option("--out", type=FOLDER, default=Path(), help="Folder of the two files; it is made.  [.]")
@click.option("--force", is_flag=True, help="Replace a key pair that is there.")
@json_option
def create(out: Path, force: bool, as_json: bool) -> None:
    """Write .capgo_key_v2 (0600) and .capgo_key_v2.pub, an RSA pair as Capgo's clients want it."""
    private, public = out / PRIVATE, out / PUBLIC
    _refuse_to_replace([path for path in (private, public) if path.exists() or path.is_symlink()], force=force)
    key_id, pem = _write(private, public)
    found = {"private_key": str(private), "public_key": str(public), "key_id": key_id}
    config = {"plugins": {"CapacitorUpdater": {"publicKey": pem}}}
    if as_json:
        return show_json({**found, "config": config})
    show_record(found, as_json=False)
    return click.echo(NEXT.format(config=json.dumps(config, indent=2), private=private), err=True)


def _refuse_to_replace(there: list[Path], *, force: bool) -> None:
    if there and not force:
        raise ConfigurationError(
            f"There is a key already: {there[0]}.",
            hint="Apps that have its public half install nothing sealed by another; --force replaces it anyway.",
        )


def _write(private: Path, public: Path) -> tuple[str, str]:
    """Write a new pair and return its key id and its public half."""
    from ecrin.ops.instance import write_private  # late: they load the cryptography
    from ecrin.updates.sealing.keys import PublicKey, create

    secret, pem = create()
    try:
        private.parent.mkdir(parents=True, exist_ok=True)
        write_private(private, secret.reveal())
        public.write_text(pem, "ascii")
    except OSError as error:
        raise ConfigurationError(f"The key cannot be written: {error.strerror}.") from None
    return PublicKey(pem).id, pem

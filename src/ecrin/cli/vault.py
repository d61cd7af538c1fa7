"""`ecrin vault`: an encrypted store on this device. Asks no server; each command unlocks, acts and locks."""

import re
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ecrin.cli.options import sure, yes_option
from ecrin.cli.output import show_done, show_json, show_record, show_rows, show_text
from ecrin.cli.unseen import fd_option
from ecrin.cli.vaultcopies import export, import_
from ecrin.cli.vaulting import Errand, load, named, opened, opening, run, unlock
from ecrin.cli.vaultvalues import get, set_
from ecrin.cli.vaultways import passcode, show_slots, slot
from ecrin.errors import ConfigurationError

if TYPE_CHECKING:
    from ecrin.vault.model import VaultConfig
    from ecrin.vault.service import Vault

TYPES = click.Choice(("secure-storage", "device-security", "custom-passcode"))
SECURITIES = ("none", "biometrics", "system-passcode", "both")
SECURITY = click.Choice(SECURITIES)
SECURITY_HELP = "What opens a vault of the type device-security; none is the key store, which asks nobody."
PLACES = click.Choice(("key-store", "chip", "nothing"))


HELP = """Keep secrets on this device, encrypted.

Passcodes, passphrases and values come by a hidden prompt, a file descriptor or standard input, never by an argument:

\b
  ecrin vault set token --passcode-fd 3 3< passcode.txt < token.txt
  ecrin vault get token --passcode-fd 3 3< passcode.txt
"""
CREATE = """Make a vault.

secure-storage opens by itself, as long as the system's key store is open. Nothing weaker is made unasked: without a key
store, say

\b
  --type custom-passcode --bound nothing --anchored nothing
"""


@click.group(help=HELP)
def vault() -> None:
    """Keep secrets on this device, encrypted."""


for command in (set_, get, export, import_, passcode, slot):
    vault.add_command(command)


@vault.command(help=CREATE)
@click.option("--type", "type_", type=TYPES, default="secure-storage", show_default=True, help="What opens it.")
@click.option("--security", type=SECURITY, help=SECURITY_HELP)
@click.option("--gate-only", is_flag=True, help="Accept what here can only say yes or no, and is no lock.")
@click.option("--bound", type=PLACES, default="key-store", show_default=True, help="What a passcode is bound to.")
@click.option("--anchored", type=PLACES, default="key-store", show_default=True, help="What notices an old copy.")
@click.option("--wipe-after", type=click.IntRange(1), metavar="N", help="Wipe it after so many wrong passcodes.")
@click.option("--recovery-code", is_flag=True, help="Add a recovery code, and print it this once.")
@fd_option("--passcode-fd", "the new passcode")
@named
def create(errand: Errand, /, passcode_fd: bytearray | None, recovery_code: bool, **said: Any) -> None:
    """Make a vault."""
    _check_together(said["type_"], said["security"], said["wipe_after"])
    errand.unseen.take_new(passcode_fd)

    async def act(vault: "Vault") -> str:
        await _make(vault, errand, _config(errand.key, **said))
        return (await vault.add_slot("recovery")).code if recovery_code else ""

    code = run(errand, act)
    made = {"app_id": errand.app_id, "key": errand.key}
    show_record({**made, **({"recovery_code": code} if code else {})}, as_json=errand.as_json)


@vault.command(name="list")
@opening
def list_(errand: Errand) -> None:
    """List the names of all values."""
    names = opened(errand, lambda vault: vault.get_keys())
    rows = [{"name": name} for name in names]
    show_rows(rows, ["name"], as_json=errand.as_json, empty="There is no value.")


@vault.command()
@click.argument("name")
@opening
def remove(errand: Errand, name: str) -> None:
    """Remove the value under NAME; none there is no error."""
    opened(errand, lambda vault: vault.remove_value(name))
    show_done(f"There is no value under {name} any more.", as_json=errand.as_json)


@vault.command()
@opening
def rotate(errand: Errand) -> None:
    """Seal every value under a new key."""
    opened(errand, lambda vault: vault.rotate())
    show_done(f"The key of {errand.name} is new.", as_json=errand.as_json)


@vault.command()
@named
def status(errand: Errand) -> None:
    """Show how a vault is made, and what opens it; nobody is asked.

    The rest is what really holds on this machine. weakest: what the easiest way in rests on. memory_locked: the
    vault's own keys are never written to swap. undumped: no core dump holds them.
    """

    async def act(vault: "Vault") -> dict[str, Any]:
        await load(vault, errand)
        slots = [asdict(one) for one in await vault.slots()]
        here = await vault.protection()
        shown = {"weakest": here.weakest, "memory_locked": here.memory_locked, "undumped": here.undumped}
        file = str(vault.path(errand.key).absolute())
        return {"config": vault.config.as_json(), "protection": shown, "slots": slots, "file": file}

    found = {"app_id": errand.app_id, "key": errand.key, **run(errand, act)}
    if errand.as_json:
        return show_json(found)
    return _show(found)


@vault.command()
@click.option("--forgotten", is_flag=True, help="Do not open it first: for a forgotten passcode or a damaged file.")
@yes_option
@opening
def clear(errand: Errand, forgotten: bool, yes: bool) -> None:
    """Remove a vault with all that is in it.

    It is opened once more before.
    """
    sure(f"Remove {errand.name} with all that is in it, for good?", yes=yes)

    async def act(vault: "Vault") -> None:
        if forgotten:
            await _find(vault, errand)
        else:
            await load(vault, errand)
            await unlock(vault, errand)
        await vault.wipe(errand.key)

    run(errand, act)
    show_done(f"There is no vault {errand.key} of {errand.app_id} any more.", as_json=errand.as_json)


async def _find(vault: "Vault", errand: Errand) -> None:
    """Take hold of the vault, if it is whole; raises `VaultNotInitialized` if there is none."""
    from ecrin.vault.errors import VaultDamaged, VaultNewer

    with suppress(VaultDamaged, VaultNewer):  # told as a caution after
        await load(vault, errand)


def _check_together(type_: str, security: str | None, wipe_after: int | None) -> None:
    if wipe_after is not None and type_ != "custom-passcode":
        raise click.UsageError("--wipe-after goes with --type custom-passcode: it counts wrong passcodes.")
    if security is not None and type_ != "device-security":
        raise click.UsageError("--security goes with --type device-security.")
    if security is None and type_ == "device-security":
        raise click.UsageError(f"--type device-security needs --security: {', '.join(SECURITIES)}.")


def _config(key: str, type_: str, security: str | None, bound: str, anchored: str, **others: Any) -> "VaultConfig":
    from ecrin.vault.model import Anchored, Bound, DeviceSecurity, VaultConfig, VaultType

    return VaultConfig(
        key=key,
        type=VaultType[_member(type_)],
        device_security=DeviceSecurity[_member(security or "none")],
        bound=Bound(bound),
        anchored=Anchored(anchored),
        **others,
    )


def _member(name: str) -> str:
    return name.replace("-", "_").upper()


async def _make(vault: "Vault", errand: Errand, config: "VaultConfig") -> None:
    """Make the vault; raises `ConfigurationError` if there is one, also if another process was faster."""
    vault.on_passcode_requested(errand.unseen)
    if not vault.exists(errand.key):
        await vault.initialize(config)
        if not await vault.is_locked():
            return
    raise ConfigurationError(
        f"There is {errand.name} already.", hint="Name another with --key, or remove it with `ecrin vault clear`."
    )


def _show(found: dict[str, Any]) -> None:
    """Print what people want to know first, in the words of the options; the rest is in the JSON."""
    config = {name: found["config"][name] for name in ("type", "device_security", "bound", "anchored", "wipe_after")}
    config.update({name: _word(config[name]) for name in ("type", "device_security")})
    if config["type"] != "device-security":
        del config["device_security"]
    shown = {name: found[name] for name in ("app_id", "key", "file")}
    show_record({**shown, **config, **found["protection"]}, as_json=False)
    show_text("")
    show_slots(found["slots"], as_json=False)


def _word(name: str) -> str:
    """Return "CustomPasscode" as the options have it."""
    return re.sub(r"\B(?=[A-Z])", "-", name).lower()

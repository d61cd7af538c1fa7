"""Which vault a command is about, and how it is opened: each command unlocks, acts and locks."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from ecrin.cli.options import FOLDER, json_option
from ecrin.cli.output import printable
from ecrin.cli.unseen import Unseen, fd_option
from ecrin.errors import EcrinError

if TYPE_CHECKING:
    from ecrin.vault.service import Vault

P = ParamSpec("P")
T = TypeVar("T")
APP = "local.ecrin"  # no app's id: nobody can own a domain below `local`
WITHOUT = "--type custom-passcode --bound nothing --anchored nothing"
# What to do, where the error's own hint speaks of calls that are options here.
HINTS = {
    "KEY_STORE_UNAVAILABLE": "Start it (on Linux: gnome-keyring, KWallet or KeePassXC). A vault without it is made with"
    f" {WITHOUT}, which is weaker.",
    "VAULT_GATE_ONLY": "Use a security key or the TPM, or say that you want it: --gate-only.",
    "VAULT_NOT_INITIALIZED": "Make one: ecrin vault create.",
    "VAULT_LOCKED": "Another process has replaced its key meanwhile: run the command again.",
    "VAULT_TRY_LATER": "Wait, or open it by another --slot.",
    "VAULT_INVALID_CONFIG": "See the --help of the command for what goes together.",
    "VAULT_DAMAGED": "Put a copy of the file back, import an export into a new vault, or give it up with"
    " `ecrin vault clear --forgotten`.",
    "VAULT_ROLLED_BACK": "Put the newest copy back; or, if you know why it is old, say --accept-old-copy.",
    "VAULT_ANCHOR_MISSING": "If you know why (another machine, a new key store), --accept-old-copy sets it anew.",
    "VAULT_TOO_MANY_ATTEMPTS": "Make a new one: ecrin vault create.",
    "VAULT_ROTATION_DUE": "Run `ecrin vault rotate`; nothing is lost.",
    "VAULT_SLOT_MISSING": "`ecrin vault slot list` shows the ways in that the vault has.",
    "VAULT_LAST_SLOT": "Add another slot first, or `ecrin vault clear`.",
}
# The same for a hint of one case, by what of the library it speaks of.
HINTS_OF_ONE_CASE = {
    "`set_custom_passcode`": "`ecrin vault passcode` replaces it.",
    'slot="recovery"': "Hand the recovery code over where the passcode goes, and say --slot recovery.",
}
NOTICES = {
    "touch-sensor": "Touch the sensor.",
    "retry-touch": "It was not read well: touch the sensor again.",
    "touch-key": "Touch the security key.",
    "not-recognized": "Not recognized: try again.",
}


@dataclass(frozen=True, slots=True)
class Errand:
    """The vault that a command is about, and what opens it."""

    app_id: str
    key: str
    folder: Path | None
    as_json: bool
    unseen: Unseen = field(default_factory=Unseen)
    slot: str | None = None
    accept_old_copy: bool = False

    @property
    def name(self) -> str:
        """What to call the vault."""
        return f"the vault {self.key} of {self.app_id}"


def named(command: Callable[Concatenate[Errand, P], None]) -> Callable[..., None]:
    """Add the options that name a vault to a command that takes them as an `Errand`."""

    @click.option("--app", "app_id", metavar="APP_ID", default=APP, show_default=True, help="Whose vault it is.")
    @click.option("--key", metavar="NAME", default="default", show_default=True, help="Which of the app's vaults.")
    @click.option("--folder", type=FOLDER, help="Where vaults are kept; by default with the data of the user's apps.")
    @json_option
    @wraps(command)
    def with_place(
        app_id: str, key: str, folder: Path | None, as_json: bool, *rest: P.args, **others: P.kwargs
    ) -> None:
        command(Errand(app_id, key, folder, as_json), *rest, **others)

    return with_place


def opening(command: Callable[Concatenate[Errand, P], None]) -> Callable[..., None]:
    """Add the options that name a vault and what opens it to a command that takes them as an `Errand`."""

    @fd_option("--passcode-fd", "what opens the vault")
    @click.option("--slot", "way", metavar="SLOT", help="Open it by this slot alone: an id or a kind, like recovery.")
    @click.option("--accept-old-copy", is_flag=True, help="Take the file for the newest, whatever its anchor says.")
    @named
    @wraps(command)
    def with_key(errand: Errand, /, *rest: P.args, **others: P.kwargs) -> None:
        said: dict[str, Any] = {name: others.pop(name) for name in ("passcode_fd", "way", "accept_old_copy")}
        unseen = Unseen(said["passcode_fd"])
        found = replace(errand, unseen=unseen, slot=said["way"], accept_old_copy=said["accept_old_copy"])
        command(found, *rest, **others)

    return with_key


def run(errand: Errand, work: "Callable[[Vault], Coroutine[Any, Any, T]]") -> T:
    """Return what `work` does with the vault's object, which is closed after; nothing of it is initialized yet."""
    import asyncio

    try:
        return asyncio.run(_run(errand, work))
    except EcrinError as error:
        error.advice = _advice(error)
        raise
    finally:
        errand.unseen.forget()


def opened(errand: Errand, work: "Callable[[Vault], Coroutine[Any, Any, T]]") -> T:
    """Return what `work` does with the vault, unlocked; it is locked after."""

    async def act(vault: "Vault") -> T:
        await load(vault, errand)
        await unlock(vault, errand)
        return await work(vault)

    return run(errand, act)


async def load(vault: "Vault", errand: Errand) -> None:
    """Take hold of the vault's file, locked; raises `VaultNotInitialized` if there is none."""
    from ecrin.vault.errors import VaultNotInitialized

    vault.on_passcode_requested(errand.unseen)
    if not vault.exists(errand.key):
        raise VaultNotInitialized(f"There is no vault {errand.key} of {errand.app_id}.")
    await vault.load(errand.key)


async def unlock(vault: "Vault", errand: Errand) -> None:
    """Open the vault by the slot that was named, by the passcode that was given, or by what it has."""
    slot = errand.slot
    if slot is None and errand.unseen.given and any(one.kind == "passcode" for one in await vault.slots()):
        slot = "passcode"
    await vault.unlock(slot=slot, accept_old_copy=errand.accept_old_copy)


def caution(error: EcrinError) -> None:
    """Say on stderr what went wrong beside an errand that was done."""
    click.echo(f"ecrin: caution: {printable(str(error))}  [{error.code}]", err=True)


def _advice(error: EcrinError) -> str:
    """Return what to do in the words of the command line."""
    if error.advice == error.hint:
        return HINTS.get(error.code, error.advice)
    return next((ours for theirs, ours in HINTS_OF_ONE_CASE.items() if theirs in error.advice), error.advice)


async def _run(errand: Errand, work: "Callable[[Vault], Coroutine[Any, Any, T]]") -> T:
    async with _vault(errand) as vault:
        return await work(vault)


@asynccontextmanager
async def _vault(errand: Errand) -> "AsyncIterator[Vault]":
    """Give the object; what goes wrong beside the errand, such as telling the anchor, is said after it."""
    from ecrin.vault.device.here import here
    from ecrin.vault.service import Vault

    failed: list[EcrinError] = []
    raised: list[EcrinError] = []
    device = replace(here(), signals=None)  # it is locked long before a screen is
    try:
        async with Vault(errand.app_id, platform=device, folder=errand.folder) as vault:
            vault.on_notice(lambda notice: click.echo(NOTICES[notice.value], err=True))
            vault.on_error(failed.append)
            yield vault
    except EcrinError as error:
        raised.append(error)
        raise
    finally:
        for one in failed:
            if one not in raised:
                caution(one)

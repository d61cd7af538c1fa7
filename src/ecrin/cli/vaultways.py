"""`ecrin vault passcode` and `slot`: the ways into a vault."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ecrin.cli.output import show_done, show_record, show_rows
from ecrin.cli.unseen import fd_option
from ecrin.cli.vaulting import Errand, load, named, opened, opening, run

if TYPE_CHECKING:
    from ecrin.vault.service import Vault

KINDS = (
    *"passcode recovery security-key chip key-store secure-enclave windows-hello".split(),
    *"gate-biometrics gate-passcode".split(),
)
ADD = f"""Add a way into a vault.

KIND is one of {", ".join(KINDS)}; each device has some of them. A gate says yes or no: it is no lock.
"""
new_passcode = fd_option("--new-passcode-fd", "the new passcode")


@click.command()
@new_passcode
@opening
def passcode(errand: Errand, new_passcode_fd: bytearray | None) -> None:
    """Replace the passcode of a custom-passcode vault.

    The vault's key is replaced with it.
    """
    errand.unseen.take_new(new_passcode_fd)
    opened(errand, _replace)
    show_done(f"The passcode of {errand.name} is new.", as_json=errand.as_json)


@click.group()
def slot() -> None:
    """Add, list and remove ways into a vault."""


@slot.command(help=ADD)
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
@new_passcode
@opening
def add(errand: Errand, kind: str, new_passcode_fd: bytearray | None) -> None:
    """Print the slot, and a recovery code this once."""
    errand.unseen.take_new(new_passcode_fd)
    made = opened(errand, lambda vault: vault.add_slot(kind))
    code = {"recovery_code": made.code} if made.code else {}
    show_record({**asdict(made.info), **code}, as_json=errand.as_json)


@slot.command(name="list")
@named
def list_(errand: Errand) -> None:
    """List the ways in; nobody is asked.

    Shown are what holds each, whether the type brought it (managed), and failed tries.
    """

    async def act(vault: "Vault") -> list[dict[str, Any]]:
        await load(vault, errand)
        return [asdict(one) for one in await vault.slots()]

    show_slots(run(errand, act), as_json=errand.as_json)


@slot.command()
@click.argument("slot_id", metavar="ID")
@opening
def remove(errand: Errand, slot_id: str) -> None:
    """Remove a way in by its id.

    The vault's key is replaced: who had that way had the key.
    """
    opened(errand, lambda vault: vault.remove_slot(slot_id))
    show_done(f"The slot {slot_id} is removed.", as_json=errand.as_json)


def show_slots(slots: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print slots."""
    show_rows(slots, ["id", "kind", "hold", "managed", "failures"], as_json=as_json, empty="There is no slot.")


async def _replace(vault: "Vault") -> None:
    from ecrin.vault.errors import InvalidConfig
    from ecrin.vault.model import VaultType

    if vault.config.type is not VaultType.CUSTOM_PASSCODE:
        raise InvalidConfig(
            "The type of this vault is not custom-passcode.",
            hint="Replace a passcode that was added by `ecrin vault slot remove` and `ecrin vault slot add passcode`.",
        )
    await vault.set_custom_passcode()

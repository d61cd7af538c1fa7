"""What a vault is doing when its process is killed or its disk gives out, and what may be found afterwards.

Each act begins in an open vault with `OLD` in it, unless it says otherwise.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ecrin.crypto.profiles import CHEAPEST
from ecrin.vault.format import export
from ecrin.vault.format.entries import Kind, Plain
from ecrin.vault.model import Anchored, VaultConfig, VaultType
from ecrin.vault.service import Vault
from vault.faults.scene import CONFIG, OTHER_PASSCODE, PASSCODE

OLD: dict[str, Any] = {f"name-{number}": f"old-{number}" * 8 for number in range(24)}
BATCH: dict[str, Any] = {f"name-{number}": f"new-{number}" * 8 for number in range(12, 36)}
PASSPHRASE = "correct horse"
EXPORT = export.seal([Plain(n, Kind.TEXT, v.encode()) for n, v in BATCH.items()], bytearray(b"correct horse"), CHEAPEST)
QUICKER = CONFIG.change(lock_after_idle_ms=60_000, wipe_after=10)
UNANCHORED = CONFIG.change(anchored=Anchored.NOTHING, lock_after_idle_ms=60_000)
OTHER_TYPE = VaultConfig(type=VaultType.DEVICE_SECURITY)


@dataclass(frozen=True)
class Act:
    """What is done, what the vault holds then, and which passcode and configuration it has."""

    do: Callable[[Vault], Awaitable[object]]
    new: dict[str, Any] = field(default_factory=lambda: OLD)
    passcode: str | None = PASSCODE
    config: VaultConfig = CONFIG
    gone: bool = False  # the vault has ended: what is found is a new one
    fresh: bool = False  # it begins without a vault


async def remove_slot(vault: Vault) -> None:
    [recovery] = [slot for slot in await vault.slots() if slot.kind == "recovery"]
    await vault.remove_slot(recovery.id)


ACTS = {
    "initialize": Act(lambda vault: vault.initialize(CONFIG, PASSCODE), new={}, fresh=True),
    "set": Act(lambda vault: vault.set_value("name-3", "new"), new={**OLD, "name-3": "new"}),
    "add": Act(lambda vault: vault.set_value("another", "new"), new={**OLD, "another": "new"}),
    "batch": Act(lambda vault: vault.set_values(BATCH), new={**OLD, **BATCH}),
    "remove": Act(lambda vault: vault.remove_value("name-3"), new={n: v for n, v in OLD.items() if n != "name-3"}),
    "import": Act(lambda vault: vault.import_vault(EXPORT, PASSPHRASE), new={**OLD, **BATCH}),
    "rotate": Act(lambda vault: vault.rotate()),
    "passcode": Act(lambda vault: vault.set_custom_passcode(OTHER_PASSCODE), passcode=OTHER_PASSCODE),
    "add-slot": Act(lambda vault: vault.add_slot("key-store")),
    "remove-slot": Act(remove_slot),
    "configure": Act(lambda vault: vault.update_config(QUICKER), config=QUICKER),
    "unanchor": Act(lambda vault: vault.update_config(UNANCHORED), config=UNANCHORED),
    "retype": Act(lambda vault: vault.update_config(OTHER_TYPE), passcode=None, config=OTHER_TYPE),
    "clear": Act(lambda vault: vault.clear(PASSCODE), new={}, gone=True),
    "wipe": Act(lambda vault: vault.wipe(), new={}, gone=True),
    "lock": Act(lambda vault: vault.lock()),
}

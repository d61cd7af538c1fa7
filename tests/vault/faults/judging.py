"""What is found when a process comes after one that was killed or refused: the old vault or the new one, and whole."""

import asyncio
from pathlib import Path
from typing import Any

from ecrin.vault.errors import PasscodeMismatch, PasscodeMissing
from ecrin.vault.model import VaultConfig
from ecrin.vault.service import Vault
from vault.faults.acts import ACTS, OLD, Act
from vault.faults.scene import CONFIG, PASSCODE, device, file_of, values

AGAIN = {"again": "and again"}  # what a worker writes after an act that did not kill it
AFTER = {"after": "this works too"}


def found(folder: Path, act: str) -> tuple[str, dict[str, Any]]:
    """Open the vault as a process that starts does; return whether it is "old", "new" or both, and its values.

    Whatever it is, it must go on: written to, closed and opened again.
    """
    return asyncio.run(_found(folder, ACTS[act]))


async def _found(folder: Path, act: Act) -> tuple[str, dict[str, Any]]:
    vault, passcode = await _open(folder, act)
    held = await values(vault)
    kept = {name: value for name, value in held.items() if name not in AGAIN}
    states = [name for name, state in _states(act).items() if state == (kept, vault.config, passcode)]
    assert states, f"neither old nor new: {kept} {vault.config} {passcode}"
    await vault.set_values(AFTER)
    await vault.close()
    vault, _ = await _open(folder, act)
    assert await values(vault) == {**held, **AFTER}
    await vault.wipe()
    left = [path.name for path in file_of(folder).parent.iterdir() if path.suffix != ".lock"]
    await vault.close()
    assert left == [], "what a wipe leaves"
    return "+".join(states), held


def _states(act: Act) -> dict[str, tuple[dict[str, Any], VaultConfig, str | None]]:
    old = ({}, CONFIG, PASSCODE) if act.fresh else (OLD, CONFIG, PASSCODE)
    return {"old": old, "new": (act.new, act.config, act.passcode)}


async def _open(folder: Path, act: Act) -> tuple[Vault, str | None]:
    vault = device(folder)
    await vault.initialize(CONFIG, PASSCODE)
    if not await vault.is_locked():
        return vault, PASSCODE
    try:
        await vault.unlock(act.passcode)
    except (PasscodeMismatch, PasscodeMissing):
        await vault.unlock(PASSCODE)
        return vault, PASSCODE
    return vault, act.passcode

"""A46: whoever can write the file, and knows no secret of it, makes a vault of their own for its slots.

HPKE wraps for a public key, and those stand in the file. So all that the forger writes is whole; what they do not have
is the vault's guard.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ecrin.vault.errors import VaultDamaged, VaultLocked
from ecrin.vault.format import slots
from ecrin.vault.format.entries import Kind, Plain
from ecrin.vault.format.keys import SECRET_BYTES
from ecrin.vault.format.manifest import Manifest
from ecrin.vault.memory import drawn
from ecrin.vault.model import VaultConfig
from ecrin.vault.opened.draft import Draft
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.store import rows
from vault.faults.scene import device, file_of, opened
from vault.faults.tampering import copy, put_back

BAIT = Plain("server", Kind.TEXT, b"https://evil.example")


def forge(path: Path, *, later: int = 0) -> None:
    """Put a vault of the forger's into the file, for the slots that are in it, `later` epochs ahead."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, rows.transaction(connection, write=True):
        head, found = rows.head(connection), rows.slots(connection)
        rows.clear(connection)
        keys = OpenKeys(drawn(SECRET_BYTES), head.id, head.epoch + later)
        empty = Manifest(head.counter, head.counter, 2**40, 0, 0, slots.hash_of([]), 0, head.settings)
        sealed = keys.seal(empty)
        rows.put_head(connection, rows.Head(head.id, keys.current.epoch, head.counter, sealed, head.settings))
        draft = Draft(connection, keys, 0)
        for slot in found:
            draft.put_slot(slot)
        draft.put([BAIT])
        draft.finish()
    keys.close()


async def test_a46_a_vault_that_somebody_else_made_for_its_slots_does_not_open(tmp_path: Path) -> None:
    await (await opened(tmp_path)).close()
    forge(file_of(tmp_path))
    with pytest.raises(VaultDamaged):
        await opened(tmp_path)


async def test_a46_the_anchor_does_not_follow_a_vault_that_somebody_else_made(tmp_path: Path) -> None:
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "s3cret")
    copied = copy(file_of(tmp_path), tmp_path / "copy")
    forge(file_of(tmp_path))
    with pytest.raises(VaultDamaged):
        await opened(tmp_path)
    put_back(copied, file_of(tmp_path))
    async with await opened(tmp_path) as again:
        assert await again.get_value("token") == "s3cret"


async def test_a46_it_is_no_rotation_for_a_process_that_has_the_vault_open(tmp_path: Path) -> None:
    async with device(tmp_path) as vault:
        await vault.initialize(VaultConfig())  # opens by itself, also after another process's rotation
        forge(file_of(tmp_path), later=1)
        with pytest.raises((VaultDamaged, VaultLocked)):
            await vault.get_value("server")

"""A vault's parts, from vectors/vault.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecrin.crypto.kdf import Buffer
from ecrin.vault.format import slots
from ecrin.vault.format.keys import ROOM, EpochKeys

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/vault.json").read_text("utf-8"))
_NAMES = ("vault_id", "vault_key", "guard", "ids_key", "set_key")
VAULT, KEY, GUARD, IDS, SET = (bytes.fromhex(VECTORS[name]) for name in _NAMES)


def keys(epoch: int = 1, key: bytes = KEY, vault: bytes = VAULT) -> EpochKeys:
    return EpochKeys(key + GUARD, vault, epoch, memoryview(bytearray(ROOM)))


def slot_of(
    secret: Buffer,
    kind: str = "passcode",
    params: bytes = b"{}",
    id_: bytes = bytes(16),
    vault: bytes = VAULT,
    key: Buffer = KEY,
    guard: Buffer = GUARD,
    epoch: int = 1,
) -> slots.Slot:
    """A slot that keeps a guard and a vault key."""
    bare = slots.Slot(id_, kind, params, slots.public_key(vault, id_, secret))
    return slots.wrap(vault, slots.guarded(vault, bare, secret, guard), epoch, key)


@pytest.fixture
def vectors() -> dict[str, Any]:
    return VECTORS

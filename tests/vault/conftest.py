"""A vault's parts, from vectors/vault.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecrin.vault.format.keys import ROOM, EpochKeys

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/vault.json").read_text("utf-8"))
VAULT, KEY, IDS, SET = (bytes.fromhex(VECTORS[name]) for name in ("vault_id", "vault_key", "ids_key", "set_key"))


def keys(epoch: int = 1, key: bytes = KEY, vault: bytes = VAULT) -> EpochKeys:
    return EpochKeys(key, vault, epoch, memoryview(bytearray(ROOM)))


@pytest.fixture
def vectors() -> dict[str, Any]:
    return VECTORS

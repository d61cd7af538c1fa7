"""What a browser made once (vectors/vault_prf.json), here; test_in_chromium.py holds a browser against it."""

import json
from pathlib import Path
from typing import Any

from ecrin.crypto.kdf import derive_into
from ecrin.vault.format import slots

VECTOR: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors/vault_prf.json").read_text("utf-8"))
VAULT = bytes.fromhex(VECTOR["vault_id"])


def test_slots_from_the_prf_of_a_browser() -> None:
    for case in VECTOR["slots"]:
        id_, prf, public, *sealed = (bytes.fromhex(case[n]) for n in ("id", "prf", "public", "guard", "wrapped"))
        slot, out = slots.Slot(id_, case["kind"], case["params"].encode(), public, *sealed), bytearray(64)
        assert slots.public_key(VAULT, id_, prf) == public
        assert slots.unwrap(VAULT, slot, prf, memoryview(out)) == case["epoch"]
        assert out.hex() == VECTOR["vault_key"] + VECTOR["guard"]


def test_the_private_key_is_hkdf_of_the_prf() -> None:
    for case in VECTOR["slots"]:
        private = bytearray(32)
        salted = b"ecrin slot 1" + bytes.fromhex(case["id"])
        derive_into(bytes.fromhex(case["prf"]), VAULT, salted, memoryview(private))
        assert private.hex() == case["private"]

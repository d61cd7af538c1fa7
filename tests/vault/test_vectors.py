"""Other implementations can be held against vectors/vault.json; so are we."""

from typing import Any

from ecrin.crypto.profiles import Profile
from ecrin.vault.format import entries, export, manifest, slots
from ecrin.vault.format.keys import ROOM, EpochKeys
from ecrin.vault.slots.stretch import stretch
from vault.conftest import GUARD, IDS, KEY, SET, VAULT, keys


def test_the_keys_of_an_epoch(vectors: dict[str, Any]) -> None:
    for case in vectors["keys"]:
        room = bytearray(ROOM)
        EpochKeys(KEY + GUARD, VAULT, case["epoch"], memoryview(room))
        assert room.hex() == case["entries"] + case["manifest"]


def test_entries(vectors: dict[str, Any]) -> None:
    for case in vectors["entries"]:
        plain = entries.Plain(case["name"], entries.Kind(case["kind"]), bytes.fromhex(case["value"]))
        nonce = bytes.fromhex(case["nonce"])
        id_ = entries.entry_id(IDS, case["name"])
        found = entries.seal(keys(case["epoch"]), VAULT, id_, case["version"], plain, lambda _, n=nonce: n)
        assert (found.id.hex(), found.sealed.hex()) == (case["id"], case["sealed"])
        assert entries.unseal(keys(case["epoch"]), VAULT, found) == plain
        assert entries.digest(SET, found).to_bytes(32, "big").hex() == case["digest"]


def test_slots(vectors: dict[str, Any]) -> None:
    rows = []
    for case in vectors["slots"]:
        id_, secret, public, *sealed = (bytes.fromhex(case[n]) for n in ("id", "secret", "public", "guard", "wrapped"))
        slot = slots.Slot(id_, case["kind"], case["params"].encode(), public, *sealed)
        out = bytearray(64)
        assert slots.public_key(VAULT, id_, secret) == public
        assert slots.unwrap(VAULT, slot, secret, memoryview(out)) == case["epoch"]
        assert out == KEY + GUARD
        rows.append(slot)
    assert slots.hash_of(reversed(rows)).hex() == vectors["slots_hash"]


def test_manifests(vectors: dict[str, Any]) -> None:
    for case in vectors["manifests"]:
        set_hash, slots_hash = int(case["set"], 16), bytes.fromhex(case["slots"])
        settings, nonce = case["settings"].encode(), bytes.fromhex(case["nonce"])
        numbers = (case["counter"], case["since"], case["mark"], case["count"])
        whole = manifest.Manifest(*numbers, set_hash, slots_hash, case["previous"], settings)
        kept = IDS + SET + bytes.fromhex(case["previous_key"])
        sealed = manifest.seal(keys(case["epoch"]), VAULT, whole, memoryview(kept), lambda _, n=nonce: n)
        assert sealed.hex() == case["sealed"]
        found = bytearray(len(kept))
        assert manifest.unseal(keys(case["epoch"]), VAULT, sealed, memoryview(found)) == whole
        assert found == kept


def test_passcodes(vectors: dict[str, Any]) -> None:
    for case in vectors["passcodes"]:
        out = bytearray(64)
        stretch(bytearray(case["passcode"].encode()), case["params"], memoryview(out))
        assert out.hex() == case["stretched"]


def test_exports(vectors: dict[str, Any]) -> None:
    for case in vectors["exports"]:
        found = export.unseal(bytes.fromhex(case["sealed"]), bytearray(case["passphrase"].encode()))
        wanted = [entries.Plain(n, entries.Kind(k), bytes.fromhex(v)) for n, k, v in case["values"]]
        assert found == wanted
        drawn = iter((bytes.fromhex(case["salt"]), bytes.fromhex(case["nonce"])))
        profile = Profile(*case["cost"])
        again = export.seal(wanted, bytearray(case["passphrase"].encode()), profile, lambda _, d=drawn: next(d))
        assert again.hex() == case["sealed"]

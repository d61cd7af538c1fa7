"""What the format promises: what was sealed opens in its place and nowhere else, and nothing is changed unseen."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.vault.errors import InvalidEntry, SlotRefused, VaultDamaged
from ecrin.vault.format import entries, manifest, slots
from ecrin.vault.format.entries import MAX_NAME, MAX_VALUE, Entry, Kind, Plain
from ecrin.vault.format.keys import ROOM, EpochKeys
from vault.conftest import GUARD, IDS, KEY, SET, VAULT, keys, slot_of

TOKEN = Plain("token", Kind.TEXT, b"s3cret")
SECRET = bytes(range(9, 41))
KEPT = memoryview(IDS + SET + bytes(32))
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def sealed(plain: Plain = TOKEN, version: int = 1, epoch: int = 1) -> Entry:
    return entries.seal(keys(epoch), VAULT, entries.entry_id(IDS, plain.name), version, plain)


def slot(kind: str = "passcode", params: bytes = b"{}") -> slots.Slot:
    return slot_of(SECRET, kind, params)


def whole(**changes: object) -> manifest.Manifest:
    return replace(manifest.Manifest(1, 0, 0, 0, 0, bytes(32), 0, b"{}"), **changes)  # type: ignore[arg-type]


def opened(keys_: EpochKeys, text: bytes) -> tuple[manifest.Manifest, bytes]:
    """A manifest with the keys that it keeps."""
    kept = bytearray(manifest.KEPT_BYTES)
    return manifest.unseal(keys_, VAULT, text, memoryview(kept)), bytes(kept)


@given(names, st.sampled_from(Kind), st.binary(max_size=300), st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1))
def test_an_entry_opens_as_it_was_sealed(name: str, kind: Kind, value: bytes, version: int, epoch: int) -> None:
    plain = Plain(name, kind, value)
    assert entries.unseal(keys(epoch), VAULT, sealed(plain, version, epoch)) == plain


def test_a46_a_bit_flipped_at_any_byte_of_an_entry_is_noticed() -> None:
    entry = sealed()
    for at in range(len(entry.sealed)):
        for bit in range(8):
            changed = bytearray(entry.sealed)
            changed[at] ^= 1 << bit
            with pytest.raises(VaultDamaged):
                entries.unseal(keys(), VAULT, replace(entry, sealed=bytes(changed)))


def test_a46_an_entry_that_is_cut_anywhere_is_noticed() -> None:
    entry = sealed()
    for end in range(len(entry.sealed)):
        with pytest.raises(VaultDamaged):
            entries.unseal(keys(), VAULT, replace(entry, sealed=entry.sealed[:end]))


@pytest.mark.parametrize(
    "moved",
    [
        {"id": entries.entry_id(IDS, "other")},
        {"version": 2},
        {"epoch": 2},
    ],
)
def test_a46_an_entry_opens_in_its_own_place_only(moved: dict[str, object]) -> None:
    with pytest.raises(VaultDamaged):
        entries.unseal(keys(), VAULT, replace(sealed(), **moved))  # type: ignore[arg-type]


def test_an_entry_of_another_vault_does_not_open_under_the_same_key() -> None:
    other = bytes(16)
    with pytest.raises(VaultDamaged):
        entries.unseal(keys(vault=other), other, sealed())


@pytest.mark.parametrize("text", [b"", b"\x03\0\1nv", b"\x00\0\1\xff"])
def test_what_is_sealed_and_no_entry_is_damage(text: bytes) -> None:
    nonce, entry = bytes(12), sealed()
    bound = b"ecrin vault 1 entry" + VAULT + entry.id + bytes(7) + b"\1" + bytes(3) + b"\1"
    with pytest.raises(VaultDamaged):
        entries.unseal(keys(), VAULT, replace(entry, sealed=nonce + keys().entries.encrypt(nonce, text, bound)))


def test_an_entry_shows_neither_its_name_nor_its_value() -> None:
    entry = sealed()
    assert b"token" not in entry.id + entry.sealed
    assert b"s3cret" not in entry.sealed
    assert "s3cret" not in repr(TOKEN)
    assert "token" not in repr(TOKEN)


@pytest.mark.parametrize("name", ["", "n" * (MAX_NAME + 1), "é" * (MAX_NAME // 2 + 1), "\ud800"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(InvalidEntry):
        entries.check(replace(TOKEN, name=name))


def test_a_value_that_does_not_fit_is_refused() -> None:
    entries.check(replace(TOKEN, value=bytes(MAX_VALUE)))
    with pytest.raises(InvalidEntry):
        entries.check(replace(TOKEN, value=bytes(MAX_VALUE + 1)))


def hash_of(rows: Iterable[Entry]) -> int:
    return reduce(xor, (entries.digest(SET, row) for row in rows), 0)


@given(st.dictionaries(names, st.binary(max_size=20), min_size=1, max_size=8), st.data())
def test_the_hash_of_the_set_is_kept_by_two_digests_a_write(values: dict[str, bytes], data: st.DataObject) -> None:
    rows = [sealed(Plain(name, Kind.BYTES, value), at) for at, (name, value) in enumerate(values.items())]
    before, at = hash_of(rows), data.draw(st.integers(0, len(rows) - 1))
    new = sealed(Plain("new", Kind.BYTES, b""), 99)
    after = before ^ entries.digest(SET, rows[at]) ^ entries.digest(SET, new)
    assert after == hash_of([*rows[:at], new, *rows[at + 1 :]])


def test_a46_an_old_entry_put_back_changes_the_hash_of_the_set() -> None:
    old, new, other = sealed(version=1), sealed(version=2), sealed(Plain("other", Kind.TEXT, b""), 3)
    assert hash_of([new, other]) not in {hash_of([old, other]), hash_of([other]), hash_of([old, new, other])}


def test_a_manifest_opens_as_it_was_sealed_and_its_every_byte_counts() -> None:
    text = manifest.seal(keys(), VAULT, whole(), KEPT)
    assert opened(keys(), text) == (whole(), bytes(KEPT))
    for at in range(len(text)):
        for changed in (text[:at], text[:at] + bytes((text[at] ^ 1,)) + text[at + 1 :]):
            with pytest.raises(VaultDamaged):
                opened(keys(), changed)


def test_a_manifest_of_another_epoch_or_key_does_not_open() -> None:
    text = manifest.seal(keys(), VAULT, whole(), KEPT)
    for wrong in (keys(2), keys(key=bytes(32)), keys(vault=bytes(16))):
        with pytest.raises(VaultDamaged):
            opened(wrong, text)


def test_a_manifest_that_does_not_open_gives_out_no_key() -> None:
    kept = bytearray(b"\7" * manifest.KEPT_BYTES)
    with pytest.raises(VaultDamaged):
        manifest.unseal(keys(2), VAULT, manifest.seal(keys(), VAULT, whole(), KEPT), memoryview(kept))
    assert kept == b"\7" * manifest.KEPT_BYTES


def test_settings_that_are_too_long_are_refused() -> None:
    with pytest.raises(ValueError, match="64 KiB"):
        manifest.seal(keys(), VAULT, whole(settings=bytes(64 * 1024 + 1)), KEPT)


@given(st.binary(max_size=200))
def test_junk_is_damage_and_nothing_else(junk: bytes) -> None:
    with pytest.raises(VaultDamaged):
        opened(keys(), junk)
    with pytest.raises(VaultDamaged):
        entries.unseal(keys(), VAULT, Entry(bytes(32), 1, 1, junk))
    with pytest.raises(VaultDamaged):
        slots.unwrap(VAULT, replace(slot(), wrapped=junk), SECRET, memoryview(bytearray(64)))


def test_a_slot_opens_with_its_own_secret_only() -> None:
    out = memoryview(bytearray(64))
    assert slots.unwrap(VAULT, slot(), SECRET, out) == 1
    assert out == KEY + GUARD
    with pytest.raises(SlotRefused):
        slots.unwrap(VAULT, slot(), secrets.token_bytes(32), out)


@pytest.mark.parametrize("changed", [{"kind": "gate"}, {"params": b'{"passes":1}'}, {"id": bytes(15) + b"\1"}])
def test_a_slot_that_was_made_weaker_does_not_open(changed: dict[str, object]) -> None:
    with pytest.raises((SlotRefused, VaultDamaged)):
        slots.unwrap(VAULT, replace(slot(), **changed), SECRET, memoryview(bytearray(64)))  # type: ignore[arg-type]


def test_a_slot_of_another_vault_does_not_open() -> None:
    with pytest.raises(SlotRefused):
        slots.unwrap(bytes(16), slot(), SECRET, memoryview(bytearray(64)))


def test_a_slot_that_is_refused_leaves_the_room_as_it_was() -> None:
    out = bytearray(b"\7" * 64)
    with pytest.raises(SlotRefused):
        slots.unwrap(VAULT, slot(), bytes(32), memoryview(out))
    assert out == b"\7" * 64


@pytest.mark.parametrize("changed", [{"guard": b""}, {"guard": bytes(60)}, {"wrapped": b""}])
def test_a_slot_whose_secret_is_right_and_whose_rest_is_not_is_damage(changed: dict[str, bytes]) -> None:
    out = bytearray(b"\7" * 64)
    with pytest.raises(VaultDamaged):
        slots.unwrap(VAULT, replace(slot(), **changed), SECRET, memoryview(out))  # type: ignore[arg-type]
    assert out == b"\7" * 64


def test_a46_a_guard_of_another_slot_opens_nothing() -> None:
    other = slot_of(SECRET, id_=bytes(15) + b"\1")
    with pytest.raises(VaultDamaged):
        slots.unwrap(VAULT, replace(slot(), guard=other.guard), SECRET, memoryview(bytearray(64)))


def test_the_keys_of_an_epoch_hang_on_the_guard() -> None:
    rooms = bytearray(ROOM), bytearray(ROOM)
    for room, guard in zip(rooms, (GUARD, bytes(32)), strict=True):
        EpochKeys(KEY + guard, VAULT, 1, memoryview(room))
    assert rooms[0][:32] != rooms[1][:32]
    assert rooms[0][32:] != rooms[1][32:]


def test_a_weak_secret_makes_no_slot() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        slots.public_key(VAULT, bytes(16), b"1234")


def test_a_new_key_is_wrapped_for_a_slot_without_its_secret() -> None:
    rotated, out = slots.wrap(VAULT, slot(), 2, bytes(32)), bytearray(b"\7" * 64)
    assert slots.unwrap(VAULT, rotated, SECRET, memoryview(out)) == 2
    assert out == bytes(32) + GUARD


@pytest.mark.parametrize(
    "changed",
    [{"kind": "x"}, {"params": b"[]"}, {"public": bytes(32)}, {"id": bytes(15) + b"\1"}, {"guard": bytes(60)}],
)
def test_the_hash_of_the_slots_binds_all_but_what_is_wrapped(changed: dict[str, object]) -> None:
    one = slot()
    assert slots.hash_of([replace(one, **changed)]) != slots.hash_of([one])  # type: ignore[arg-type]
    assert slots.hash_of([replace(one, wrapped=b"")]) == slots.hash_of([one])


@pytest.mark.parametrize(("key", "vault", "epoch", "room"), [(32, 16, 1, ROOM), (64, 15, 1, ROOM), (64, 16, 1, 63)])
def test_keys_of_another_size_are_refused(key: int, vault: int, epoch: int, room: int) -> None:
    with pytest.raises(ValueError, match="size"):
        EpochKeys(bytes(key), bytes(vault), epoch, memoryview(bytearray(room)))


@pytest.mark.parametrize("epoch", [0, 2**32])
def test_an_epoch_out_of_range_is_refused(epoch: int) -> None:
    with pytest.raises(ValueError, match="epoch"):
        keys(epoch)

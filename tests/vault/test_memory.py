"""Rooms for keys: after the end nothing of them is left in this process (attack A47)."""

import secrets
import sys
from pathlib import Path

import pytest

from ecrin.vault.format import slots
from ecrin.vault.memory import SecretRoom, forget
from vault.memory_image import left

needs_maps = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the image of a process is read by /proc")


def traces(masked: bytes) -> int:
    """Return how often a secret is in the memory of this process; it is given masked, not to be found here."""
    return left({"it": masked}).get("it", 0)


def drawn(room: SecretRoom) -> bytes:
    """Fill a room with random bytes that exist nowhere else, and return them masked."""
    with Path("/dev/urandom").open("rb", 0) as source:
        source.readinto(room.view)  # type: ignore[attr-defined]
    return bytes(byte ^ 0xFF for byte in room.view)


@needs_maps
def test_a47_a_room_that_is_closed_leaves_nothing_in_memory() -> None:
    room = SecretRoom(32)
    masked = drawn(room)
    there = traces(masked)
    room.close()
    assert (there, traces(masked)) == (1, 0)


@needs_maps
def test_a47_a_slot_that_was_opened_leaves_the_key_in_its_room_alone() -> None:
    vault, slot_id, secret = bytes(16), bytes(16), secrets.token_bytes(32)
    key, out = SecretRoom(32), SecretRoom(32)
    masked = drawn(key)
    slot = slots.wrap(vault, slots.Slot(slot_id, "test", b"{}", slots.public_key(vault, slot_id, secret)), 1, key.view)
    key.close()
    slots.unwrap(vault, slot, secret, out.view)
    there = traces(masked)
    out.close()
    assert (there, traces(masked)) == (1, 0)


def test_a_room_is_closed_twice_without_harm_and_then_dead() -> None:
    room = SecretRoom(32)
    room.close()
    room.close()
    with pytest.raises(ValueError, match="released"):
        room.view[0] = 1


def test_a_room_is_wiped_even_if_a_view_of_it_was_kept() -> None:
    room = SecretRoom(32)
    room.view[:4] = b"1234"
    kept = room.view[:4]
    room.close()
    assert kept == bytes(4)
    kept.release()
    room.close()


def test_a_room_does_not_print_what_it_holds() -> None:
    room = SecretRoom(4)
    room.view[:] = b"1234"
    assert "1234" not in repr(room)
    room.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is known to grant both")
def test_on_linux_a_room_is_locked_and_left_out_of_core_dumps() -> None:
    room = SecretRoom(32)
    protection = room.protection
    room.close()
    assert (protection.locked, protection.undumped) == (True, True)


def test_bytes_are_forgotten_in_place() -> None:
    data = secrets.token_bytes(32)
    forget(data)
    assert data == bytes(32)

"""Rooms for keys: after the end nothing of them is left in this process (attack A47)."""

import ctypes
import re
import secrets
import sys
from pathlib import Path

import pytest

from ecrin.vault.format import slots
from ecrin.vault.memory import SecretRoom, forget
from vault.conftest import slot_of
from vault.memory_image import left

needs_maps = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the image of a process is read by /proc")

SMAPS = Path("/proc/self/smaps")
needs_flags = pytest.mark.skipif(
    not SMAPS.exists() or "VmFlags" not in SMAPS.read_text(), reason="what pages are is told by /proc/self/smaps"
)


def flags(room: SecretRoom) -> list[str]:
    """Return what the kernel says of a room's pages: proc_pid_smaps(5), VmFlags."""
    at = ctypes.addressof(ctypes.c_char.from_buffer(room.view))
    for start, end, told in re.findall(r"(?m)^(\w+)-(\w+) (?:.*\n)+?VmFlags: (.*)", SMAPS.read_text()):
        if int(start, 16) <= at < int(end, 16):
            return str(told).split()
    raise AssertionError("A room lies in no region of this process.")


def traces(masked: bytes) -> int:
    """Return how often a secret is in the memory of this process; it is given masked, not to be found here."""
    return left({"it": masked}).get("it", 0)


def drawn(room: SecretRoom) -> bytes:
    """Fill a room with random bytes that exist nowhere else, and return them masked."""
    with Path("/dev/urandom").open("rb", 0) as source:
        source.readinto(room.view)
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
    vault, secret, key, guard, out = bytes(16), secrets.token_bytes(32), SecretRoom(32), SecretRoom(32), SecretRoom(64)
    masked = drawn(key), drawn(guard)
    slot = slot_of(secret, vault=vault, key=key.view, guard=guard.view)
    key.close()
    guard.close()
    slots.unwrap(vault, slot, secret, out.view)
    there = [traces(one) for one in masked]
    out.close()
    assert (there, [traces(one) for one in masked]) == ([1, 1], [0, 0])


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


@needs_flags
@pytest.mark.parametrize("flag", ["lo", "dd"])  # never written to swap; in no core dump
def test_the_kernel_says_of_a_rooms_pages_that_they_are(flag: str) -> None:
    room = SecretRoom(32)
    found = flags(room)
    room.close()
    assert flag in found


def test_bytes_are_forgotten_in_place() -> None:
    data = secrets.token_bytes(32)
    forget(data)
    assert data == bytes(32)

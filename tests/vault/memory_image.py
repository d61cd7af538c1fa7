"""What is left of an open vault's secrets in this process: they are taken masked, and looked for masked."""

import gc
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecrin.crypto.aead import KEY_BYTES
from ecrin.vault.format.keys import ROOM
from ecrin.vault.service import Vault

CHUNK = 1 << 20


def masked(view: memoryview) -> bytes:
    """Return bytes masked as `traces` wants them, without ever making the whole of them."""
    return bytes(byte ^ 0xFF for byte in view)


def of(vault: Vault) -> dict[str, bytes]:
    """Return the keys of an open vault, masked, by name."""
    keys = vault._keeper.there().open().keys
    room = keys.room.view
    return {
        "entries": masked(room[:KEY_BYTES]),
        "manifest": masked(room[KEY_BYTES:ROOM]),
        "vault": masked(keys.key),
        "guard": masked(keys.guard),
        "ids": masked(keys.ids),
        "set": masked(keys.set),
    }


def left(secrets: dict[str, bytes]) -> dict[str, int]:
    """Return how often each is in the memory of this process, those that are."""
    gc.collect()
    found = dict.fromkeys(secrets, 0)
    with mmap.mmap(-1, CHUNK) as chunk, Path("/proc/self/mem").open("rb", 0) as memory:
        for start, end in _regions():
            for at in range(start, end, CHUNK - KEY_BYTES + 1):
                size = _read(memory, at, min(CHUNK, end - at), chunk)
                for name, secret in secrets.items():
                    found[name] += _count(chunk, size, secret)
                chunk[:size] = bytes(size)  # what was looked through must not be found in its turn
    return {name: count for name, count in found.items() if count}


def _regions() -> list[tuple[int, int]]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    spans = [line.split(maxsplit=1)[0].split("-") for line in lines if " r" in line[:40] and "[v" not in line]
    return [(int(start, 16), int(end, 16)) for start, end in spans]


def _read(memory: Any, at: int, size: int, chunk: mmap.mmap) -> int:
    try:
        memory.seek(at)
        with memoryview(chunk) as whole, whole[:size] as part:
            return int(memory.readinto(part) or 0)
    except (OSError, OverflowError):
        return 0


def _count(chunk: mmap.mmap, size: int, secret: bytes) -> int:
    """Count where what was read begins as the masked secret does, without ever making the secret whole."""
    first, found, at = bytes(byte ^ 0xFF for byte in secret[:6]), 0, -1
    while (at := chunk.find(first, at + 1, size)) >= 0:
        whole = at + len(secret) <= size
        found += whole and all(chunk[at + place] ^ 0xFF == byte for place, byte in enumerate(secret))
    return found


def watched(module: object, name: str, out: dict[str, bytes]) -> Callable[..., object]:
    """Return a function that does what another does and keeps, masked, the secret room that it returns."""
    true = getattr(module, name)

    async def watching(*args: object, **kwargs: object) -> object:
        room = await true(*args, **kwargs)
        out["slot secret"] = masked(room.view)
        out["half of it"] = masked(room.view[KEY_BYTES:])
        return room

    return watching

"""Memory for keys: locked where the system lets us, left out of core dumps, and wiped when it is not needed any more.

Python cannot wipe its own bytes, so keys live here and are handed on as views. What a machine refuses is told by
`protection` and never hidden: pages that are not locked may be written to swap.
"""

import ctypes
import mmap
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

_HEAD = bytes.__basicsize__ - 1  # CPython: the bytes of an object begin behind its head


@dataclass(frozen=True, slots=True)
class MemoryProtection:
    """What the system granted a room: its pages are never written to swap, and no core dump holds them."""

    locked: bool
    undumped: bool


class SecretRoom:
    """`size` bytes for secrets, zero at first; `view` is writable and dead after `close`, which wipes it."""

    __slots__ = ("_closed", "_map", "protection", "view")

    def __init__(self, size: int) -> None:
        self._map = mmap.mmap(-1, size)
        self.view = memoryview(self._map)
        self._closed = False
        self.protection = MemoryProtection(_locked(self._map), _undumped(self._map))

    def close(self) -> None:
        """Wipe the room and give it back; a second time does nothing.

        Where views of it are left (a traceback holds some) it is wiped all the same, and given back with the last one.
        """
        if not self._closed:
            self._closed = True
            self._map[:] = bytes(len(self._map))
            with suppress(BufferError):
                self.view.release()
                self._map.close()

    def __repr__(self) -> str:
        return "SecretRoom(…)"


def drawn(size: int) -> SecretRoom:
    """Return a room of random bytes, which the caller closes."""
    room = SecretRoom(size)
    fresh = secrets.token_bytes(size)
    room.view[:] = fresh
    forget(fresh)
    return room


def forget(data: bytes) -> None:
    """Overwrite bytes that a library gave us and that nobody else holds: they would stay in memory until it is reused.

    Do not call it with a constant, or with anything of fewer than two bytes: Python shares those.
    """
    if len(data) > 1:
        ctypes.memset(id(data) + _HEAD, 0, len(data))


def _locked(pages: mmap.mmap) -> bool:
    libc = _libc()
    if libc is None:
        return False
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    return bool(libc.mlock(ctypes.c_void_p(start), ctypes.c_size_t(len(pages))) == 0)


def _undumped(pages: mmap.mmap) -> bool:
    advice = getattr(mmap, "MADV_DONTDUMP", None)
    if advice is None:
        return False
    pages.madvise(advice)
    return True


@cache
def _libc() -> Any:
    try:
        libc = ctypes.CDLL(None)
    except (OSError, TypeError):  # a system without such a library, as Windows is
        return None
    return libc if hasattr(libc, "mlock") else None

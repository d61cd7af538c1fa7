"""Files piece by piece, so that no file has to fit into memory."""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from ecrin.updates.errors import InvalidBundle

PIECE = 1 << 20  # bytes
Advance = Callable[[int], None]


def pieces(path: Path, advance: Advance = lambda _: None) -> Iterator[bytes]:
    """Yield a file's bytes, and tell `advance` how many after each; raises `InvalidBundle` if it cannot be read."""
    with _opened(path) as file:
        while piece := file.read(PIECE):
            yield piece
            advance(len(piece))


def digest(path: Path) -> tuple[str, int]:
    """Return a file's SHA-256 hex and its size in bytes; raises `InvalidBundle` if it cannot be read."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _opened(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error.strerror}.") from None

"""The port of object storage. Names are the SHA-256 of the content, so an object never changes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from ecrin.base.clock import Instant


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that is in the store, whether or not anything names it."""

    app_id: str
    name: str
    stored_at: Instant


class ObjectStore(Protocol):
    """Keeps objects; `app_id` and `name` (64 hex digits) are checked by the caller and again here."""

    async def start(self) -> None:
        """Remove what uploads left behind that a crash cut off; only one process may use the store from then on."""
        ...

    async def put(self, app_id: str, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Store an object durably: it is on disk, whole and under its name, when this returns.

        Raises `ObjectMismatch` if the bytes have another size or hash, a `StorageError` if they cannot be kept; nothing
        is left behind then. An object that is there already is not written again, and its chunks are not read.
        """
        ...

    async def size(self, app_id: str, name: str) -> int | None:
        """Return the size of an object in bytes, or None where there is none."""
        ...

    def read(self, app_id: str, name: str, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Return the bytes from `start` to before `stop` in pieces of bounded size; raises `NotFound`."""
        ...

    def opened(self, app_id: str, name: str) -> AbstractAsyncContextManager[BinaryIO]:
        """Open an object for reading at any place, by one thread at a time; raises `NotFound`."""
        ...

    async def remove(self, app_id: str, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def kept(self) -> AsyncGenerator[Kept, None]:
        """Return every object of every app, in no order; what comes or goes meanwhile may be missing."""
        ...

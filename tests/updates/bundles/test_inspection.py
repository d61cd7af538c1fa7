"""Reading a bundle holds nobody up: it is done by threads, for few bundles at once."""

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

import brotli

from ecrin.updates.bundles.inspection import AT_ONCE, Inspector
from ecrin.updates.bundles.model import File, NewBundle
from updates.bundles.publishing import sha
from updates.bundles.zips import packed


class Objects:
    """An object store in memory that knows which threads read in it, and how many files are open."""

    def __init__(self, *kept: bytes) -> None:
        self._kept = {sha(data): data for data in kept}
        self.threads: set[int] = set()
        self.open = self.most = 0

    @asynccontextmanager
    async def opened(self, app_id: str, name: str) -> AsyncIterator[BinaryIO]:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        yield _Watched(self._kept[name], self.threads)
        self.open -= 1


class _Watched(io.BytesIO):
    def __init__(self, data: bytes, threads: set[int]) -> None:
        super().__init__(data)
        self._threads = threads

    def read(self, size: int | None = -1, /) -> bytes:
        self._threads.add(threading.get_ident())
        return super().read(size)


PLAIN = os.urandom(1000)
STORED = brotli.compress(PLAIN)
ARCHIVE = packed({"index.html": b"hello", "a.bin": PLAIN})
NEW = NewBundle(
    "1.0.0",
    sha(ARCHIVE),
    zip=sha(ARCHIVE),
    manifest=(
        File("index.html", sha(b"hello"), sha(b"hello"), 5),
        File("a.bin.br", sha(PLAIN), sha(STORED), len(STORED)),
    ),
)


async def test_the_event_loop_reads_nothing_itself() -> None:
    objects = Objects(ARCHIVE, STORED)
    await Inspector(objects).inspect("com.example.a", NEW)  # type: ignore[arg-type]
    assert objects.threads
    assert threading.get_ident() not in objects.threads


async def test_few_bundles_are_read_at_once() -> None:
    objects = Objects(ARCHIVE, STORED)
    inspector = Inspector(objects)  # type: ignore[arg-type]
    await asyncio.gather(*(inspector.inspect("com.example.a", NEW) for _ in range(9)))
    assert (objects.most, objects.open) == (AT_ONCE, 0)

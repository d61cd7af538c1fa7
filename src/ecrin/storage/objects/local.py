"""Objects in a local folder: FOLDER/APP/HH/HASH.

An object is written beside (`.incoming`), checked and synced while it is nameless, and renamed into its place; then the
folder is synced too (fsync(2): the name is not durable by the file's own sync). What a crash left in `.incoming` is
removed at the next start. Disk work is done off the event loop, about a mebibyte at a time.
"""

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ecrin.base.clock import SECOND, Clock
from ecrin.errors import NotFound, StorageError, StorageFull, StorageReadOnly
from ecrin.storage.objects import names
from ecrin.storage.objects.errors import ObjectMismatch
from ecrin.storage.objects.port import Kept

PIECE = 1024 * 1024  # bytes
INCOMING = ".incoming"  # no app id begins with a dot


class LocalObjects:
    """Keeps objects below a folder, which is made when the first one comes; the clock dates them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def start(self) -> None:
        """Remove what uploads left behind that a crash cut off; only one process may use the folder."""
        await asyncio.to_thread(shutil.rmtree, self._folder / INCOMING, ignore_errors=True)

    async def put(self, app_id: str, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Store an object durably; see the port."""
        path = self._path(app_id, name)
        with _faults():
            if await asyncio.to_thread(self._dated, path):
                return
            upload = await asyncio.to_thread(_Upload, self._folder)
            try:
                async for piece in _pieces(chunks, size):
                    await asyncio.to_thread(upload.write, piece)
                upload.check(name, size)
                await asyncio.to_thread(upload.keep, path, self._clock.now() / SECOND)
            finally:
                await asyncio.shield(asyncio.to_thread(upload.discard))

    async def size(self, app_id: str, name: str) -> int | None:
        """Return the size of an object in bytes, or None where there is none."""
        with _faults():
            return await asyncio.to_thread(_size, self._path(app_id, name))

    async def read(self, app_id: str, name: str, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Return the bytes from `start` to before `stop` in pieces of at most a mebibyte; raises `NotFound`."""
        async with self.opened(app_id, name) as file:
            await asyncio.to_thread(file.seek, start)
            while start < stop:
                with _faults():
                    piece = await asyncio.to_thread(file.read, min(PIECE, stop - start))
                if not piece:
                    return
                start += len(piece)
                yield piece

    @asynccontextmanager
    async def opened(self, app_id: str, name: str) -> AsyncIterator[BinaryIO]:
        """Open an object for reading at any place; raises `NotFound`."""
        with _faults():
            file = await asyncio.to_thread(_open, self._path(app_id, name))
        try:
            yield file
        finally:
            file.close()

    async def remove(self, app_id: str, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        with _faults():
            await asyncio.to_thread(self._path(app_id, name).unlink, missing_ok=True)

    async def kept(self) -> AsyncGenerator[Kept, None]:
        """Return every object of every app, folder by folder."""
        for folder in await asyncio.to_thread(_folders, self._folder):
            app_id = names.app_of(folder.name)
            if app_id is None:
                continue
            for shelf in await asyncio.to_thread(_folders, folder):
                for kept in await asyncio.to_thread(_on_shelf, app_id, shelf):
                    yield kept

    def _path(self, app_id: str, name: str) -> Path:
        return self._folder / names.place(app_id, name)

    def _dated(self, path: Path) -> bool:
        """Return whether the object is there, dated anew if so, that a sweep leaves it another while.

        Its name is made durable once more: whoever gave it may be at that still, or have been killed before.
        """
        at = self._clock.now() / SECOND
        try:
            os.utime(path, (at, at))
        except FileNotFoundError:
            return False
        _sync(path.parent)
        return True


class _Upload:
    """One file on its way: nameless until all of it is there, checked and durable."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(root / INCOMING, root)
        self._path: Path | None = root / INCOMING / secrets.token_hex(16)
        self._file = self._path.open("xb")
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Write some more."""
        self._hash.update(piece)
        self._size += len(piece)
        self._file.write(piece)

    def check(self, name: str, size: int) -> None:
        """Raise `ObjectMismatch` unless what came is what was announced."""
        if self._size != size:
            raise ObjectMismatch(f"{self._size} bytes came, {size} were announced.")
        if self._hash.hexdigest() != name:
            raise ObjectMismatch("The SHA-256 of the bytes is not the name of the object.")

    def keep(self, path: Path, at: float) -> None:
        """Give the file its name, durably, and a date in seconds since the epoch."""
        assert self._path is not None  # noqa: S101  kept once
        self._file.flush()
        os.fsync(self._file.fileno())
        os.utime(self._path, (at, at))
        _make(path.parent, self._root)
        self._path.replace(path)
        self._path = None
        _sync(path.parent)

    def discard(self) -> None:
        """Let go of the file, and remove it unless it was kept."""
        with suppress(OSError):
            self._file.close()
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()


async def _pieces(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Yield what comes in pieces of about a mebibyte; raises `ObjectMismatch` as soon as more than `size` came."""
    held, length, total = [], 0, 0
    async for chunk in chunks:
        total += len(chunk)
        if total > size:
            raise ObjectMismatch(f"More than the {size} bytes came that were announced.")
        held.append(chunk)
        length += len(chunk)
        if length >= PIECE:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


def _make(folder: Path, root: Path) -> None:
    """Make a folder below the root whose own name is durable, and those above it."""
    if folder.is_dir():
        return
    if folder != root:
        _make(folder.parent, root)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there; the file system keeps its own journal of names
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound("There is no such object.") from None


def _folders(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _on_shelf(app_id: str, shelf: Path) -> list[Kept]:
    found = []
    for entry in os.scandir(shelf):
        with suppress(FileNotFoundError):
            if names.is_name(entry.name):
                found.append(Kept(app_id, entry.name, int(entry.stat().st_mtime * SECOND)))
    return found


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what the file system says into our errors."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull("The disk that holds the objects is full; nothing was written.") from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise StorageReadOnly("The folder of the objects cannot be written.") from error
        raise StorageError(f"The objects cannot be reached: {error.strerror}.") from error

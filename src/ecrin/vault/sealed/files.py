"""The files of one room: each whole, the old one or the new one, whenever a process is killed; it blocks.

The folder is 0700, a file 0600. A new file is written beside the old one, flushed, renamed over it, and then the folder
is flushed (fsync(2): a name is not durable by the file's own sync).
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrin.vault.disk import flush, make_folder, patiently, sync_folder
from ecrin.vault.errors import VaultFull, VaultUnwritable
from ecrin.vault.sealed.lock import lock

ENDING = ".sealed"
DRAFT = ".draft"
LOCK = "lock"


class Files:
    """The files in `folder`, which is made by the first write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[str]:
        """Return the ids of all files."""
        with _told():
            if not self._folder.is_dir():
                return []
            return sorted(path.stem for path in self._folder.iterdir() if path.suffix == ENDING)

    def read(self, id_: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        with _told():
            try:
                return patiently(self._path(id_).read_bytes)
            except FileNotFoundError:
                return None

    def write(self, id_: str, data: bytes) -> None:
        """Keep a file durably, in the place of the old one. Only who holds the folder may call it."""
        draft = self._folder / f"{secrets.token_hex(8)}{DRAFT}"
        with _told():
            self._tidy()
            try:
                _write_new(draft, data)
                patiently(lambda: draft.replace(self._path(id_)))
                sync_folder(self._folder)
            finally:
                draft.unlink(missing_ok=True)

    def remove(self, id_: str) -> None:
        """Remove a file durably; one that is not there is no error. Only who holds the folder may call it."""
        with _told():
            patiently(lambda: self._path(id_).unlink(missing_ok=True))
            sync_folder(self._folder)

    def make(self) -> None:
        """Make the folder, durably, if it is not there."""
        with _told():
            make_folder(self._folder)

    def hold(self) -> int | None:
        """Hold the folder for one writer; return what `release` takes, or None while another holds it. Never waits."""
        with _told():
            held = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                locked = lock(held)
            except OSError:  # a file system without locks
                os.close(held)
                raise
        if not locked:
            os.close(held)
        return held if locked else None

    def release(self, held: int) -> None:
        """End the hold."""
        os.close(held)

    def _path(self, id_: str) -> Path:
        return self._folder / f"{id_}{ENDING}"

    def _tidy(self) -> None:
        """Remove what killed writers have left."""
        for path in self._folder.glob(f"*{DRAFT}"):
            path.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        flush(file.fileno())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise VaultFull("The disk is full; nothing was written.") from error
        raise VaultUnwritable(f"The files of this app cannot be written or read: {error.strerror}.") from error

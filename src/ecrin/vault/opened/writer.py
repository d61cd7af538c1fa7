"""The one connection that writes: on a thread of its own, so that no fsync holds up the event loop."""

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ecrin.vault.errors import VaultFull, VaultNotInitialized, VaultRolledBack, VaultUnwritable
from ecrin.vault.opened.draft import Changed, Draft
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.store import file, rows
from ecrin.vault.store.faults import told
from ecrin.vault.threads import in_thread

T = TypeVar("T")


class Writer:
    """Work is done in the order in which it is given. A vault in memory has a connection already, and no thread."""

    def __init__(self, path: Path | None, connection: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "ecrin-vault") if path else None
        self._inode = _inode(path) if path else None

    async def change(self, keys: OpenKeys, floor: int, edit: Callable[[Draft], object]) -> Changed:
        """Let `edit` change the vault, and return once that is on disk; what it raises leaves everything as it was.

        `floor` is the highest counter that is known. Raises as `Draft`, and `VaultBusy`, `VaultFull`,
        `VaultUnwritable`.
        """

        def work(connection: sqlite3.Connection) -> Changed:
            with rows.transaction(connection, write=True):
                draft = Draft(connection, keys, floor)
                edit(draft)
                return draft.finish()

        return await self.run(work)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns, called with the connection; a fault of SQLite's is raised as ours."""
        if self._thread is None:
            return self._tried(work)
        return await in_thread(lambda: self._tried(work), self._thread)

    async def settled(self) -> None:
        """Return when all work that was given is done."""
        if self._thread is not None:
            await in_thread(lambda: None, self._thread)

    async def close(self) -> None:
        """Do what is left, and let go of the file."""
        if self._thread is not None:
            try:
                await in_thread(self._disconnect, self._thread)
            finally:
                self._thread.shutdown(wait=False)
        else:
            self._disconnect()

    def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with told(self.path):
                return work(self._opened())
        except (VaultFull, VaultUnwritable):
            self._renew()
            raise

    def _opened(self) -> sqlite3.Connection:
        if self.path is not None and self._inode != _inode(self.path):
            if self._connection is None or rows.is_cleared(self._connection):
                raise VaultNotInitialized
            raise VaultRolledBack("Another file was put in the place of the vault while it was open.")
        if self._connection is None:
            if self.path is None:
                raise VaultNotInitialized
            self._connection = file.connect(self.path)
        return self._connection

    def _renew(self) -> None:
        """Open anew after a failed commit: the state of its pages is unknown, and it is never tried again.

        While the reader's connection is open, the next commit writes over what the failed one has left in the log.
        """
        if self.path is not None:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _inode(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116  no Path is made for every write
    except OSError:
        raise VaultNotInitialized("The vault's file is gone.") from None
    return found.st_dev, found.st_ino

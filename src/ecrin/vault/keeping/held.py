"""A vault's file as one process holds it, locked or open: connections, settings, and the keys while it is open."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ecrin.vault.errors import VaultLocked, VaultNotInitialized
from ecrin.vault.format.entries import Plain
from ecrin.vault.format.settings import Settings, decode
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.anchoring import Anchoring
from ecrin.vault.model import Tries
from ecrin.vault.opened.draft import Changed, Draft, Rekeyed
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.opened.view import View, everything, taken
from ecrin.vault.opened.writer import Writer
from ecrin.vault.store import file, rows
from ecrin.vault.store.faults import told

T = TypeVar("T")


@dataclass(slots=True)
class Opened:
    """The keys of an open vault, and what is known of its entries."""

    keys: OpenKeys
    view: View


class Held:
    """One vault's file. `path` is None for a vault in memory, whose connection is given."""

    def __init__(self, path: Path | None, memory: sqlite3.Connection | None = None) -> None:
        self.path = path
        with told(path), ExitStack() as undo:
            self.reader = memory or undo.enter_context(closing(self._connect()))
            head = rows.head(self.reader)
            self.settings: Settings = decode(head.settings)
            self.writer = Writer(path, memory)
            undo.pop_all()  # it stays open: all is well
        self.vault_id = head.id
        self.opened: Opened | None = None
        self.anchoring: Anchoring | None = None
        self.paused = False  # it is being locked, or its values move: who writes waits for what comes of it

    def open(self) -> Opened:
        """Return what is open; raises `VaultLocked`."""
        if self.opened is None:
            raise VaultLocked
        return self.opened

    def reloaded(self) -> Settings:
        """Return the settings as the file has them now, in the clear."""
        with told(self.path):
            return decode(rows.head(self.reader).settings)

    def slots(self) -> list[Slot]:
        """Return the slots as they are now."""
        with told(self.path):
            found = rows.slots(self.reader)
            if not found:
                rows.head(self.reader)  # raises for a vault that was cleared
            return found

    def tries(self) -> dict[bytes, Tries]:
        """Return the failed tries of each slot."""
        with told(self.path):
            return rows.tries(self.reader)

    def read(self, work: Callable[[View], T]) -> T:
        """Return what `work` reads; raises `VaultLocked`, and as `View`."""
        view = self.open().view
        with told(self.path):
            return work(view)

    def caught_up(self) -> bool:
        """Take in what others have done to the open vault, and say if its settings are others now; raises as `read`."""
        self.read(lambda view: view.refresh())
        if self.path is None:
            return False  # nobody else has it, and its settings are not written
        before, self.settings = self.settings, decode(self.open().view.manifest.settings)
        return self.settings != before

    async def everything(self) -> list[Plain]:
        """Return all that the open vault holds; raises `VaultLocked`, and as `View`."""
        keys, floor = self.open().keys, self.open().view.manifest.counter
        return await self.writer.run(lambda connection: everything(connection, keys, floor))

    async def taken(self, build: Callable[[list[Plain]], T]) -> T:
        """Return what `build` makes of all that the open vault holds, and leave no row; raises as `everything`."""
        keys, floor = self.open().keys, self.open().view.manifest.counter
        return await self.writer.run(lambda connection: taken(connection, keys, floor, build))

    async def change(self, edit: Callable[[Draft], object]) -> Changed:
        """Change the open vault durably; raises `VaultLocked`, and as `Writer.change`."""
        opened = self.open()
        if self.paused:
            raise Rekeyed
        if self.anchoring is not None:
            self.anchoring.due = True  # before: a lock that comes meanwhile writes its mark behind this
        try:
            changed = await self.writer.change(opened.keys, opened.view.manifest.counter, edit)
        except asyncio.CancelledError:
            if self.anchoring is not None:
                self.anchoring.changed()  # it may be on disk by now
            raise
        if self.opened is opened:
            if changed.manifest.settings != opened.view.manifest.settings:
                self.settings = decode(changed.manifest.settings)
            opened.view.apply(changed)
            if self.anchoring is not None:
                self.anchoring.changed()
        return changed

    async def write_mark(self) -> int:
        """Let the mark in the file grow by one, and return it."""
        opened = self.open()
        changed = await self.writer.change(
            opened.keys, opened.view.manifest.counter, lambda draft: draft.set(mark=draft.manifest.mark + 1)
        )
        opened.view.apply(changed)
        return changed.manifest.mark

    async def shut(self) -> None:
        """Wipe the keys, once nobody uses them any more."""
        opened, self.opened = self.opened, None
        try:
            await self.writer.settled()
        finally:  # who cancels this waits until it is settled all the same
            if opened is not None:
                opened.keys.close()

    async def close(self) -> None:
        """Wipe the keys and let go of the file."""
        try:
            await self.shut()
            if self.anchoring is not None:
                await self.anchoring.stop()
        finally:
            try:
                await self.writer.close()
            finally:
                with suppress(sqlite3.Error):
                    self.reader.close()

    def _connect(self) -> sqlite3.Connection:
        if self.path is None:
            raise VaultNotInitialized
        return file.connect(self.path)

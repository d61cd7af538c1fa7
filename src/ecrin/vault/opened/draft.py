"""One change of a vault, in a transaction that is open: entries and slots, and the manifest that says what became."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ecrin.vault.errors import RotationDue, VaultDamaged, VaultRolledBack
from ecrin.vault.format import entries, slots
from ecrin.vault.format.entries import MAX_VALUE, Entry, Plain
from ecrin.vault.format.manifest import Manifest
from ecrin.vault.format.slots import Slot
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.store import rows
from ecrin.vault.store.rows import Head

MAX_SEALED = 2**31  # values and manifests under one key, together; SP 800-38D §8.3 allows 2^32


@dataclass(slots=True)
class Changed:
    """What a change did: `before` was the counter, `put` are the digests of new entries by id and version."""

    before: int
    manifest: Manifest
    put: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    dropped: list[bytes] = field(default_factory=list)


class Draft:
    """A change that grows; `finish` writes the manifest. `floor` is the highest counter that this process has seen.

    Raises `VaultRolledBack` if the file is behind that, `VaultDamaged` for a manifest that does not open.
    """

    def __init__(self, connection: sqlite3.Connection, keys: OpenKeys, floor: int) -> None:
        head = rows.head(connection)
        same_epoch(head, keys)
        self._connection = connection
        self._keys = keys
        self.manifest = keys.check(head)
        if self.manifest.counter < floor:
            raise VaultRolledBack
        self._changed = Changed(self.manifest.counter, self.manifest)

    def put(self, plains: Iterable[Plain]) -> None:
        """Write values, each under a name of its own; raises `InvalidEntry`."""
        sealed = [self._sealed(plain) for plain in plains]
        for row in sealed:
            self._out(row.id)
            self._in(row)
        rows.put_entries(self._connection, sealed)

    def drop(self, name: str) -> bool:
        """Remove a value; return whether there was one."""
        id_ = self._keys.id_of(name)
        if not self._out(id_):
            return False
        rows.drop_entry(self._connection, id_)
        self._changed.put.pop(id_, None)
        self._changed.dropped.append(id_)
        self._count()
        return True

    def reseal(self, limit: int) -> int:
        """Seal entries of the previous epoch under the present one, at most so many and 16 MiB; return how many."""
        old = rows.entries_of_others(self._connection, self._keys.current.epoch, limit, MAX_VALUE)
        if old:
            self.put([entries.unseal(self._keys.of(row.epoch), self._keys.vault_id, row) for row in old])
        elif self.manifest.previous:
            self.set(previous=0)
        return len(old)

    def put_slot(self, slot: Slot) -> None:
        """Add a slot, wrapped for the present epoch; raises `VaultDamaged` as `drop_slot`."""
        self._check_slots()
        rows.put_slot(self._connection, slots.wrap(self._keys.vault_id, slot, self._keys.current.epoch, self._keys.key))
        self._slots_changed()

    def drop_slot(self, slot_id: bytes) -> None:
        """Remove a slot; raises `VaultDamaged` if the others are not those of the manifest: they would become so."""
        self._check_slots()
        rows.drop_slot(self._connection, slot_id)
        self._slots_changed()

    def rekey(self, keys: OpenKeys) -> None:
        """Go on under the keys of the next epoch: every slot gets the new vault key, nobody is asked."""
        if self.manifest.previous:
            raise VaultDamaged("A rotation is under way already.")  # `finish` one before the next
        self._check_slots()
        previous, self._keys = self._keys.current.epoch, keys
        self.manifest = replace(self.manifest, since=self.manifest.counter)
        for slot in rows.slots(self._connection):
            self.put_slot(slot)
        self.set(previous=previous)

    def set(self, **changes: object) -> None:
        """Change members of the manifest, such as its mark or settings."""
        self._count()
        self.manifest = replace(self.manifest, **changes)  # type: ignore[arg-type]  # named by our own callers

    def finish(self) -> Changed:
        """Write the manifest, and return what was changed; nothing is written if nothing was."""
        if self.manifest.counter != self._changed.before:
            found = self.manifest
            head = Head(
                self._keys.vault_id, self._keys.current.epoch, found.counter, self._keys.seal(found), found.settings
            )
            rows.put_head(self._connection, head)
        self._changed.manifest = self.manifest
        return self._changed

    def _sealed(self, plain: Plain) -> Entry:
        self._count()
        id_ = self._keys.id_of(plain.name)
        return entries.seal(self._keys.current, self._keys.vault_id, id_, self.manifest.counter, plain)

    def _count(self) -> None:
        if self.manifest.counter - self.manifest.since >= MAX_SEALED:
            raise RotationDue
        self.manifest = replace(self.manifest, counter=self.manifest.counter + 1)

    def _check_slots(self) -> None:
        if self.manifest.slots_hash != slots.hash_of(rows.slots(self._connection)):
            raise VaultDamaged("A slot was changed, added or removed by something else than this vault.")

    def _slots_changed(self) -> None:
        self.set(slots_hash=slots.hash_of(rows.slots(self._connection)))

    def _out(self, id_: bytes) -> bool:
        row = rows.entry(self._connection, id_)
        if row is None:
            return False
        self._toggle(row, -1)
        return True

    def _in(self, row: Entry) -> None:
        self._changed.put[row.id] = row.version, self._toggle(row, 1)

    def _toggle(self, row: Entry, by: int) -> int:
        digest = self._keys.digest_of(row)
        found = self.manifest
        if found.entries + by < 0:
            raise VaultDamaged("There are more entries than were counted.")
        self.manifest = replace(found, entries=found.entries + by, set_hash=found.set_hash ^ digest)
        return digest


class Rekeyed(Exception):
    """Another process has rotated the key: who is to go on opens the vault anew."""


def same_epoch(head: Head, keys: OpenKeys) -> None:
    """Raise `Rekeyed` for a file under a later key, `VaultRolledBack` for one under an earlier one: it was put back."""
    if head.epoch > keys.current.epoch:
        raise Rekeyed
    if head.epoch < keys.current.epoch:
        raise VaultRolledBack

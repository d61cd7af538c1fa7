"""What a process knows of an open vault, and how it reads: no value is given out that is not the newest of its name.

When the vault is opened every entry's place is checked against the manifest. After that a read costs one statement: if
the counter is the one that is known, the entry must have the version that is known; if it is another, another process
(or another thread of this one) has written, and what is new is checked first.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ecrin.vault.errors import VaultDamaged, VaultRolledBack
from ecrin.vault.format import entries, slots
from ecrin.vault.format.entries import Entry, Plain
from ecrin.vault.format.manifest import Manifest
from ecrin.vault.opened.draft import Changed, same_epoch
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.store import rows

T = TypeVar("T")
_READ = (
    "SELECT vault.counter, entries.version, entries.epoch, entries.sealed "
    "FROM vault LEFT JOIN entries ON entries.id = ?"
)


class View:
    """Belongs to the event loop's thread; `load` alone may run in another, before anybody reads.

    Raises `VaultDamaged`, `VaultRolledBack` if the file was put back under us, `VaultNotInitialized` if the vault was
    cleared, `Rekeyed` if another process rotated its key.
    """

    def __init__(self, connection: sqlite3.Connection, keys: OpenKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._known: dict[bytes, tuple[int, int]] = {}  # by id: version and digest
        self.manifest: Manifest

    def load(self) -> Manifest:
        """Read everything and check it against the manifest, in a transaction of the caller's."""
        found = self._keys.read(rows.head(self._connection))
        if found.slots_hash != slots.hash_of(rows.slots(self._connection)):
            raise VaultDamaged("A slot was changed, added or removed by something else than this vault.")
        self._load(found)
        return found

    def get(self, name: str) -> Plain | None:
        """Return what a name holds, or None."""
        id_ = self._keys.id_of(name)
        found = self._connection.execute(_READ, (id_,)).fetchall()
        if not found or found[0][0] != self.manifest.counter:
            found = self._newest(id_)
        _, version, epoch, sealed = found[0]
        known = self._known.get(id_)
        if version is None and known is None:
            return None
        row = Entry(id_, version, epoch, sealed)
        if known is None or known[0] != version or known[1] != self._keys.digest_of(row):
            raise VaultDamaged("An entry is not the newest of its name.")
        return entries.unseal(self._keys.of(epoch), self._keys.vault_id, row)

    def refresh(self) -> None:
        """Take in what others have written since."""
        with rows.transaction(self._connection, write=False):
            self._refresh()

    def rekeyed(self, keys: OpenKeys) -> None:
        """Go on with the keys of the next epoch: this process has rotated them itself."""
        self._keys = keys

    def apply(self, changed: Changed) -> None:
        """Take in what this process has written; a later `refresh` finds what is left out here.

        Raises `VaultDamaged` if the entries in whose place it stands were not those that are known.
        """
        if changed.before != self.manifest.counter:
            return
        old = {id_: self._known[id_] for id_ in {*changed.put, *changed.dropped} & self._known.keys()}
        if self.manifest.set_hash ^ _set_hash(old) ^ _set_hash(changed.put) != changed.manifest.set_hash:
            raise VaultDamaged("What was written over was not the newest of its name.")
        for id_ in changed.dropped:
            self._known.pop(id_, None)
        self._known.update(changed.put)
        self.manifest = changed.manifest

    def _refresh(self) -> None:
        head = rows.head(self._connection)
        same_epoch(head, self._keys)
        if head.counter == self.manifest.counter:
            return
        found = self._keys.check(head)
        if found.counter < self.manifest.counter:
            raise VaultRolledBack
        if not self._catch_up(found):
            self._load(found)

    def _newest(self, id_: bytes) -> list[tuple[Any, ...]]:
        """Take in what others have written, and read an entry as the same transaction sees it."""
        with rows.transaction(self._connection, write=False):
            self._refresh()
            return self._connection.execute(_READ, (id_,)).fetchall()

    def _catch_up(self, found: Manifest) -> bool:
        """Add what is newer than all that is known; say whether that is all that has changed."""
        new = dict(self._places(self.manifest.counter))
        old = {id_: self._known[id_] for id_ in new.keys() & self._known.keys()}
        now = self.manifest.entries + len(new) - len(old), self.manifest.set_hash ^ _set_hash(new) ^ _set_hash(old)
        if now != (found.entries, found.set_hash):
            return False
        self._known.update(new)
        self.manifest = found
        return True

    def _load(self, found: Manifest) -> None:
        known = dict(self._places(0))
        if (len(known), _set_hash(known)) != (found.entries, found.set_hash):
            raise VaultDamaged("The entries are not those that the manifest counts.")
        index, places = rows.index(self._connection), {id_: version for id_, (version, _) in known.items()}
        if len(index) != len(known) or index != sorted(index) or dict(index) != places:
            raise VaultDamaged("The index does not lead to the entries.")
        self._known, self.manifest = known, found

    def _places(self, since: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
        digest = self._keys.digest_of
        for row in rows.entries_since(self._connection, since):
            yield row.id, (row.version, digest(row))


def _set_hash(places: dict[bytes, tuple[int, int]]) -> int:
    found = 0
    for _, digest in places.values():
        found ^= digest
    return found


def everything(connection: sqlite3.Connection, keys: OpenKeys, floor: int) -> list[Plain]:
    """Return all that the vault holds, as one transaction sees it, checked as a whole; call it in a thread.

    `floor` is the highest counter that is known. Raises as `View`.
    """
    with rows.transaction(connection, write=False):
        found = _whole(connection, keys, floor)
    return _plains(keys, found)


def taken(connection: sqlite3.Connection, keys: OpenKeys, floor: int, build: Callable[[list[Plain]], T]) -> T:
    """Return what `build` makes of all that the vault holds, and leave no row; else as `everything`.

    It is one transaction: no write comes between, and what `build` raises leaves everything as it was.
    """
    with rows.transaction(connection, write=True):
        built = build(_plains(keys, _whole(connection, keys, floor)))
        rows.clear(connection)
    return built


def _whole(connection: sqlite3.Connection, keys: OpenKeys, floor: int) -> list[Entry]:
    head = rows.head(connection)
    same_epoch(head, keys)
    manifest = keys.check(head)
    if manifest.counter < floor:
        raise VaultRolledBack
    found = list(rows.entries_since(connection, 0))
    View(connection, keys)._load(manifest)  # noqa: SLF001  our own
    return found


def _plains(keys: OpenKeys, found: list[Entry]) -> list[Plain]:
    return [entries.unseal(keys.of(row.epoch), keys.vault_id, row) for row in found]

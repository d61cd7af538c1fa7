"""The rows of a vault's file, read and written: SQL and nothing else. Who calls opens the transaction."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from ecrin.vault.device.model import Moment
from ecrin.vault.errors import VaultDamaged, VaultNotInitialized
from ecrin.vault.format.entries import Entry
from ecrin.vault.format.slots import SLOT_ID_BYTES, Slot
from ecrin.vault.model import Tries

NEVER_TRIED = Tries(0, Moment("", 0, 0))


@dataclass(frozen=True, slots=True)
class Head:
    """The one row of the vault itself. `epoch` and `counter` say in the clear what the manifest says sealed."""

    id: bytes
    epoch: int
    counter: int
    manifest: bytes
    settings: bytes


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Run what is in here as one transaction; it is rolled back if anything is raised."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def head(connection: sqlite3.Connection) -> Head:
    """Return the vault's row; raises `VaultNotInitialized` if the vault was cleared."""
    found = connection.execute("SELECT id, epoch, counter, manifest, settings FROM vault").fetchall()
    if not found:
        raise VaultNotInitialized if is_cleared(connection) else VaultDamaged("The vault's own row is gone.")
    id_, epoch, counter, manifest, settings = found[0]
    return Head(_blob(id_), _whole(epoch), _whole(counter), _blob(manifest), _blob(settings))


def put_head(connection: sqlite3.Connection, row: Head) -> None:
    """Write the vault's row."""
    connection.execute(
        "INSERT INTO vault (one, id, epoch, counter, manifest, settings) VALUES (1, ?, ?, ?, ?, ?) "
        "ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, counter = excluded.counter, "
        "manifest = excluded.manifest, settings = excluded.settings",
        (row.id, row.epoch, row.counter, row.manifest, row.settings),
    )


def slots(connection: sqlite3.Connection) -> list[Slot]:
    """Return the slots, in the order in which they were made."""
    found = connection.execute("SELECT id, kind, params, public, guard, wrapped FROM slots ORDER BY rowid").fetchall()
    return [Slot(_slot_id(i), _blob(k).decode(), *(_blob(part) for part in rest)) for i, k, *rest in found]


def put_slot(connection: sqlite3.Connection, slot: Slot) -> None:
    """Write a slot; of one that is there only what is wrapped changes."""
    connection.execute(
        "INSERT INTO slots (id, kind, params, public, guard, wrapped) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET wrapped = excluded.wrapped",
        (slot.id, slot.kind.encode(), slot.params, slot.public, slot.guard, slot.wrapped),
    )


def drop_slot(connection: sqlite3.Connection, slot_id: bytes) -> None:
    """Remove a slot."""
    connection.execute("DELETE FROM slots WHERE id = ?", (slot_id,))


def tries(connection: sqlite3.Connection) -> dict[bytes, Tries]:
    """Return the failed tries of each slot."""
    found = connection.execute("SELECT id, failures, boot, since_boot_ms, wall_ms FROM slots").fetchall()
    return {
        _blob(id_): Tries(_whole(failures), Moment(_blob(boot).decode(), _whole(since), _whole(wall)))
        for id_, failures, boot, since, wall in found
    }


def put_tries(connection: sqlite3.Connection, slot_id: bytes, made: Tries) -> None:
    """Write the failed tries of a slot."""
    at = made.last
    connection.execute(
        "UPDATE slots SET failures = ?, boot = ?, since_boot_ms = ?, wall_ms = ? WHERE id = ?",
        (made.failures, at.boot.encode(), at.since_boot_ms, at.wall_ms, slot_id),
    )


def entry(connection: sqlite3.Connection, id_: bytes) -> Entry | None:
    """Return the entry of an id, or None."""
    found = connection.execute("SELECT version, epoch, sealed FROM entries WHERE id = ?", (id_,)).fetchall()
    return _entry(found[0][0], id_, *found[0][1:]) if found else None


def count(connection: sqlite3.Connection) -> int:
    """Return how many entries there are."""
    return _whole(connection.execute("SELECT count(*) FROM entries").fetchall()[0][0])


def entries_since(connection: sqlite3.Connection, version: int) -> Iterator[Entry]:
    """Yield the entries that were written after a version, oldest first."""
    rows = connection.execute("SELECT version, id, epoch, sealed FROM entries WHERE version > ?", (version,))
    return (_entry(*row) for row in rows)


def index(connection: sqlite3.Connection) -> list[tuple[Any, Any]]:
    """Return id and version of all entries, as the index has them and in its order."""
    return connection.execute("SELECT id, version FROM entries INDEXED BY sqlite_autoindex_entries_1").fetchall()


def entries_of_others(connection: sqlite3.Connection, epoch: int, limit: int, most: int) -> list[Entry]:
    """Return the first entries that are sealed under the key of another epoch: one, or up to `most` bytes of them."""
    query = "SELECT version, id, epoch, sealed FROM entries WHERE epoch <> ? LIMIT ?"
    found: list[Entry] = []
    with closing(connection.execute(query, (epoch, limit))) as rows:
        for row in rows:
            found.append(_entry(*row))
            most -= len(found[-1].sealed)
            if most <= 0:
                break
    return found


def put_entries(connection: sqlite3.Connection, rows: Iterable[Entry]) -> None:
    """Write entries, in the place of those of the same ids."""
    connection.executemany(
        "INSERT INTO entries (version, id, epoch, sealed) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "version = excluded.version, epoch = excluded.epoch, sealed = excluded.sealed",
        [(row.version, row.id, row.epoch, row.sealed) for row in rows],
    )


def drop_entry(connection: sqlite3.Connection, id_: bytes) -> None:
    """Remove the entry of an id."""
    connection.execute("DELETE FROM entries WHERE id = ?", (id_,))


def is_cleared(connection: sqlite3.Connection) -> bool:
    """Say whether there is no row at all: `clear` removes all or none, and damage some."""
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM vault) + EXISTS (SELECT 1 FROM slots) + EXISTS (SELECT 1 FROM entries)"
    ).fetchall()
    return found == [(0,)]


def clear(connection: sqlite3.Connection) -> None:
    """Remove every row: processes that have the file open notice it, also when its name is gone."""
    for table in ("entries", "slots", "vault"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  three words of ours


def _entry(version: object, id_: object, epoch: object, sealed: object) -> Entry:
    return Entry(_blob(id_), _whole(version), _whole(epoch), _blob(sealed))


def _slot_id(value: object) -> bytes:
    if len(found := _blob(value)) != SLOT_ID_BYTES:  # what is derived for a slot counts on it
        raise VaultDamaged("A slot has an id that none has.")
    return found


def _blob(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise VaultDamaged("A column holds no bytes.")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise VaultDamaged("A column holds no number.")
    return value

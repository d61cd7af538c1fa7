"""The SQL that writes statistics: few statements, each of many rows."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from ecrin.base.clock import DAY, MINUTE, Instant
from ecrin.storage.sql.port import Database, Row, Tx, Value
from ecrin.storage.sql.schema import shipped
from ecrin.updates.devices.model import Device
from ecrin.updates.stats.model import ACTIVE, BROKEN, INSTALLED, Batch, CountKey, Delivery, Kind, OutcomeKey
from ecrin.updates.stats.rules import floor, rolled_up

_CHUNKS = (64, 16, 4, 1)  # rows of one statement: few texts, which both engines keep prepared
_FIRSTS = {Kind.INSTALL.value: INSTALLED, Kind.FAILURE.value: BROKEN}
_encode = msgspec.json.Encoder().encode

_DELIVERIES = "INSERT INTO deliveries (app_id, device_id, at, events) VALUES "
_COUNTS = "INSERT INTO counts (app_id, step, at, action, version, platform, channel, count) VALUES "
_ADD = (
    " ON CONFLICT (app_id, step, at, action, version, platform, channel)"
    " DO UPDATE SET count = counts.count + excluded.count"
)
_OUTCOMES = "INSERT INTO outcomes (app_id, version, kind, device_id, platform, at, times) VALUES "
_AGAIN = (
    " ON CONFLICT (app_id, version, kind, device_id) DO UPDATE SET times = outcomes.times + excluded.times,"
    " at = CASE WHEN (outcomes.kind = 'install') = (excluded.at < outcomes.at) THEN excluded.at ELSE outcomes.at END"
    " RETURNING app_id, version, kind, device_id, times"
)
_DEVICES = (
    "INSERT INTO devices (app_id, device_id, platform, version_name, version_build, version_os, plugin_version,"
    " custom_id, default_channel, key_id, is_emulator, is_prod, seen_at) VALUES "
)
_SEEN = (
    " ON CONFLICT (app_id, device_id) DO UPDATE SET platform = excluded.platform, version_name ="
    " CASE WHEN excluded.version_name = '' THEN devices.version_name ELSE excluded.version_name END,"
    " version_build = excluded.version_build, version_os = excluded.version_os,"
    " plugin_version = excluded.plugin_version, custom_id = excluded.custom_id,"
    " default_channel = excluded.default_channel, key_id = excluded.key_id, is_emulator = excluded.is_emulator,"
    " is_prod = excluded.is_prod, seen_at = excluded.seen_at"
)
_LISTED = "SELECT d.app_id, d.device_id FROM (VALUES "
# SQLite keeps to the order of a CROSS JOIN: it looks each up by the key.
_THERE = ") AS v CROSS JOIN devices AS d WHERE d.app_id = v.column1 AND d.device_id = v.column2"
_DAYS = "INSERT INTO active_days (app_id, day, device_id) VALUES "
_ONCE = " ON CONFLICT DO NOTHING RETURNING app_id, device_id"


TABLES = ("deliveries", "counts", "outcomes", "devices", "active_days")
# The key of each table, and what says how old a row is. Of deliveries the time is the key: few have the same.
_OLD = {
    "deliveries": ("at", "at"),
    "counts": ("app_id, step, at, action, version, platform, channel", f"step = {MINUTE} AND at"),
    "outcomes": ("app_id, version, kind, device_id", "at"),
    "devices": ("app_id, device_id", "seen_at"),
    "active_days": ("app_id, day, device_id", "day"),
}


async def open_beside(database: Database) -> Database:
    """Open the statistics of an instance, migrated; raises a `StorageError`."""
    stats = await database.beside("stats", shipped("ecrin.updates.stats"))
    try:
        await stats.migrate()
    except BaseException:
        await stats.close()
        raise
    return stats


async def write(tx: Tx, batch: Batch) -> None:
    """Write deliveries and all that follows from them."""
    await _many(tx, _DELIVERIES, [_delivery(d) for d in batch.deliveries])
    counts = dict(batch.counts)
    rows = [(*key, e.platform, e.at, e.times) for key, e in sorted(batch.outcomes.items())]
    for row in await _many(tx, _OUTCOMES, rows, _AGAIN):
        key: OutcomeKey = (row["app_id"], row["version"], row["kind"], row["device_id"])
        ended = batch.outcomes[key]
        if row["times"] == ended.times and key[2] in _FIRSTS:  # the row is new
            first = key[0], floor(ended.at, MINUTE), _FIRSTS[key[2]], key[1], ended.platform, ended.channel
            counts[first] = counts.get(first, 0) + 1
    await add(tx, counts)


async def add(tx: Tx, counts: dict[CountKey, int]) -> None:
    """Add to the counts of every step; in one order, so that writers who meet wait and do not block each other."""
    await _many(tx, _COUNTS, [(*key, count) for key, count in sorted(rolled_up(counts).items())], _ADD)


async def note(tx: Tx, devices: Sequence[Device]) -> None:
    """Write what devices said of themselves, one row each, and count those that were not there yet on that day."""
    by_key = {(d.app_id, d.device_id): d for d in sorted(devices, key=lambda d: (d.app_id, d.device_id))}
    await _many(tx, _DEVICES, [_device(d) for d in by_key.values()], _SEEN)
    counted = [d for d in by_key.values() if d.is_prod and not d.is_emulator]
    days = [(d.app_id, floor(d.seen_at, DAY), d.device_id) for d in counted]
    active: dict[tuple[Value, ...], int] = {}
    for row in await _many(tx, _DAYS, days, _ONCE):
        device = by_key[row["app_id"], row["device_id"]]
        key = (device.app_id, DAY, floor(device.seen_at, DAY), ACTIVE, "", device.platform.value, "")
        active[key] = active.get(key, 0) + 1
    await _many(tx, _COUNTS, [(*key, count) for key, count in active.items()], _ADD)


async def listed(tx: Tx, devices: Sequence[Device]) -> set[tuple[str, str]]:
    """Return app and id of those of some devices that are there."""
    keys = sorted({(d.app_id, d.device_id) for d in devices})
    return {(row["app_id"], row["device_id"]) for row in await _many(tx, _LISTED, keys, _THERE)}


async def devices_of(tx: Tx, app_id: str) -> int:
    """Return how many devices of an app there are."""
    row = await tx.one("SELECT COUNT(*) AS n FROM devices WHERE app_id = :app_id", app_id=app_id)
    return int(row["n"]) if row else 0


async def purge(tx: Tx, table: str, before: Instant, limit: int) -> int:
    """Remove up to `limit` of the rows of a table that are older than an instant; return how many."""
    key, old = _OLD[table]
    some = f"SELECT {key} FROM {table} WHERE {old} < :before LIMIT :limit"  # noqa: S608
    return await tx.run(f"DELETE FROM {table} WHERE ({key}) IN ({some})", before=before, limit=limit)  # noqa: S608


async def forget(tx: Tx, table: str, app_id: str, limit: int) -> int:
    """Remove up to `limit` of the rows of an app from a table; return how many."""
    key = "app_id, device_id, at" if table == "deliveries" else _OLD[table][0]
    some = f"SELECT {key} FROM {table} WHERE app_id = :app_id LIMIT :limit"  # noqa: S608
    return await tx.run(f"DELETE FROM {table} WHERE ({key}) IN ({some})", app_id=app_id, limit=limit)  # noqa: S608


async def apps(tx: Tx) -> set[str]:
    """Return the ids of the apps that rows belong to, by a jump in the index from each to the next."""
    found = set()
    for table in ("counts", "devices"):
        rows = await tx.all(
            f"WITH RECURSIVE jump (id) AS (SELECT MIN(app_id) FROM {table} UNION ALL"  # noqa: S608
            f" SELECT (SELECT MIN(t.app_id) FROM {table} AS t WHERE t.app_id > jump.id) FROM jump"
            " WHERE jump.id IS NOT NULL) SELECT id FROM jump WHERE id IS NOT NULL"
        )
        found |= {row["id"] for row in rows}
    return found


def _delivery(delivery: Delivery) -> tuple[Value, ...]:
    return delivery.app_id, delivery.device_id, delivery.at, _encode(delivery.events).decode()


def _device(d: Device) -> tuple[Value, ...]:
    about = d.version_name, d.version_build, d.version_os, d.plugin_version, d.custom_id, d.default_channel, d.key_id
    return d.app_id, d.device_id, d.platform.value, *about, int(d.is_emulator), int(d.is_prod), d.seen_at


async def _many(tx: Tx, head: str, rows: Sequence[tuple[Value, ...]], tail: str = "") -> list[Row]:
    """Run a statement over rows, as many as go into one, and return what it returns."""
    found: list[Row] = []
    for some in _chunks(rows):
        columns = len(some[0])
        values = dict(zip(_names(len(some) * columns), (value for row in some for value in row), strict=True))
        found += await tx.all(_sql(head, len(some), columns, tail), **values)
    return found


def _chunks(rows: Sequence[tuple[Value, ...]]) -> Iterator[Sequence[tuple[Value, ...]]]:
    start = 0
    while start < len(rows):
        size = next(chunk for chunk in _CHUNKS if chunk <= len(rows) - start)
        yield rows[start : start + size]
        start += size


@lru_cache(512)
def _sql(head: str, rows: int, columns: int, tail: str) -> str:
    names = iter(_names(rows * columns))
    return head + ", ".join(f"({', '.join(':' + next(names) for _ in range(columns))})" for _ in range(rows)) + tail


@lru_cache(64)
def _names(count: int) -> tuple[str, ...]:
    return tuple(f"v{i}" for i in range(count))

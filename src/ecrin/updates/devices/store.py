"""The SQL of overrides: devices that were put on a channel."""

from ecrin.base.clock import Instant
from ecrin.storage.sql.port import Row, Tx
from ecrin.updates.devices.model import Override


async def of_app(tx: Tx, app_id: str) -> list[Override]:
    """Return an app's overrides."""
    rows = await tx.all("SELECT * FROM overrides WHERE app_id = :app_id ORDER BY device_id", app_id=app_id)
    return [_override(row) for row in rows]


async def after(tx: Tx, app_id: str, device_id: str, now: Instant, limit: int) -> list[Override]:
    """Return overrides that hold, of devices whose ids come after one."""
    sql = (
        "SELECT * FROM overrides WHERE app_id = :app_id AND device_id > :device_id"
        " AND (expires_at IS NULL OR expires_at > :now) ORDER BY device_id LIMIT :limit"
    )
    return [_override(row) for row in await tx.all(sql, app_id=app_id, device_id=device_id, now=now, limit=limit)]


async def between(tx: Tx, app_id: str, first: str, last: str, now: Instant) -> list[Override]:
    """Return the overrides that hold, of devices from one id to another."""
    sql = (
        "SELECT * FROM overrides WHERE app_id = :app_id AND device_id >= :first AND device_id <= :last"
        " AND (expires_at IS NULL OR expires_at > :now)"
    )
    return [_override(row) for row in await tx.all(sql, app_id=app_id, first=first, last=last, now=now)]


async def get(tx: Tx, app_id: str, device_id: str) -> Override | None:
    """Return the override of a device."""
    sql = "SELECT * FROM overrides WHERE app_id = :app_id AND device_id = :device_id"
    row = await tx.one(sql, app_id=app_id, device_id=device_id)
    return _override(row) if row else None


async def save(tx: Tx, override: Override) -> None:
    """Write an override in place of the one that a device may have."""
    await tx.run(
        "INSERT INTO overrides (app_id, device_id, channel, self_set, set_at, expires_at)"
        " VALUES (:app_id, :device_id, :channel, :self_set, :set_at, :expires_at)"
        " ON CONFLICT (app_id, device_id) DO UPDATE"
        " SET channel = :channel, self_set = :self_set, set_at = :set_at, expires_at = :expires_at",
        app_id=override.app_id,
        device_id=override.device_id,
        channel=override.channel,
        self_set=int(override.self_set),
        set_at=override.set_at,
        expires_at=override.expires_at,
    )


async def delete(tx: Tx, app_id: str, device_id: str) -> bool:
    """Remove an override; return whether there was one."""
    sql = "DELETE FROM overrides WHERE app_id = :app_id AND device_id = :device_id"
    return await tx.run(sql, app_id=app_id, device_id=device_id) == 1


async def purge(tx: Tx, before: Instant, limit: int) -> int:
    """Remove overrides that expired before an instant; return how many."""
    return await tx.run(
        "DELETE FROM overrides WHERE (app_id, device_id) IN"
        " (SELECT app_id, device_id FROM overrides WHERE expires_at < :before LIMIT :limit)",
        before=before,
        limit=limit,
    )


def _override(row: Row) -> Override:
    return Override(
        row["app_id"], row["device_id"], row["channel"], bool(row["self_set"]), row["set_at"], row["expires_at"]
    )

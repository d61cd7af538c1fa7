"""The SQL of service account keys."""

from ecrin.base.clock import Instant
from ecrin.governance.serviceaccounts.model import ServiceAccountKey
from ecrin.storage.sql.port import Tx


async def insert(tx: Tx, key: ServiceAccountKey) -> None:
    """Write the public half of a new key."""
    await tx.run(
        "INSERT INTO service_account_keys (id, project_id, email, public, created_at, revoked_at)"
        " VALUES (:id, :project_id, :email, :public, :created_at, NULL)",
        id=key.id,
        project_id=key.project_id,
        email=key.email,
        public=key.public,
        created_at=key.created_at,
    )


async def load(tx: Tx) -> list[ServiceAccountKey]:
    """Return every key that is not revoked, the oldest first."""
    rows = await tx.all("SELECT * FROM service_account_keys WHERE revoked_at IS NULL ORDER BY created_at, id")
    return [ServiceAccountKey(r["id"], r["project_id"], r["email"], r["public"], r["created_at"]) for r in rows]


async def revoke(tx: Tx, key_id: str, now: Instant) -> bool:
    """Mark a key as revoked; return whether there was one that was not."""
    sql = "UPDATE service_account_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
    return await tx.run(sql, id=key_id, now=now) == 1

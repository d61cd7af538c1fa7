"""Counting in the caller's unit: the count is taken before the try, so parallel tries cannot outrun it (attack A22)."""

from ecrin.auth.limits.rules import Count, Limit, allowed, counted
from ecrin.base.clock import Instant
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.port import Tx

LABEL = "attempts"


class LimitService:
    """Counters by limit, project and subject. Subjects are stored as keyed hashes only."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def count_in(self, tx: Tx, limit: Limit, project_id: str, subject: str, now: Instant) -> bool:
        """Count one more; return whether it is still within the limit. An empty subject is not limited."""
        if not subject:
            return True
        bucket, before = await self._find(tx, limit, project_id, subject, now)
        after = counted(before, limit, now)
        await tx.run(
            "INSERT INTO attempts (bucket, count, resets_at) VALUES (:bucket, :count, :resets_at)"
            " ON CONFLICT (bucket) DO UPDATE SET count = :count, resets_at = :resets_at",
            bucket=bucket,
            count=after.count,
            resets_at=after.resets_at,
        )
        return allowed(after, limit)

    async def current_in(self, tx: Tx, limit: Limit, project_id: str, subject: str, now: Instant) -> int:
        """Return the count as it stands."""
        _, found = await self._find(tx, limit, project_id, subject, now)
        return found.count if found else 0

    async def clear_in(self, tx: Tx, limit: Limit, project_id: str, subject: str, now: Instant) -> None:
        """Forget the count: the try succeeded."""
        for bucket in self._buckets(limit, project_id, subject, now):
            await tx.run("DELETE FROM attempts WHERE bucket = :bucket", bucket=bucket)

    async def give_back_in(self, tx: Tx, limit: Limit, project_id: str, subject: str, now: Instant) -> None:
        """Take back one count: the try was no failure. A count of none is not kept."""
        if subject:
            bucket, _ = await self._find(tx, limit, project_id, subject, now)
            if not await tx.run("DELETE FROM attempts WHERE bucket = :bucket AND count <= 1", bucket=bucket):
                await tx.run("UPDATE attempts SET count = count - 1 WHERE bucket = :bucket", bucket=bucket)

    async def purge_in(self, tx: Tx, before: Instant, limit: int) -> int:
        """Remove counters whose window ended before an instant; return how many."""
        return await tx.run(
            "DELETE FROM attempts WHERE bucket IN (SELECT bucket FROM attempts WHERE resets_at < :before LIMIT :limit)",
            before=before,
            limit=limit,
        )

    async def _find(
        self, tx: Tx, limit: Limit, project_id: str, subject: str, now: Instant
    ) -> tuple[bytes, Count | None]:
        """Return where a subject is counted: under an older key if it is there, so that a rotation forgives nothing."""
        buckets = self._buckets(limit, project_id, subject, now)
        for bucket in buckets:
            row = await tx.one("SELECT count, resets_at FROM attempts WHERE bucket = :bucket", bucket=bucket)
            if row:
                return bucket, Count(row["count"], row["resets_at"])
        return buckets[0], None

    def _buckets(self, limit: Limit, project_id: str, subject: str, now: Instant) -> list[bytes]:
        return self._keyring.token_hashes(f"{limit.name}\n{project_id}\n{subject}", LABEL, now)

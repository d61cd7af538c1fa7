"""The SQL of sessions."""

import json

from ecrin.auth.sessions.model import Session
from ecrin.base.clock import Instant
from ecrin.storage.sql.port import Row, Tx


async def insert(tx: Tx, session: Session) -> None:
    """Write a new session."""
    await tx.run(
        "INSERT INTO sessions (id, project_id, account_id, provider, claims, auth_time, counter, rotations, late,"
        " late_run, created_at, used_at, idle_at, expires_at)"
        " VALUES (:id, :project_id, :account_id, :provider, :claims, :auth_time, :counter, :rotations, :late,"
        " :late_run, :created_at, :used_at, :idle_at, :expires_at)",
        id=session.id,
        project_id=session.project_id,
        account_id=session.account_id,
        provider=session.provider,
        claims=session.claims,
        auth_time=session.auth_time,
        counter=session.counter,
        rotations=json.dumps(session.rotations),
        late=int(session.late),
        late_run=session.late_run,
        created_at=session.created_at,
        used_at=session.used_at,
        idle_at=session.idle_at,
        expires_at=session.expires_at,
    )


async def get(tx: Tx, session_id: bytes) -> Session | None:
    """Return a session, ended ones included as long as their row is kept."""
    row = await tx.one("SELECT * FROM sessions WHERE id = :id", id=session_id)
    return _session(row) if row else None


async def update(tx: Tx, before: Session, after: Session) -> bool:
    """Write a session that moved on; return False if it is no longer as `before` says (CVE-2026-1035's lesson)."""
    changed = await tx.run(
        "UPDATE sessions SET counter = :counter, rotations = :rotations, late = :late, late_run = :late_run,"
        " used_at = :used_at, idle_at = :idle_at"
        " WHERE id = :id AND counter = :was AND late = :was_late AND ended_at IS NULL",
        id=after.id,
        was=before.counter,
        was_late=int(before.late),
        counter=after.counter,
        rotations=json.dumps(after.rotations),
        late=int(after.late),
        late_run=after.late_run,
        used_at=after.used_at,
        idle_at=after.idle_at,
    )
    return changed == 1


async def end(tx: Tx, session_id: bytes, reason: str, now: Instant) -> None:
    """Mark a session as ended."""
    sql = "UPDATE sessions SET ended_at = :now, end_reason = :reason WHERE id = :id AND ended_at IS NULL"
    await tx.run(sql, id=session_id, reason=reason, now=now)


async def end_before(tx: Tx, project_id: str, account_id: str, auth_time: int, reason: str, now: Instant) -> int:
    """Mark the sessions of an account that began before a second as ended; return how many there were."""
    return await tx.run(
        "UPDATE sessions SET ended_at = :now, end_reason = :reason WHERE project_id = :project_id"
        " AND account_id = :account_id AND ended_at IS NULL AND auth_time < :auth_time",
        project_id=project_id,
        account_id=account_id,
        auth_time=auth_time,
        reason=reason,
        now=now,
    )


async def purge(tx: Tx, before: Instant, limit: int) -> int:
    """Remove sessions that ended or ran out before an instant; return how many."""
    return await tx.run(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE idle_at < :before OR ended_at < :before"
        " LIMIT :limit)",
        before=before,
        limit=limit,
    )


def _session(row: Row) -> Session:
    return Session(
        id=row["id"],
        project_id=row["project_id"],
        account_id=row["account_id"],
        provider=row["provider"],
        claims=row["claims"],
        auth_time=row["auth_time"],
        counter=row["counter"],
        rotations=tuple(json.loads(row["rotations"])),
        late=bool(row["late"]),
        late_run=row["late_run"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        idle_at=row["idle_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
    )

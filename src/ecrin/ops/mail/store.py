"""The SQL of the outbox (table `mail`). Every change after the insert is conditional: its loser changes nothing."""

from ecrin.base.clock import Instant
from ecrin.ops.mail.model import MailRow, State
from ecrin.storage.sql.port import Row, Tx

_OVER = "state IN ('sent', 'failed', 'skipped', 'kept') AND due_at <= :now"


async def insert(tx: Tx, row: MailRow) -> None:
    """Write a new row."""
    await tx.run(
        "INSERT INTO mail (id, project_id, state, payload, attempts, due_at, created_at, good_until)"
        " VALUES (:id, :project_id, :state, :payload, :attempts, :due_at, :created_at, :good_until)",
        id=row.id,
        project_id=row.project_id,
        state=row.state.value,
        payload=row.payload,
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        good_until=row.good_until,
    )


async def first_due(tx: Tx, now: Instant) -> MailRow | None:
    """Return the pending row that is due longest, else a claim whose lease ran out, else None."""
    for state in (State.PENDING, State.SENDING):  # one index range each, however many rows wait
        found = await tx.one(
            "SELECT * FROM mail WHERE state = :state AND due_at <= :now ORDER BY due_at LIMIT 1",
            state=state.value,
            now=now,
        )
        if found is not None:
            return _row(found)
    return None


async def next_due(tx: Tx) -> Instant | None:
    """Return when the next letter is due, or None where none waits."""
    found = await tx.one("SELECT MIN(due_at) AS due FROM mail WHERE state IN ('pending', 'sending')")
    return found["due"] if found else None


async def claim(tx: Tx, row: MailRow, lease_until: Instant) -> bool:
    """Take a row that was seen due, for one more try; False if somebody else took it since."""
    changed = await tx.run(
        "UPDATE mail SET state = 'sending', attempts = attempts + 1, due_at = :lease_until"
        " WHERE id = :id AND state = :state AND attempts = :attempts AND due_at = :due_at",
        id=row.id,
        state=row.state.value,
        attempts=row.attempts,
        due_at=row.due_at,
        lease_until=lease_until,
    )
    return changed == 1


async def settle(tx: Tx, claimed: MailRow, state: State, due_at: Instant, *, erase: bool) -> bool:
    """End a claim; False if its lease ran out and another try has begun, whose word counts then."""
    changed = await tx.run(
        "UPDATE mail SET state = :state, due_at = :due_at, payload = CASE WHEN :erase = 1 THEN NULL ELSE payload END"
        " WHERE id = :id AND state = 'sending' AND attempts = :attempts",
        id=claimed.id,
        attempts=claimed.attempts,
        state=state.value,
        due_at=due_at,
        erase=int(erase),
    )
    return changed == 1


async def any_over(tx: Tx, now: Instant) -> bool:
    """Return whether a row has reached the end of its keeping."""
    return await tx.one(f"SELECT id FROM mail WHERE {_OVER} LIMIT 1", now=now) is not None  # noqa: S608


async def sweep(tx: Tx, now: Instant) -> int:
    """Delete the rows that have reached the end of their keeping, and return how many there were."""
    return await tx.run(f"DELETE FROM mail WHERE {_OVER}", now=now)  # noqa: S608


async def readable(tx: Tx, since: Instant, limit: int) -> list[MailRow]:
    """Return the letters that were not erased, written after `since`, the newest first."""
    rows = await tx.all(
        "SELECT * FROM mail WHERE state IN ('pending', 'sending', 'kept') AND payload IS NOT NULL"
        " AND created_at > :since ORDER BY created_at DESC, id LIMIT :limit",
        since=since,
        limit=limit,
    )
    return [_row(row) for row in rows]


def _row(row: Row) -> MailRow:
    return MailRow(
        row["id"],
        row["project_id"],
        State(row["state"]),
        row["payload"],
        row["attempts"],
        row["due_at"],
        row["created_at"],
        row["good_until"],
    )

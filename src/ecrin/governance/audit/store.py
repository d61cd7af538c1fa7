"""One row per event, written in the transaction of its cause."""

import json
import secrets
from collections.abc import Sequence

from ecrin.base.clock import Instant
from ecrin.base.events import Event
from ecrin.base.origin import Origin
from ecrin.storage.sql.port import Row, Tx


async def record(tx: Tx, event: Event, by: Origin, now: Instant) -> None:
    """Write the audit row of an event (a listener of `ecrin.base.events.Events`)."""
    await tx.run(
        "INSERT INTO audit (id, at, project_id, event, subject, actor, address, request_id, detail)"
        " VALUES (:id, :at, :project_id, :event, :subject, :actor, :address, :request_id, :detail)",
        id=secrets.token_hex(16),
        at=now,
        project_id=event.project_id,
        event=event.name,
        subject=event.subject,
        actor=by.actor,
        address=by.address,
        request_id=by.request_id,
        detail=json.dumps(event.facts()),
    )


async def since(tx: Tx, project_id: str, at: Instant, kinds: Sequence[str], limit: int) -> list[Row]:
    """Return the rows of a project from an instant on whose events begin as one of `kinds`, the oldest first."""
    wanted = " OR ".join(f"event LIKE :kind{i}" for i in range(len(kinds)))
    return await tx.all(
        f"SELECT * FROM audit WHERE project_id = :project_id AND at >= :at AND ({wanted})"  # noqa: S608
        " ORDER BY at, id LIMIT :limit",
        project_id=project_id,
        at=at,
        limit=limit,
        **{f"kind{i}": f"{kind}%" for i, kind in enumerate(kinds)},
    )

"""The SQL of rollouts."""

import json
from dataclasses import asdict

from ecrin.storage.sql.port import Row, Tx, Value
from ecrin.updates.channels.store import audience, audience_text
from ecrin.updates.rollout.model import Action, HaltPolicy, Rollout, Stage, State


async def under_way(tx: Tx, app_id: str, channel: int) -> Rollout | None:
    """Return the rollout of a channel that has not ended."""
    sql = "SELECT * FROM rollouts WHERE app_id = :app_id AND channel = :channel AND ended_at IS NULL"
    row = await tx.one(sql, app_id=app_id, channel=channel)
    return _rollout(row) if row else None


async def of_app(tx: Tx, app_id: str) -> list[Rollout]:
    """Return every rollout of an app that has not ended."""
    rows = await tx.all("SELECT * FROM rollouts WHERE app_id = :app_id AND ended_at IS NULL", app_id=app_id)
    return [_rollout(row) for row in rows]


async def running(tx: Tx) -> list[Rollout]:
    """Return every rollout of the instance that runs."""
    rows = await tx.all("SELECT * FROM rollouts WHERE ended_at IS NULL AND state = 'running' ORDER BY id")
    return [_rollout(row) for row in rows]


async def history(tx: Tx, app_id: str, channel: int, limit: int = 50) -> list[Rollout]:
    """Return the rollouts of a channel, the newest first."""
    sql = (
        "SELECT * FROM rollouts WHERE app_id = :app_id AND channel = :channel ORDER BY started_at DESC, id LIMIT :limit"
    )
    return [_rollout(row) for row in await tx.all(sql, app_id=app_id, channel=channel, limit=limit)]


async def insert(tx: Tx, rollout: Rollout) -> None:
    """Write a new rollout; raises `Conflict` while another of the channel is under way."""
    await tx.run(
        "INSERT INTO rollouts (id, app_id, channel, version, previous, state, share_bps, stages, halt, audience,"
        " reason, started_at, changed_at, paused_at, halted, held_for, quiet_until, ended_at)"
        " VALUES (:id, :app_id, :channel, :version, :previous, :state, :share_bps, :stages, :halt, :audience, :reason,"
        " :started_at, :changed_at, :paused_at, :halted, :held_for, :quiet_until, :ended_at)",
        **_values(rollout),
    )


async def update(tx: Tx, rollout: Rollout) -> None:
    """Write where a rollout stands."""
    await tx.run(
        "UPDATE rollouts SET state = :state, share_bps = :share_bps, reason = :reason, changed_at = :changed_at,"
        " paused_at = :paused_at, halted = :halted, held_for = :held_for, quiet_until = :quiet_until,"
        " ended_at = :ended_at WHERE id = :id",
        id=rollout.id,
        **_standing(rollout),
    )


def _values(rollout: Rollout) -> dict[str, Value]:
    return {
        "id": rollout.id,
        "app_id": rollout.app_id,
        "channel": rollout.channel,
        "version": rollout.version,
        "previous": rollout.previous,
        "stages": json.dumps([[s.after_minutes, s.share_bps] for s in rollout.stages]),
        "halt": json.dumps(asdict(rollout.halt)),
        "audience": audience_text(rollout.audience),
        "started_at": rollout.started_at,
        **_standing(rollout),
    }


def _standing(rollout: Rollout) -> dict[str, Value]:
    return {
        "state": rollout.state,
        "share_bps": rollout.share_bps,
        "reason": rollout.reason,
        "changed_at": rollout.changed_at,
        "paused_at": rollout.paused_at,
        "halted": int(rollout.halted),
        "held_for": rollout.held_for,
        "quiet_until": rollout.quiet_until,
        "ended_at": rollout.ended_at,
    }


def _rollout(row: Row) -> Rollout:
    halt = json.loads(row["halt"])
    return Rollout(
        id=row["id"],
        app_id=row["app_id"],
        channel=row["channel"],
        version=row["version"],
        previous=row["previous"],
        started_at=row["started_at"],
        changed_at=row["changed_at"],
        state=State(row["state"]),
        share_bps=row["share_bps"],
        stages=tuple(Stage(after, share) for after, share in json.loads(row["stages"])),
        halt=HaltPolicy(**{**halt, "action": Action(halt["action"])}),
        audience=audience(row["audience"]),
        reason=row["reason"],
        paused_at=row["paused_at"],
        halted=bool(row["halted"]),
        held_for=row["held_for"],
        quiet_until=row["quiet_until"],
        ended_at=row["ended_at"],
    )

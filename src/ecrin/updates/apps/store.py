"""The SQL of apps."""

import json
from dataclasses import asdict

from ecrin.storage.sql.port import Row, Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.rules import known


async def load(tx: Tx) -> list[App]:
    """Return every app, the oldest first."""
    return [_app(row) for row in await tx.all("SELECT * FROM apps ORDER BY created_at, id")]


async def get(tx: Tx, app_id: str) -> App | None:
    """Return an app."""
    row = await tx.one("SELECT * FROM apps WHERE id = :id", id=app_id)
    return _app(row) if row else None


async def insert(tx: Tx, app: App) -> None:
    """Write a new app; raises `Conflict` for an id that is taken."""
    await tx.run(
        "INSERT INTO apps (id, project_id, name, settings, created_at)"
        " VALUES (:id, :project_id, :name, :settings, :created_at)",
        id=app.id,
        project_id=app.project_id,
        name=app.name,
        settings=json.dumps(asdict(app.settings)),
        created_at=app.created_at,
    )


async def update(tx: Tx, app: App) -> None:
    """Write an app's name and settings."""
    sql = "UPDATE apps SET name = :name, settings = :settings WHERE id = :id"
    await tx.run(sql, id=app.id, name=app.name, settings=json.dumps(asdict(app.settings)))


async def delete(tx: Tx, app_id: str) -> None:
    """Remove an app and everything that belongs to it, but its objects, which go with their files."""
    for table in ("group_members", "overrides", "rollouts", "channels", "bundles"):
        await tx.run(f"DELETE FROM {table} WHERE app_id = :id", id=app_id)  # noqa: S608
    await tx.run("DELETE FROM apps WHERE id = :id", id=app_id)


def _app(row: Row) -> App:
    return App(row["id"], row["project_id"], row["name"], row["created_at"], known(json.loads(row["settings"])))

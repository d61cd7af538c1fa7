"""The SQL of projects and their web API keys."""

import json
from dataclasses import asdict

from ecrin.base.clock import Instant
from ecrin.governance.projects.model import Project, ProjectSettings
from ecrin.storage.sql.port import Tx


async def load(tx: Tx) -> list[Project]:
    """Return every project, the oldest first."""
    keys: dict[str, list[str]] = {}
    for row in await tx.all("SELECT project_id, key FROM api_keys ORDER BY created_at, key"):
        keys.setdefault(row["project_id"], []).append(row["key"])
    rows = await tx.all("SELECT * FROM projects ORDER BY created_at, id")
    return [
        Project(
            r["id"],
            r["number"],
            r["display_name"],
            tuple(keys.get(r["id"], ())),
            r["created_at"],
            _settings(r["settings"]),
        )
        for r in rows
    ]


async def insert(tx: Tx, project: Project) -> None:
    """Write a new project with its keys; raises `Conflict` if the id is taken."""
    await tx.run(
        "INSERT INTO projects (id, number, display_name, settings, created_at)"
        " VALUES (:id, :number, :display_name, :settings, :created_at)",
        id=project.id,
        number=project.number,
        display_name=project.display_name,
        settings=json.dumps(asdict(project.settings)),
        created_at=project.created_at,
    )
    for key in project.api_keys:
        await add_key(tx, project.id, key, project.created_at)


async def add_key(tx: Tx, project_id: str, key: str, now: Instant) -> None:
    """Write a web API key of a project."""
    await tx.run(
        "INSERT INTO api_keys (key, project_id, created_at) VALUES (:key, :project_id, :now)",
        key=key,
        project_id=project_id,
        now=now,
    )


async def update(tx: Tx, project: Project) -> None:
    """Write the name and the settings of a project."""
    await tx.run(
        "UPDATE projects SET display_name = :display_name, settings = :settings WHERE id = :id",
        id=project.id,
        display_name=project.display_name,
        settings=json.dumps(asdict(project.settings)),
    )


def _settings(text: str) -> ProjectSettings:
    stored = json.loads(text)
    stored["authorized_domains"] = tuple(stored["authorized_domains"])
    return ProjectSettings(**stored)

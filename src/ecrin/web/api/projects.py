"""/api/v1/projects."""

from dataclasses import asdict
from typing import Any

import msgspec

from ecrin.governance.callers import Scope, Verb
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import ADMIN_READ, ADMIN_WRITE, INSTANCE_ALL, Access, Need, Route

BASE = "/api/v1/projects"
ANY = Access(Need.CREDENTIAL_OF_BODY, Verb.READ)


class NewProject(msgspec.Struct, forbid_unknown_fields=True):
    """A project to create."""

    project_id: str


class ProjectChange(msgspec.Struct, forbid_unknown_fields=True):
    """Settings to change, by name."""

    settings: dict[str, bool | int | list[str]]


class ProjectEndpoints:
    """Create, list, show and change projects."""

    def __init__(self, projects: ProjectService) -> None:
        self._projects = projects

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", BASE, ANY, self.list),
            Route("POST", BASE, INSTANCE_ALL, self.create, NewProject),
            Route("GET", f"{BASE}/{{project}}", ADMIN_READ, self.show),
            Route("PATCH", f"{BASE}/{{project}}", ADMIN_WRITE, self.update, ProjectChange),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the projects that the caller may read."""
        seen = [p for p in self._projects.all() if call.caller.may(Scope(p.id, Verb.READ))]
        return json_reply({"projects": [project_json(p) for p in seen]})

    async def create(self, call: Call) -> Reply:
        """Create a project with a web API key."""
        project = await self._projects.create(call.body.project_id, call.origin)
        return json_reply(project_json(project), 201)

    async def show(self, call: Call) -> Reply:
        """Return a project."""
        return json_reply(project_json(self._projects.get(call.params["project"])))

    async def update(self, call: Call) -> Reply:
        """Change settings of a project."""
        changes: dict[str, object] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in call.body.settings.items()
        }
        return json_reply(project_json(await self._projects.update(call.params["project"], changes, call.origin)))


def project_json(project: Project) -> dict[str, Any]:
    """Return a project as the API and the command line show it."""
    return {
        "project_id": project.id,
        "number": str(project.number),
        "api_key": project.api_keys[0],
        "created_at": project.created_at,
        "settings": asdict(project.settings),
    }

"""/api/v1/projects/{project}/apps and /api/v1/apps/{app}."""

from dataclasses import asdict
from typing import Any

import msgspec

from ecrin.base.origin import Origin
from ecrin.governance.callers import Scope, Verb
from ecrin.governance.projects.service import ProjectService
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.service import AppService
from ecrin.updates.channels.service import ChannelService
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import ADMIN_WRITE, APP_ALL, APP_PART_READ, APP_WRITE, Access, Need, Route

BASE = "/api/v1/apps/{app}"
OF_PROJECT = "/api/v1/projects/{project}/apps"
LIST = Access(Need.CREDENTIAL, Verb.READ, part=True)


class NewApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app to create; its id is unique in the instance."""

    app_id: str
    name: str = ""


class AppChange(msgspec.Struct, forbid_unknown_fields=True):
    """Name and settings to change, by name."""

    name: str | None = None
    settings: dict[str, bool | int] = {}


class AppEndpoints:
    """Create, list, show, change and delete apps."""

    def __init__(self, projects: ProjectService, apps: AppService, channels: ChannelService) -> None:
        self._projects = projects
        self._apps = apps
        self._channels = channels

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", OF_PROJECT, LIST, self.list),
            Route("POST", OF_PROJECT, ADMIN_WRITE, self.create, NewApp),
            Route("GET", BASE, APP_PART_READ, self.show),
            Route("PATCH", BASE, APP_WRITE, self.update, AppChange),
            Route("DELETE", BASE, APP_ALL, self.delete),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the apps of a project of which the caller may read something."""
        project = self._projects.get(call.params["project"])
        seen = [a for a in self._apps.of(project.id) if call.caller.reaches(Scope(project.id, Verb.READ, a.id))]
        return json_reply({"apps": [app_json(app) for app in seen]})

    async def create(self, call: Call) -> Reply:
        """Create an app with its channel `production`, the public default."""
        body: NewApp = call.body
        project = self._projects.get(call.params["project"])
        by: Origin = call.origin

        async def first(tx: Tx, app: App) -> None:
            await self._channels.first_in(tx, app, by)

        app = await self._apps.create(project.id, body.app_id, body.name, by, within=first)
        return json_reply(app_json(app), 201)

    async def show(self, call: Call) -> Reply:
        """Return an app."""
        return json_reply(app_json(self._apps.get(call.params["app"])))

    async def update(self, call: Call) -> Reply:
        """Change an app's name and settings."""
        body: AppChange = call.body
        settings: dict[str, object] = dict(body.settings)
        app = await self._apps.update(call.params["app"], call.origin, name=body.name, settings=settings)
        return json_reply(app_json(app))

    async def delete(self, call: Call) -> Reply:
        """Remove an app and everything that belongs to it."""
        await self._apps.delete(call.params["app"], call.origin)
        return json_reply({})


def app_json(app: App) -> dict[str, Any]:
    """Return an app as the API and the command line show it."""
    return {
        "app_id": app.id,
        "project_id": app.project_id,
        "name": app.name,
        "created_at": app.created_at,
        "settings": asdict(app.settings),
    }

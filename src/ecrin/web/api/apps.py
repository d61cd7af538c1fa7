"""/api/v1/projects/{project}/apps and /api/v1/apps/{app}."""

from dataclasses import asdict
from typing import Annotated

import msgspec
from msgspec import Meta

from ecrin.base.origin import Origin
from ecrin.governance.callers import Scope, Verb
from ecrin.governance.projects.service import ProjectService
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.service import AppService
from ecrin.updates.channels.service import ChannelService
from ecrin.web.api.units import Days, Time
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
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


class AppSettingsShown(msgspec.Struct):
    """How an app's updates are kept and shown."""

    retention_days: Annotated[Days, Meta(description="Days that a bundle which nothing names is kept; 0: for ever.")]
    expose_metadata: Annotated[bool, Meta(description="Whether devices are told link and comment of a bundle.")]
    stats_per_minute: Annotated[int, Meta(description="Events a minute, one more for each KiB of metadata.")]
    max_devices: Annotated[int, Meta(description="Devices that are listed; further ones get updates all the same.")]
    max_self_set: Annotated[int, Meta(description="Devices whose choice of a channel is kept; others are refused.")]


class AppShown(msgspec.Struct):
    """An app."""

    app_id: str
    project_id: str
    name: str
    created_at: Time
    settings: AppSettingsShown


class AppList(msgspec.Struct):
    """The apps of which the caller may read something, the oldest first."""

    apps: list[AppShown]


class AppEndpoints:
    """Create, list, show, change and delete apps."""

    def __init__(self, projects: ProjectService, apps: AppService, channels: ChannelService) -> None:
        self._projects = projects
        self._apps = apps
        self._channels = channels

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", OF_PROJECT, LIST, self.list, reply=AppList),
            Route("POST", OF_PROJECT, ADMIN_WRITE, self.create, NewApp, reply=AppShown, status=201),
            Route("GET", BASE, APP_PART_READ, self.show, reply=AppShown),
            Route("PATCH", BASE, APP_WRITE, self.update, AppChange, reply=AppShown),
            Route("DELETE", BASE, APP_ALL, self.delete),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the apps of a project of which the caller may read something."""
        project = self._projects.get(call.params["project"])
        seen = [a for a in self._apps.of(project.id) if call.caller.reaches(Scope(project.id, Verb.READ, a.id))]
        return json_reply(AppList([shown(app) for app in seen]))

    async def create(self, call: Call) -> Reply:
        """Create an app with its channel `production`, the public default."""
        body: NewApp = call.body
        project = self._projects.get(call.params["project"])
        by: Origin = call.origin

        async def first(tx: Tx, app: App) -> None:
            await self._channels.first_in(tx, app, by)

        app = await self._apps.create(project.id, body.app_id, body.name, by, within=first)
        return json_reply(shown(app), 201)

    async def show(self, call: Call) -> Reply:
        """Return an app."""
        return json_reply(shown(self._apps.get(call.params["app"])))

    async def update(self, call: Call) -> Reply:
        """Change an app's name and settings."""
        body: AppChange = call.body
        settings: dict[str, object] = dict(body.settings)
        app = await self._apps.update(call.params["app"], call.origin, name=body.name, settings=settings)
        return json_reply(shown(app))

    async def delete(self, call: Call) -> Reply:
        """Remove an app and everything that belongs to it."""
        await self._apps.delete(call.params["app"], call.origin)
        return NO_CONTENT


def shown(app: App) -> AppShown:
    """Return an app as the API shows it."""
    return AppShown(app.id, app.project_id, app.name, app.created_at, AppSettingsShown(**asdict(app.settings)))

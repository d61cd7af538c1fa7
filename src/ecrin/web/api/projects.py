"""/api/v1/projects."""

from dataclasses import asdict
from typing import Annotated

import msgspec
from msgspec import Meta

from ecrin.governance.callers import Scope, Verb
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.web.api.units import Days, Time
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


class ProjectSettingsShown(msgspec.Struct):
    """What an operator decided for a project."""

    allow_duplicate_emails: bool
    email_enumeration_protection: bool
    password_enabled: bool
    email_link_enabled: bool
    anonymous_enabled: bool
    sign_up_enabled: bool
    min_password_length: Annotated[int, Meta(description="Characters.")]
    authorized_domains: Annotated[list[str], Meta(description="Hosts that links in mails may lead to.")]
    session_idle_days: Annotated[Days, Meta(description="Days that a session may rest.")]
    session_absolute_days: Annotated[Days, Meta(description="Days that a session may live at all.")]


class ProjectShown(msgspec.Struct):
    """A project."""

    project_id: str
    number: Annotated[str, Meta(description="The decimal alias that Google's replies carry.")]
    api_key: Annotated[str, Meta(description="The web API key. It is public.")]
    created_at: Time
    settings: ProjectSettingsShown


class ProjectList(msgspec.Struct):
    """The projects that the caller may read, the oldest first; `in_part` has the ids of which it may read a part."""

    projects: list[ProjectShown]
    in_part: list[str]


class ProjectEndpoints:
    """Create, list, show and change projects."""

    def __init__(self, projects: ProjectService) -> None:
        self._projects = projects

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", BASE, ANY, self.list, reply=ProjectList),
            Route("POST", BASE, INSTANCE_ALL, self.create, NewProject, reply=ProjectShown, status=201),
            Route("GET", f"{BASE}/{{project}}", ADMIN_READ, self.show, reply=ProjectShown),
            Route("PATCH", f"{BASE}/{{project}}", ADMIN_WRITE, self.update, ProjectChange, reply=ProjectShown),
        ]

    async def list(self, call: Call) -> Reply:
        """Return the projects that the caller may read."""
        found = self._projects.all()
        whole = [shown(p) for p in found if call.caller.may(Scope(p.id, Verb.READ))]
        return json_reply(ProjectList(whole, [p.id for p in found if call.caller.within(Scope(p.id, Verb.READ))]))

    async def create(self, call: Call) -> Reply:
        """Create a project with a web API key."""
        project = await self._projects.create(call.body.project_id, call.origin)
        return json_reply(shown(project), 201)

    async def show(self, call: Call) -> Reply:
        """Return a project."""
        return json_reply(shown(self._projects.get(call.params["project"])))

    async def update(self, call: Call) -> Reply:
        """Change settings of a project."""
        changes: dict[str, object] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in call.body.settings.items()
        }
        return json_reply(shown(await self._projects.update(call.params["project"], changes, call.origin)))


def shown(project: Project) -> ProjectShown:
    """Return a project as the API shows it."""
    return ProjectShown(
        project_id=project.id,
        number=str(project.number),
        api_key=project.api_keys[0],
        created_at=project.created_at,
        settings=ProjectSettingsShown(**asdict(project.settings)),
    )

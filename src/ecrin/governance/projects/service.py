"""The verbs of projects.

The working set (all projects, all web API keys) is small and read by every request, so it is held in memory and
replaced as a whole after each change.
"""

import asyncio
import re
import secrets
from dataclasses import replace

from ecrin.base.clock import Clock
from ecrin.base.events import Events, ProjectCreated, ProjectUpdated
from ecrin.base.ids import alphanumeric
from ecrin.base.origin import Origin
from ecrin.errors import Conflict
from ecrin.governance.errors import InvalidApiKey, InvalidProjectId, ProjectExists, ProjectNotFound
from ecrin.governance.projects import store
from ecrin.governance.projects.model import Project, ProjectSettings
from ecrin.storage.sql.port import Database, Tx

API_KEY_LENGTH = 39
RESERVED = frozenset({"console"})
_ID = re.compile(r"[a-z][a-z0-9-]{2,39}")


class ProjectService:
    """Creates, finds and changes projects; `create_on_use` are the settings of projects that `ecrin dev` makes."""

    def __init__(
        self, database: Database, events: Events[Tx], clock: Clock, create_on_use: ProjectSettings | None = None
    ) -> None:
        self._create_on_use = create_on_use
        self._database = database
        self._events = events
        self._clock = clock
        self._projects: dict[str, Project] = {}
        self._keys: dict[str, str] = {}
        self._turn = asyncio.Lock()  # an older reading never replaces a newer one

    async def load(self) -> None:
        """Read the working set anew."""
        async with self._turn:
            projects = await self._database.scan(store.load)
            self._projects = {p.id: p for p in projects}
            self._keys = {key: p.id for p in projects for key in p.api_keys}

    def all(self) -> list[Project]:
        """Return every project, the oldest first."""
        return list(self._projects.values())

    def get(self, project_id: str) -> Project:
        """Return a project; raises `ProjectNotFound`."""
        found = self._projects.get(project_id)
        if found is None:
            raise ProjectNotFound
        return found

    def by_key(self, api_key: str) -> Project:
        """Return the project of a web API key; raises `InvalidApiKey`."""
        project_id = self._keys.get(api_key)
        if project_id is None:
            raise InvalidApiKey
        return self._projects[project_id]

    def knows_key(self, api_key: str) -> bool:
        """Return whether a web API key belongs to a project."""
        return api_key in self._keys

    async def open(self, project_id: str, by: Origin) -> Project:
        """Return a project; in `ecrin dev` one that is new is made on first use. Raises as `get` and `create`."""
        if project_id not in self._projects and self._create_on_use is not None:
            return await self.create(project_id, by, self._create_on_use)
        return self.get(project_id)

    async def create(self, project_id: str, by: Origin, settings: ProjectSettings | None = None) -> Project:
        """Create a project with one web API key.

        Raises `InvalidProjectId` and `ProjectExists`.
        """
        if not _ID.fullmatch(project_id) or project_id in RESERVED:
            raise InvalidProjectId
        now = self._clock.now()
        number = 100_000_000_000 + secrets.randbelow(900_000_000_000)
        key = alphanumeric(API_KEY_LENGTH)
        project = Project(project_id, number, project_id, (key,), now, settings or ProjectSettings())

        async def unit(tx: Tx) -> None:
            await store.insert(tx, project)
            await self._events.emit(tx, ProjectCreated(project_id, project_id), by, now)

        try:
            await self._database.write(unit)
        except Conflict:
            raise ProjectExists from None
        await self.load()
        return self.get(project_id)

    async def update(self, project_id: str, changes: dict[str, object], by: Origin) -> Project:
        """Change settings by name; raises `ProjectNotFound` and `InvalidRequest`."""
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            project = next((p for p in await store.load(tx) if p.id == project_id), None)
            if project is None:
                raise ProjectNotFound
            await store.update(tx, replace(project, settings=project.settings.changed(changes)))
            await self._events.emit(tx, ProjectUpdated(project_id, project_id, tuple(sorted(changes))), by, now)

        await self._database.write(unit)
        await self.load()
        return self.get(project_id)

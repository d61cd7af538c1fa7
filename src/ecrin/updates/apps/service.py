"""The verbs of apps. The list of apps is small and asked by every request, so it is held in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ecrin.base.clock import Clock
from ecrin.base.events import AppCreated, AppDeleted, AppUpdated, Events
from ecrin.base.origin import Origin
from ecrin.errors import Conflict
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps import rules, store
from ecrin.updates.apps.model import App
from ecrin.updates.errors import AppExists, AppNotFound

Changed = Callable[[str], Awaitable[None]]  # told an app id after a commit that its devices should know of
InUnit = Callable[[Tx, App], Awaitable[None]]


class AppService:
    """Creates, finds, changes and removes apps; `changed` is told after each commit."""

    def __init__(self, database: Database, events: Events[Tx], clock: Clock, changed: Changed) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._changed = changed
        self._apps: dict[str, App] = {}
        self._turn = asyncio.Lock()  # an older reading never replaces a newer one
        self._doubted = False

    async def load(self) -> None:
        """Read the apps anew."""
        try:
            async with self._turn:
                self._apps = {app.id: app for app in await self._database.scan(store.load)}
        except BaseException:
            self.doubt()
            raise

    def doubt(self) -> None:
        """Hear that something may have been committed of which nobody was told."""
        self._doubted = True

    async def mend(self) -> None:
        """Read the apps anew unless they are known to be as they were committed."""
        if self._doubted:
            self._doubted = False
            await self.load()

    def all(self) -> list[App]:
        """Return every app, the oldest first."""
        return list(self._apps.values())

    def of(self, project_id: str) -> list[App]:
        """Return the apps of a project, the oldest first."""
        return [app for app in self._apps.values() if app.project_id == project_id]

    def project_of(self, app_id: str) -> str | None:
        """Return the project that an app belongs to, or None for an app that is not there."""
        app = self._apps.get(app_id)
        return app.project_id if app else None

    def get(self, app_id: str) -> App:
        """Return an app; raises `AppNotFound`."""
        app = self._apps.get(app_id)
        if app is None:
            raise AppNotFound
        return app

    async def create(self, project_id: str, app_id: str, name: str, by: Origin, *, within: InUnit | None = None) -> App:
        """Create an app; `within` may add to it in the same transaction.

        Raises `InvalidAppId`, `AppExists`, and `InvalidRequest` for a name that cannot be.
        """
        rules.check_id(app_id)
        rules.check_name(name)
        app = App(app_id, project_id, name or app_id, self._clock.now())

        async def unit(tx: Tx) -> None:
            await store.insert(tx, app)
            if within is not None:
                await within(tx, app)
            await self._events.emit(tx, AppCreated(project_id, app_id), by, app.created_at)

        try:
            await self._database.write(unit)
        except Conflict:
            raise AppExists from None
        await self._after(app_id)
        return self.get(app_id)

    async def update(self, app_id: str, by: Origin, *, name: str | None, settings: dict[str, object]) -> App:
        """Change an app's name and settings; raises `AppNotFound` and `InvalidRequest`."""
        now = self._clock.now()
        rules.check_name(name or "")

        async def unit(tx: Tx) -> None:
            app = await self.get_in(tx, app_id)
            after = replace(app, name=name or app.name, settings=rules.changed(app.settings, settings))
            await store.update(tx, after)
            fields = tuple(sorted([*settings, *(["name"] if name else [])]))
            await self._events.emit(tx, AppUpdated(app.project_id, app_id, fields), by, now)

        await self._database.write(unit)
        await self._after(app_id)
        return self.get(app_id)

    async def delete(self, app_id: str, by: Origin) -> None:
        """Remove an app with its bundles, channels and rollouts; its files go with the next sweep."""
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            app = await self.get_in(tx, app_id)
            await store.delete(tx, app_id)
            await self._events.emit(tx, AppDeleted(app.project_id, app_id), by, now)

        await self._database.write(unit)
        await self._after(app_id)

    async def get_in(self, tx: Tx, app_id: str) -> App:
        """Return an app as the unit sees it; raises `AppNotFound`."""
        app = await store.get(tx, app_id)
        if app is None:
            raise AppNotFound
        return app

    async def _after(self, app_id: str) -> None:
        try:
            await self.load()
        finally:
            await self._changed(app_id)

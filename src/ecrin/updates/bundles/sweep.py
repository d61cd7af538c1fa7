"""The sweep: bundles that nothing has named for the app's retention, then objects that no bundle is made of.

A bundle that a channel, a rollout under way, or (by its channel) an override names is never touched, however old.
"""

from collections.abc import Iterable

from ecrin.base.clock import DAY, HOUR, Clock, Instant
from ecrin.base.events import BundleDeleted, Events
from ecrin.base.origin import SYSTEM
from ecrin.storage.objects.port import ObjectStore
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.service import AppService, Changed
from ecrin.updates.bundles import store
from ecrin.updates.bundles.locks import AppLocks

EVERY = HOUR
GRACE = 2 * DAY  # an object that no bundle is made of yet: a push that was cut off may go on until then


class Sweep:
    """Removes what retention lets go; `changed` is told of each app that lost a bundle."""

    def __init__(
        self,
        database: Database,
        apps: AppService,
        objects: ObjectStore,
        locks: AppLocks,
        events: Events[Tx],
        clock: Clock,
        changed: Changed,
    ) -> None:
        self._database = database
        self._apps = apps
        self._objects = objects
        self._locks = locks
        self._events = events
        self._clock = clock
        self._changed = changed
        self._last: Instant | None = None

    async def due(self) -> None:
        """Sweep if the last time is an hour ago."""
        if self._last is None or self._clock.now() - self._last >= EVERY:
            await self.once()

    async def once(self) -> None:
        """Sweep every app, those that were deleted included, then files that a crash left without a row."""
        self._last = now = self._clock.now()
        for app in self._apps.all():
            if await self._retire(app, now):
                await self._changed(app.id)
            await self._let_go(app.id, now)
        for app_id in await self._database.scan(store.left_behind):
            await self._let_go(app_id, now)
        await self._strays(now)

    async def _retire(self, app: App, now: Instant) -> int:
        """Note which bundles nothing names, and delete those of which that was noted long enough ago."""

        async def unit(tx: Tx) -> int:
            named, gone = await store.named(tx, app.id), 0
            for version, since in (await store.unused(tx, app.id)).items():
                if version in named:
                    if since is not None:
                        await store.set_unused(tx, app.id, version, None)
                elif since is None:
                    await store.set_unused(tx, app.id, version, now)
                elif app.settings.retention_days and now - since >= app.settings.retention_days * DAY:
                    await store.delete(tx, app.id, version, now)
                    await self._events.emit(tx, BundleDeleted(app.project_id, app.id, version), SYSTEM, now)
                    gone += 1
            return gone

        return await self._database.write(unit)

    async def _let_go(self, app_id: str, now: Instant) -> None:
        """Forget the objects that no bundle is made of, then remove their files."""
        async with self._locks.sweeping(app_id) as held:
            if not held:
                return
            seen, idle = await self._database.scan(lambda tx: _idle(tx, app_id, now))

            async def unit(tx: Tx) -> bool:
                if await store.newest(tx, app_id) != seen:  # a new bundle may be made of them
                    return False
                await store.drop_objects(tx, app_id, idle)
                return True

            let_go = await self._database.write(unit) if idle else False
            if let_go:
                await self._remove(app_id, idle)

    async def _strays(self, now: Instant) -> None:
        """Remove files that no row knows, of apps that are here: others may be those of another database."""
        old: dict[str, list[str]] = {}
        async for kept in self._objects.kept():
            if now - kept.stored_at >= GRACE and self._apps.project_of(kept.app_id) is not None:
                old.setdefault(kept.app_id, []).append(kept.name)
        for app_id, names in old.items():
            async with self._locks.sweeping(app_id) as held:
                if held:
                    await self._remove(app_id, await self._unknown(app_id, names))

    async def _unknown(self, app_id: str, names: list[str]) -> list[str]:
        known = await self._database.scan(lambda tx: store.objects(tx, app_id))
        return [name for name in names if name not in known]

    async def _remove(self, app_id: str, names: Iterable[str]) -> None:
        for name in names:
            await self._objects.remove(app_id, name)


async def _idle(tx: Tx, app_id: str, now: Instant) -> tuple[int, list[str]]:
    """Return the newest bundle's number, and the objects that no bundle is made of and that came long enough ago."""
    used: set[str] = set()
    for bundle in await store.of_app(tx, app_id):
        used |= bundle.objects
    objects = await store.objects(tx, app_id)
    return await store.newest(tx, app_id), [n for n, at in objects.items() if n not in used and now - at >= GRACE]

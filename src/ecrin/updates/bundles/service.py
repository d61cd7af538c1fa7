"""The verbs of bundles: objects come first and are durable, then one transaction makes the bundle (attack A60)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import fields
from typing import Any

from ecrin.base.clock import Clock
from ecrin.base.events import BundleDeleted, BundlePublished, Events
from ecrin.base.origin import Origin
from ecrin.errors import Conflict
from ecrin.storage.objects.port import ObjectStore
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.model import App
from ecrin.updates.apps.service import AppService, Changed
from ecrin.updates.bundles import rules, store
from ecrin.updates.bundles.inspection import Inspector
from ecrin.updates.bundles.locks import AppLocks
from ecrin.updates.bundles.model import Bundle, NewBundle
from ecrin.updates.errors import BundleExists, BundleInUse, BundleNotFound, ObjectsMissing

InUnit = Callable[[Tx, App, Bundle], Awaitable[None]]
TRIES = 5
NEWEST = 2**62  # above every number


class BundleService:
    """Takes objects, publishes, finds and removes bundles; `changed` is told after each commit."""

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
        self._inspector = Inspector(objects)

    async def missing(self, app_id: str, names: Iterable[str]) -> list[str]:
        """Return which of these objects must be sent before a bundle may name them; raises `InvalidRequest`."""
        wanted = sorted(set(names))
        for name in wanted:
            rules.check_object(name)
        there = await self._database.scan(lambda tx: store.sizes(tx, app_id, wanted))
        now = self._clock.now()
        if there:  # whoever asks is about to publish: a sweep leaves these another while
            await self._database.write(lambda tx: store.seen(tx, app_id, there, now))
        return [name for name in wanted if name not in there]

    async def add_object(self, app_id: str, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Take an object; sent again it is the same. It is durable before the database knows of it.

        Raises `AppNotFound`, `InvalidRequest` for a bad name, `ObjectMismatch` for bytes that are not what was
        announced, and a `StorageError`; nothing is left behind then.
        """
        rules.check_object(name)
        self._apps.get(app_id)
        async with self._locks.adding(app_id):
            await self._objects.put(app_id, name, size, chunks)
            kept = await self._objects.size(app_id, name)

            async def unit(tx: Tx) -> None:
                await self._apps.get_in(tx, app_id)
                await store.add_object(tx, app_id, name, size if kept is None else kept, self._clock.now())

            await self._database.write(unit)

    async def publish(self, app_id: str, new: NewBundle, by: Origin, *, within: InUnit | None = None) -> Bundle:
        """Publish a bundle whose objects were all sent; `within` may add to it in the same transaction.

        A request that is repeated returns the bundle that is there, so that a lost reply does no harm; `within` runs
        again. Raises `AppNotFound`, `InvalidVersion`, `InvalidBundle`, `ObjectsMissing`, `BundleExists` where the
        version has other content or was deleted, and what `within` raises; nothing is visible then.
        """
        rules.check(new)
        self._apps.get(app_id)
        await self._check_objects(app_id, new)
        for attempt in range(TRIES):
            try:
                bundle = await self._database.write(lambda tx: self._publish_in(tx, app_id, new, by, within))
            except Conflict:
                if await self._was_published(app_id, new.version):
                    raise BundleExists(f"{new.version} was published before.") from None
                if attempt == TRIES - 1:  # until then somebody else took the number, or the name of the new channel
                    raise
            else:
                await self._changed(app_id)
                return bundle
        raise AssertionError("the last try returns or raises")

    async def get(self, app_id: str, version: str) -> Bundle:
        """Return a bundle; raises `BundleNotFound`."""
        bundle = await self._database.glance(lambda tx: store.by_version(tx, app_id, version))
        if bundle is None:
            raise BundleNotFound
        return bundle

    async def page(self, app_id: str, before: int = NEWEST, limit: int = 50) -> list[Bundle]:
        """Return bundles with a number below `before`, the newest first."""
        return await self._database.scan(lambda tx: store.page(tx, app_id, before, limit))

    async def describe(self, app_id: str, version: str, link: str | None, comment: str | None) -> Bundle:
        """Change link and comment (None: leave it); raises `BundleNotFound` and `InvalidBundle`."""

        async def unit(tx: Tx) -> Bundle:
            bundle = await _required(tx, app_id, version)
            after = bundle.link if link is None else link, bundle.comment if comment is None else comment
            rules.check_described(*after)
            await store.describe(tx, app_id, version, *after)
            return await _required(tx, app_id, version)

        described = await self._database.write(unit)
        await self._changed(app_id)
        return described

    async def delete(self, app_id: str, version: str, by: Origin) -> None:
        """Take a bundle out of use for ever; its version is not given again, its files go with a later sweep.

        Raises `BundleNotFound`, and `BundleInUse` while a channel or a rollout names it.
        """
        now = self._clock.now()

        async def unit(tx: Tx) -> None:
            app = await self._apps.get_in(tx, app_id)
            await _required(tx, app_id, version)
            if version in await store.named(tx, app_id):
                raise BundleInUse
            await store.delete(tx, app_id, version, now)
            await self._events.emit(tx, BundleDeleted(app.project_id, app_id, version), by, now)

        await self._database.write(unit)
        await self._changed(app_id)

    async def _check_objects(self, app_id: str, new: NewBundle) -> None:
        """Look at what can be seen: the sizes of all objects, and what is in them unless they are sealed."""
        names = rules.objects(new)
        rules.check_sizes(new, _all_there(names, await self._database.scan(lambda tx: store.sizes(tx, app_id, names))))
        if not new.session_key:
            await self._inspector.inspect(app_id, new)

    async def _publish_in(self, tx: Tx, app_id: str, new: NewBundle, by: Origin, within: InUnit | None) -> Bundle:
        app = await self._apps.get_in(tx, app_id)
        bundle = await store.by_version(tx, app_id, new.version)
        if bundle is not None and not rules.same(new, bundle):
            raise BundleExists(f"{new.version} was published with other content.")
        if bundle is None:
            bundle = await self._insert_in(tx, app, new, by)
        if within is not None:
            await within(tx, app, bundle)
        return bundle

    async def _insert_in(self, tx: Tx, app: App, new: NewBundle, by: Origin) -> Bundle:
        now = self._clock.now()
        names = rules.objects(new)
        sizes = _all_there(names, await store.sizes(tx, app.id, names))
        members: dict[str, Any] = {member.name: getattr(new, member.name) for member in fields(new)}
        made = Bundle(
            app_id=app.id,
            number=0,
            created_by=by.actor,
            created_at=now,
            zip_size=sizes[new.zip] if new.zip else 0,
            **members,
        )
        bundle = await store.insert(tx, made)
        await self._events.emit(tx, BundlePublished(app.project_id, app.id, new.version), by, now)
        return bundle

    async def _was_published(self, app_id: str, version: str) -> bool:
        return await self._database.glance(lambda tx: store.was_published(tx, app_id, version))


async def _required(tx: Tx, app_id: str, version: str) -> Bundle:
    bundle = await store.by_version(tx, app_id, version)
    if bundle is None:
        raise BundleNotFound
    return bundle


def _all_there(names: frozenset[str], sizes: dict[str, int]) -> dict[str, int]:
    lacking = len(names - sizes.keys())
    if lacking:
        raise ObjectsMissing(f"{lacking} of the bundle's {len(names)} objects have not been uploaded.")
    return sizes

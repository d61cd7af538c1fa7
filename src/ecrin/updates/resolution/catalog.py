"""The working set: what decides about every app's devices, held in memory and replaced app by app after each commit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ecrin.base.clock import Clock
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps import store as apps
from ecrin.updates.bundles import store as bundles
from ecrin.updates.channels import store as channels
from ecrin.updates.devices import store as devices
from ecrin.updates.resolution.arrangement import arranged
from ecrin.updates.resolution.model import Answer, AppView, Ask
from ecrin.updates.resolution.rules import decide
from ecrin.updates.rollout import store as rollouts


class Catalog:
    """Answers devices without a query. `refresh` is what the services are told to call when an app changed.

    What could not be read then is read by `mend`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._views: dict[str, AppView] = {}
        self._turn = asyncio.Lock()  # an older reading never replaces a newer one
        self._stale: set[str] = set()
        self._doubted = False

    async def load(self) -> None:
        """Read every app anew."""
        there = [app.id for app in await self._database.scan(apps.load)]
        for app_id in dict.fromkeys([*there, *self._views]):
            await self.refresh(app_id)

    async def refresh(self, app_id: str) -> None:
        """Read one app anew, or forget it if it is gone."""
        with self._marking(app_id):
            async with self._turn:
                self._stale.discard(app_id)
                view = await self._database.scan(lambda tx: _view(tx, app_id))
                if view is None:
                    self._views.pop(app_id, None)
                else:
                    self._views[app_id] = view

    async def refresh_device(self, app_id: str, device_id: str) -> None:
        """Read anew where one device was put, and nothing else: devices may cause this, so it costs one row."""
        with self._marking(app_id):
            async with self._turn:
                view = self._views.get(app_id)
                if view is None:
                    return
                override = await self._database.glance(lambda tx: devices.get(tx, app_id, device_id))
                if override is None:
                    view.drop(device_id)
                else:
                    view.keep(override)

    def doubt(self) -> None:
        """Hear that something may have been committed of which nobody was told."""
        self._doubted = True

    async def mend(self) -> None:
        """Read what is not known to be as it was committed; where all is well that is nothing."""
        if self._doubted:
            self._doubted = False
            try:
                await self.load()
            except BaseException:
                self._doubted = True
                raise
        for app_id in tuple(self._stale):
            await self.refresh(app_id)

    async def forget_expired(self) -> None:
        """Let go of the choices that are over, of which the database lets go too: their room is for others."""
        async with self._turn:
            for view in list(self._views.values()):
                view.drop_expired(self._clock.now())
                await asyncio.sleep(0)  # an app may have a hundred thousand

    @contextmanager
    def _marking(self, app_id: str) -> Iterator[None]:
        """Remember an app of which a reading failed, or was not waited for."""
        try:
            yield
        except BaseException:
            self._stale.add(app_id)
            raise

    def view(self, app_id: str) -> AppView | None:
        """Return what decides about an app's devices, or None for an app that is not there."""
        return self._views.get(app_id)

    def answer(self, ask: Ask) -> Answer | None:
        """Return what a device is answered, or None where its app is not there."""
        view = self._views.get(ask.app_id)
        return decide(ask, view, self._clock.now()) if view else None


async def _view(tx: Tx, app_id: str) -> AppView | None:
    app = await apps.get(tx, app_id)
    if app is None:
        return None
    return arranged(
        app,
        await channels.of_app(tx, app_id),
        await rollouts.of_app(tx, app_id),
        await bundles.of_app(tx, app_id),
        await devices.of_app(tx, app_id),
        await channels.groups(tx, app_id),
    )

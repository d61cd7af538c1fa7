"""The part of the assembly that makes the updates: services in the order in which they call each other, and routes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from ecrin.base.clock import Clock
from ecrin.base.events import Events
from ecrin.governance.projects.service import ProjectService
from ecrin.ops.jobs import Housekeeping, every
from ecrin.storage.objects.port import ObjectStore
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.service import AppService
from ecrin.updates.bundles.locks import AppLocks
from ecrin.updates.bundles.service import BundleService
from ecrin.updates.bundles.sweep import Sweep
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.devices.service import DeviceService
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.doubt import Watched
from ecrin.updates.rollout.hold import RolloutHold
from ecrin.updates.rollout.service import RolloutService
from ecrin.updates.stats.service import StatsService
from ecrin.updates.stats.store import open_beside
from ecrin.web.api.apps import AppEndpoints
from ecrin.web.api.bundles import BundleEndpoints
from ecrin.web.api.channels import ChannelEndpoints
from ecrin.web.api.devices import DeviceEndpoints
from ecrin.web.api.rollouts import RolloutEndpoints
from ecrin.web.api.updatestats import UpdateStatsEndpoints
from ecrin.web.capgo.channelself import ChannelSelfEndpoints
from ecrin.web.capgo.files import FileEndpoints
from ecrin.web.capgo.offers import Offers
from ecrin.web.capgo.sizes import SizeEndpoints
from ecrin.web.capgo.small import SmallEndpoints
from ecrin.web.capgo.stats import StatEndpoints
from ecrin.web.capgo.updates import UpdateEndpoints
from ecrin.web.capgo.watching import Watcher
from ecrin.web.events.endpoints import EventEndpoints
from ecrin.web.events.feed import Feed
from ecrin.web.http import Call
from ecrin.web.routing import Route

TICK_SECONDS = 60
MEND_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Updates:
    """The features of updates."""

    catalog: Catalog
    objects: ObjectStore
    apps: AppService
    bundles: BundleService
    sweep: Sweep
    channels: ChannelService
    rollouts: RolloutService
    devices: DeviceService
    stats: StatsService
    feed: Feed
    stats_housekeeping: Housekeeping

    async def run(self, stop: asyncio.Event) -> None:
        """Do the work that nobody waits for until `stop` is set."""
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(self.stats.run(stop))
            jobs.create_task(self.feed.run(stop))
            jobs.create_task(self.stats_housekeeping.run(stop))
            jobs.create_task(every(stop, TICK_SECONDS, lambda: self.rollouts.tick(self.stats.counts)))
            jobs.create_task(every(stop, MEND_SECONDS, self.mend))

    async def mend(self) -> None:
        """Read what could not be read after a commit."""
        await self.apps.mend()
        await self.catalog.mend()

    async def close(self) -> None:
        """Let go of the statistics."""
        await self.stats.close()


async def build_updates(
    database: Database, objects: ObjectStore, events: Events[Tx], clock: Clock, stats_days: int
) -> Updates:
    """Build the services and read the working set."""

    def doubt() -> None:
        apps.doubt()
        catalog.doubt()

    database = cast("Database", Watched(database, doubt))
    catalog = Catalog(database, clock)
    apps = AppService(database, events, clock, catalog.refresh)
    keeping = database, apps, objects, AppLocks(), events, clock, catalog.refresh
    channels = ChannelService(database, apps, events, clock, catalog.refresh, RolloutHold(events))
    parts = database, apps, channels, events, clock
    await apps.load()
    await catalog.load()
    rollouts = RolloutService(*parts, catalog.refresh)
    devices = DeviceService(*parts, catalog.refresh_device)
    bundles, sweep = BundleService(*keeping), Sweep(*keeping)
    beside = await open_beside(database)
    feed = Feed(database, clock, apps.project_of)

    def most(app_id: str) -> int:
        view = catalog.view(app_id)
        return view.app.settings.max_devices if view else 0

    stats = StatsService(beside, clock, stats_days, most=most, written=feed.counted)

    async def forget() -> None:
        await stats.forget_all_but({app.id for app in apps.all()})

    housekeeping = Housekeeping(beside, clock, stats.purges(), [forget])
    own = stats, feed, housekeeping
    return Updates(catalog, objects, apps, bundles, sweep, channels, rollouts, devices, *own)


def api_routes(
    updates: Updates, projects: ProjectService, clock: Clock, holds: Callable[[Call], Awaitable[bool]]
) -> list[Route]:
    """Return the routes of operators and CI; `holds` says whether the credential of a call is good still."""
    return [
        *AppEndpoints(projects, updates.apps, updates.channels).routes(),
        *BundleEndpoints(updates.bundles, updates.channels).routes(),
        *UpdateStatsEndpoints(updates.stats, clock).routes(),
        *EventEndpoints(updates.feed, updates.apps.project_of, holds).routes(),
        *ChannelEndpoints(updates.channels, updates.rollouts).routes(),
        *RolloutEndpoints(updates.rollouts).routes(),
        *DeviceEndpoints(updates.devices, updates.channels, updates.stats).routes(),
    ]


def capgo_routes(updates: Updates, database: Database, public_url: str) -> list[Route]:
    """Return the routes of Capgo's clients."""
    offers = Offers(public_url)
    return [
        *UpdateEndpoints(updates.catalog, offers, Watcher(updates.stats.devices)).routes(),
        *StatEndpoints(updates.catalog, updates.stats).routes(),
        *SizeEndpoints(updates.catalog, offers).routes(),
        *ChannelSelfEndpoints(updates.catalog, updates.devices).routes(),
        *FileEndpoints(updates.catalog, updates.objects).routes(),
        *SmallEndpoints(database).routes(),
    ]

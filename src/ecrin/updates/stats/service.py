"""The verbs of statistics: record, note, judge, show; and what is done every few seconds and now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from itertools import product

import structlog

from ecrin.base.clock import DAY, MINUTE, Clock, Instant
from ecrin.errors import EcrinError, InvalidRequest
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.apps.model import App
from ecrin.updates.devices.model import Device
from ecrin.updates.rollout.model import Rollout
from ecrin.updates.rollout.rules import Tally
from ecrin.updates.stats import queries, store
from ecrin.updates.stats.ingest import Ingest, Written
from ecrin.updates.stats.inventory import DeviceLog
from ecrin.updates.stats.model import STEPS, Adoption, Delivery, Point, VersionSummary
from ecrin.updates.stats.quota import Quota
from ecrin.updates.stats.room import Most
from ecrin.updates.stats.rules import weight

FLUSH_SECONDS = 2
DEVICE_DAYS = 90  # after which a device that says nothing is forgotten
OUTCOME_DAYS = 400
AT_ONCE = 1000  # rows of an app that is gone
MAX_POINTS = 10_000
COME_BACK = 5 * MINUTE  # within which clients send again what was refused
Purge = Callable[[Tx, Instant, int], Awaitable[int]]
COLUMNS = ("action", "version", "platform", "channel")
log = structlog.get_logger("ecrin.stats")


class StatsService:
    """Statistics of every app.

    `days` is how long what was said is kept word for word, and counts by the minute; `most` says how many devices of an
    app are listed, `written` is told of each batch after its commit.
    """

    def __init__(
        self, database: Database, clock: Clock, days: int, *, most: Most, written: Written = lambda _: None
    ) -> None:
        self._database = database
        self._clock = clock
        self._days = days
        self._quota = Quota()
        self._started_at = clock.now()  # before that, every report was refused
        self._refused: dict[str, Instant] = {}  # when a report of an app was refused last
        self._ingest = Ingest(database, written)
        self.devices = DeviceLog(database, most)

    async def record(self, app: App, address: str, deliveries: list[Delivery]) -> None:
        """Return when the deliveries of an app are on disk.

        Raises `OverQuota`, `Overloaded` and a `StorageError`; nothing was written then.
        """
        events = sum(weight(event) for delivery in deliveries for event in delivery.events)
        try:
            self._quota.take(app.id, address, events, app.settings.stats_per_minute, self._clock.now())
            if deliveries:
                await self._ingest.record(deliveries)
        except Exception:
            self._refused[app.id] = self._clock.now()
            raise

    async def counts(self, rollout: Rollout, since: Instant) -> Tally:
        """Return what devices reported of a rollout's version since an instant (`RolloutService.tick`)."""
        found = await self._database.scan(lambda tx: queries.tally(tx, rollout.app_id, rollout.version, since))
        refused_for = self._clock.now() - self._refused.get(rollout.app_id, self._started_at)
        return replace(found, cut=0 <= refused_for < COME_BACK)

    async def versions(self, app_id: str, days: int) -> list[VersionSummary]:
        """Return what became of each version in the last days."""
        since = self._clock.now() - days * DAY
        return await self._database.scan(lambda tx: queries.versions(tx, app_id, since))

    async def active(self, app_id: str, days: int) -> tuple[int, list[tuple[Instant, int]]]:
        """Return how many devices were there in the last days, and how many on each of them."""
        since = self._clock.now() - days * DAY

        async def unit(tx: Tx) -> tuple[int, list[tuple[Instant, int]]]:
            return await queries.active(tx, app_id, since), await queries.active_by_day(tx, app_id, since)

        return await self._database.scan(unit)

    async def actions(self, app_id: str, days: int, version: str = "") -> list[tuple[str, str, str, int]]:
        """Return version, action, platform and how often, in the last days, the most frequent first."""
        since = self._clock.now() - days * DAY
        return await self._database.scan(lambda tx: queries.actions(tx, app_id, since, version))

    async def series(
        self, app_id: str, step: int, start: Instant, end: Instant, *, by: str = "action", only: dict[str, str]
    ) -> list[Point]:
        """Return counts by bucket; raises `InvalidRequest` for an unknown column or step, and for too many buckets."""
        if by not in COLUMNS or not set(only) <= set(COLUMNS) or step not in STEPS:
            raise InvalidRequest(f"Steps are minute, hour and day; columns are {', '.join(COLUMNS)}.")
        if not 0 <= (end - start) // step <= MAX_POINTS:
            raise InvalidRequest(f"A series has at most {MAX_POINTS} buckets; take a greater step.")
        return await self._database.scan(lambda tx: queries.series(tx, app_id, step, start, end, by, only))

    async def adoption(self, app_id: str, version: str, platform: str = "") -> Adoption:
        """Return how a version spread."""
        return await self._database.scan(lambda tx: queries.adoption(tx, app_id, version, platform))

    async def inventory(self, app_id: str, after: str = "", limit: int = 100) -> list[Device]:
        """Return devices by id, those that come after one."""
        return await self._database.scan(lambda tx: queries.devices(tx, app_id, after, limit))

    async def run(self, stop: asyncio.Event) -> None:
        """Write what was noted every few seconds until `stop` is set, and once more then."""
        while not stop.is_set():
            await _until(stop, FLUSH_SECONDS)
            try:
                await self.devices.flush()
            except EcrinError as error:
                log.warning("devices could not be noted", code=error.code, detail=str(error))
            except Exception:
                log.exception("devices could not be noted")

    def purges(self) -> list[Purge]:
        """Return what removes what is over, a few rows at a time; counts by the hour and by the day are kept."""
        said, kept = self._days * DAY, DEVICE_DAYS * DAY
        return [
            _purge("deliveries", said),
            _purge("counts", said),
            _purge("devices", kept),
            _purge("active_days", kept),
            _purge("outcomes", OUTCOME_DAYS * DAY),
        ]

    async def forget_all_but(self, known: Collection[str]) -> None:
        """Remove everything of apps that are not there any more, a few rows at a time."""
        gone = await self._database.scan(store.apps) - set(known)
        for app_id, table in product(sorted(gone), store.TABLES):
            while await self._forget_some(app_id, table) >= AT_ONCE:
                pass

    async def _forget_some(self, app_id: str, table: str) -> int:
        return await self._database.write(lambda tx: store.forget(tx, table, app_id, AT_ONCE))

    async def close(self) -> None:
        """Write what was accepted, and let go of the database."""
        await self._ingest.close()
        await self._database.close()


def _purge(table: str, age: int) -> Purge:
    async def purge(tx: Tx, now: Instant, limit: int) -> int:
        return await store.purge(tx, table, now - age, limit)

    return purge


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

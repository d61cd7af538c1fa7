"""How many devices of an app are listed: anybody can invent one, so each app has a bound (`AppSettings.max_devices`).

Rows are counted once and kept count of from then on; as old ones go, they are counted again where none would fit.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import structlog

from ecrin.base.clock import MINUTE, Instant
from ecrin.storage.sql.port import Database
from ecrin.updates.devices.model import Device
from ecrin.updates.stats import store

RECOUNT = 10 * MINUTE
Most = Callable[[str], int]  # of an app's devices
log = structlog.get_logger("ecrin.stats")


def fitting(
    devices: Iterable[Device], listed: Collection[tuple[str, str]], left: Mapping[str, int]
) -> tuple[list[Device], Counter[str]]:
    """Return the devices that are listed or that fit, and how many of them are new in each app. Pure."""
    kept, new = [], Counter[str]()
    for device in devices:
        if (device.app_id, device.device_id) not in listed:
            if new[device.app_id] >= left[device.app_id]:
                continue
            new[device.app_id] += 1
        kept.append(device)
    return kept, new


class Room:
    """Knows how many devices each app has."""

    def __init__(self, most: Most) -> None:
        self._most = most
        self._rows: dict[str, int] = {}
        self._counted_at: dict[str, Instant] = {}

    async def left(self, database: Database, devices: Sequence[Device]) -> dict[str, int]:
        """Return how many more devices each app of these may have."""
        now = max((device.seen_at for device in devices), default=0)
        found = {}
        for app_id, more in Counter(device.app_id for device in devices).items():
            most = self._most(app_id)
            if self._is_due(app_id, now) and (app_id not in self._rows or most - self._rows[app_id] < more):
                await self._count(database, app_id, now)
                if self._rows[app_id] >= most:
                    log.warning("an app has as many devices as it may; new ones are not listed", app=app_id, most=most)
            found[app_id] = max(0, most - self._rows[app_id])
        return found

    def take(self, new: Mapping[str, int]) -> None:
        """Keep count of devices that were written."""
        for app_id, count in new.items():
            self._rows[app_id] += count

    def _is_due(self, app_id: str, now: Instant) -> bool:
        return app_id not in self._counted_at or now - self._counted_at[app_id] >= RECOUNT

    async def _count(self, database: Database, app_id: str, now: Instant) -> None:
        self._rows[app_id] = await database.scan(lambda tx: store.devices_of(tx, app_id))
        self._counted_at[app_id] = now

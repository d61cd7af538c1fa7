"""What devices last said of themselves, and what they were answered: kept in memory, written every few seconds.

`/updates` waits for none of it. What was noted within the last seconds before a crash is lost; a device says it again.
"""

from collections import Counter
from dataclasses import replace

import structlog

from ecrin.base.clock import DAY, MINUTE, Instant
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.devices.model import Device
from ecrin.updates.stats import store
from ecrin.updates.stats.model import CountKey
from ecrin.updates.stats.room import Most, Room, fitting
from ecrin.updates.stats.rules import floor

KEPT = 50_000  # devices of which this node knows what was written last
PENDING = 20_000  # devices and counts that may wait to be written
AT_ONCE = 500
log = structlog.get_logger("ecrin.stats")


class DeviceLog:
    """Notes devices; one that says the same again on the same day is not written again.

    Of an app that has as many as `most` says, new ones are not listed.
    """

    def __init__(self, database: Database, most: Most) -> None:
        self._database = database
        self._room = Room(most)
        self._written: dict[tuple[str, str], tuple[int, int]] = {}  # day, what was said
        self._pending: dict[tuple[str, str], Device] = {}
        self._counts: Counter[CountKey] = Counter()
        self._dropped = 0

    def knows(self, app_id: str, device_id: str, said: int, now: Instant) -> bool:
        """Return whether a device said this today, told by its hash: the usual case, for which nothing is made."""
        return self._written.get((app_id, device_id)) == (now // DAY, said)

    def note(self, device: Device, said: int) -> None:
        """Keep what a device says, and its hash; an empty `version_name` leaves the one that is known."""
        key = device.app_id, device.device_id
        day = device.seen_at // DAY
        before = self._written.get(key)
        if before is not None and before[0] == day and (before[1] == said or not device.version_name):
            return
        if key not in self._pending and len(self._pending) >= PENDING:
            self._dropped += 1
            return
        if not device.version_name and (waiting := self._pending.get(key)):
            device = replace(device, version_name=waiting.version_name)
        self._pending[key] = device
        self._remember(key, (day, said))

    def answered(self, app_id: str, action: str, version: str, platform: str, channel: str, now: Instant) -> None:
        """Count what a device was answered, under the name of an action of protocol sheet §3 (`get`, `noNew`, ...)."""
        key = app_id, floor(now, MINUTE), action, version, platform, channel
        if key in self._counts or len(self._counts) < PENDING:
            self._counts[key] += 1

    async def flush(self) -> None:
        """Write what waits; raises a `StorageError`, and it waits on then."""
        while self._pending or self._counts:
            some = dict(list(self._pending.items())[:AT_ONCE])
            counts, self._counts = self._counts, Counter()
            for key in some:
                del self._pending[key]
            try:
                await self._write(list(some.values()), counts)
            except BaseException:
                self._pending = some | self._pending
                self._counts.update(counts)
                raise
        if self._dropped:
            log.warning("devices were not noted: too many at once", devices=self._dropped)
            self._dropped = 0

    async def _write(self, devices: list[Device], counts: Counter[CountKey]) -> None:
        left = await self._room.left(self._database, devices)

        async def unit(tx: Tx) -> Counter[str]:
            kept, new = fitting(devices, await store.listed(tx, devices), left)
            await store.note(tx, kept)
            await store.add(tx, dict(counts))
            return new

        self._room.take(await self._database.write(unit))

    def _remember(self, key: tuple[str, str], what: tuple[int, int]) -> None:
        self._written.pop(key, None)
        self._written[key] = what
        if len(self._written) > KEPT:
            del self._written[next(iter(self._written))]

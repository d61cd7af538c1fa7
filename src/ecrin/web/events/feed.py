"""What listeners are told: committed events of a project from its audit trail, and sums of what devices said.

Reading the trail once a second tells nothing that was not committed, and tells what other nodes did.
"""

import asyncio
import json
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Callable

import structlog

from ecrin.base.clock import SECOND, Clock, Instant
from ecrin.errors import EcrinError, Overloaded
from ecrin.governance.audit import store as audit
from ecrin.storage.sql.port import Database, Row
from ecrin.updates.stats.model import Batch
from ecrin.web.http import encode_json

EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
MAX_LISTENERS = 100
WAITING = 200  # messages that a slow listener may be behind
BEHIND = 5 * SECOND  # an event is dated before its transaction is committed
SHOWN = ("app.", "bundle.", "channel.", "rollout.", "group.", "device.")
_AT_ONCE = 500
_SEEN = 20_000
log = structlog.get_logger("ecrin.events")

Sum = tuple[str, str, str]  # action, version, platform


class Listener:
    """Somebody who looks at a project, or at one app of it; what it does not take in time is dropped and said so."""

    def __init__(self, project_id: str, app_id: str | None, since: Instant) -> None:
        self.project_id = project_id
        self.app_id = app_id
        self.since = since
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING + 1)
        self._missed = 0

    def tell(self, app_id: str, event: str, data: dict[str, object]) -> None:
        """Hand over a message about an app, if it is for this listener."""
        if self.app_id not in {None, app_id}:
            return
        if self._messages.qsize() >= WAITING:
            self._missed += 1
            return
        self._messages.put_nowait(_message(event, {"app_id": app_id, **data}))

    def end(self) -> None:
        """Let it go after what it has been told."""
        self._messages.put_nowait(None)

    async def next(self) -> bytes | None:
        """Return what to send next: a message, a sign of life, or None for the end."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                message = await self._messages.get()
        except TimeoutError:
            return b":\n\n"
        missed, self._missed = self._missed, 0
        return message + _message("missed", {"messages": missed}) if message and missed else message


class Feed:
    """Tells listeners; costs nothing while there are none. `locate` tells the project of an app."""

    def __init__(self, database: Database, clock: Clock, locate: Callable[[str], str | None]) -> None:
        self._database = database
        self._locate = locate
        self._clock = clock
        self._listeners: set[Listener] = set()
        self._sums: dict[str, Counter[Sum]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._since: Instant = 0
        self._over = False

    def counted(self, batch: Batch) -> None:
        """Take in what devices said (told by the ingest after each commit)."""
        if not self._listeners:
            return
        for (app_id, _, action, version, platform, _), count in batch.counts.items():
            self._sums.setdefault(app_id, Counter())[action, version, platform] += count

    def stream(self, project_id: str, app_id: str | None) -> AsyncGenerator[bytes, None]:
        """Return the messages about a project or one of its apps, until the server stops.

        Raises `Overloaded` when too many listen.
        """
        if len(self._listeners) >= MAX_LISTENERS:
            raise Overloaded("Too many listen to events.")
        return self._messages(Listener(project_id, app_id, self._clock.now()))

    async def run(self, stop: asyncio.Event) -> None:
        """Tell listeners every second until `stop` is set, and let them go then."""
        while not stop.is_set():
            await _until(stop, EVERY_SECONDS)
            try:
                await self.once()
            except EcrinError as error:
                log.warning("events could not be read", code=error.code, detail=str(error))
            except Exception:
                log.exception("events could not be read")
        self._over = True
        for listener in self._listeners:
            listener.end()

    async def once(self) -> None:
        """Tell what has happened since the last time."""
        now = self._clock.now()
        since = (self._since or now) - BEHIND
        for project_id in {listener.project_id for listener in self._listeners}:
            rows = await self._database.scan(
                lambda tx, p=project_id: audit.since(tx, p, since, SHOWN, _AT_ONCE)  # type: ignore[misc]
            )
            for row in rows:
                self._tell_event(row)
        self._since = now  # what could not be read is read next time
        sums, self._sums = self._sums, {}
        for app_id, counts in sums.items():
            self._tell_sums(app_id, counts, now)

    async def _messages(self, listener: Listener) -> AsyncGenerator[bytes, None]:
        yield b"retry: 3000\n\n"
        if not self._listeners:
            self._since = self._clock.now()
        self._listeners.add(listener)
        try:
            while not self._over and (part := await listener.next()) is not None:
                yield part
        finally:
            self._listeners.discard(listener)

    def _tell_event(self, row: Row) -> None:
        if row["id"] in self._seen:
            return
        self._seen[row["id"]] = None
        if len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        for listener in self._listeners:
            if listener.project_id == row["project_id"] and listener.since <= row["at"]:
                listener.tell(row["subject"], row["event"], {"at": row["at"], **json.loads(row["detail"])})

    def _tell_sums(self, app_id: str, counts: Counter[Sum], now: Instant) -> None:
        said = [{"action": a, "version": v, "platform": p, "count": n} for (a, v, p), n in counts.most_common(100)]
        project_id = self._locate(app_id)
        for listener in self._listeners:
            if listener.project_id != project_id:
                continue
            listener.tell(app_id, "stats", {"at": now, "counts": said})


def _message(event: str, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.encode(), encode_json(data))


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

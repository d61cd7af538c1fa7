"""A rollout that is under way holds its channel at its bundle."""

from dataclasses import replace

from ecrin.base.clock import Instant
from ecrin.base.events import Events
from ecrin.base.origin import Origin
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.channels.model import Channel
from ecrin.updates.rollout import rules, store


class RolloutHold:
    """What channels ask before they are pointed elsewhere (`channels.ports.Hold`)."""

    def __init__(self, events: Events[Tx]) -> None:
        self._events = events

    async def release(
        self, tx: Tx, app: App, channel: Channel, to: str | None, by: Origin, now: Instant, *, end: bool
    ) -> None:
        """End the rollout of a channel that is to be pointed at `to`; raises `RolloutUnderWay` unless `end` is said."""
        current = await store.under_way(tx, app.id, channel.number)
        if current is None:
            return
        after = replace(rules.giving_way(current, channel.name, to, now, end=end), changed_at=now)
        await store.update(tx, after)
        await self._events.emit(tx, after.event(app.project_id, channel.name), by, now)

"""What channels need from outside: somebody who knows whether a channel may be pointed elsewhere now."""

from typing import Protocol

from ecrin.base.clock import Instant
from ecrin.base.origin import Origin
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.channels.model import Channel


class Hold(Protocol):
    """Holds a channel at its bundle as long as something depends on that: a rollout, of which channels know nothing."""

    async def release(
        self, tx: Tx, app: App, channel: Channel, to: str | None, by: Origin, now: Instant, *, end: bool
    ) -> None:
        """Let the caller's unit point the channel at `to`, ending what holds it if `end` says so; raises otherwise."""
        ...

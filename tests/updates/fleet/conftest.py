"""An instance of this process that answers on a real socket, for the devices of a fleet."""

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecrin.base.origin import SYSTEM
from ecrin.testing.fleet.wire import Address
from ecrin.web.listener import Listener, bind_local, bind_tcp
from harness import Instance, Opener
from updates.line import Line, line, publish


@dataclass(frozen=True)
class Site:
    """An instance that answers at an address, with an app."""

    instance: Instance
    address: Address
    app: Line

    async def ship(self, version: str) -> None:
        """Publish a version and give it to every device."""
        await publish(self.instance, self.app.id, version)
        await self.point(version)

    async def point(self, version: str) -> None:
        """Let the channel name a version that is there."""
        await self.instance.app.updates.channels.point(self.app.id, "production", version, SYSTEM)

    async def roll_out(self, version: str, share: float, **halt: object) -> None:
        """Publish a version and give it to a share (0 to 1) of the devices."""
        await publish(self.instance, self.app.id, version)
        body = {"version": version, "share_percent": share * 100, "halt": halt}
        await self.rollout("", body)

    async def rollout(self, verb: str, body: dict[str, object]) -> None:
        """Move the rollout by a verb."""
        path = f"{self.app.channel}/rollout{verb and ':'}{verb}"
        reply = await self.instance.http.post(path, json=body, headers=self.instance.bearer)
        assert reply.is_success, reply.text

    async def watch(self) -> str:
        """Let a minute go by, in which the rollout is watched; return in which state it is."""
        updates = self.instance.app.updates
        await updates.rollouts.tick(updates.stats.counts)
        found = await updates.rollouts.history(self.app.id, "production")
        return str(found[0].state.value)


@pytest.fixture
def engine() -> str:
    """A fleet is about the protocol; what it stands on has its own tests on each engine."""
    return "sqlite"


@pytest.fixture
async def site(open_instance: Opener, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose devices may follow 1.0.1."""
    with closing(bind_tcp("127.0.0.1", 0)) as tcp, closing(bind_local(tmp_path / "fleet.sock")) as local:
        async with open_instance() as instance:
            listener = Listener(instance.app.web, tcp, local)
            await listener.start()
            app = await line(instance, "1.0.1", stable="1.0.1")
            yield Site(instance, tcp.getsockname()[:2], app)
            await listener.stop()

"""An app with a channel and some bundles, for tests that are about what comes after publishing."""

import secrets
from dataclasses import dataclass

from ecrin.base.origin import SYSTEM
from ecrin.updates.apps.model import App
from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import Bundle
from harness import Instance


@dataclass(frozen=True)
class Line:
    """An app with its channel `production` and the paths of both at the API."""

    app: App

    @property
    def id(self) -> str:
        return self.app.id

    @property
    def path(self) -> str:
        return f"/api/v1/apps/{self.app.id}"

    @property
    def channel(self) -> str:
        return f"{self.path}/channels/production"


async def line(instance: Instance, *versions: str, stable: str | None = None) -> Line:
    """Return a new app of the instance's project with these bundles, its channel at `stable`."""
    updates = instance.app.updates
    name = f"com.example.a{secrets.token_hex(6)}"
    app = await updates.apps.create(instance.project.id, name, "", SYSTEM)
    await publish(instance, name, *versions)
    await updates.channels.create(name, "production", SYSTEM, {"public": True}, stable)
    return Line(app)


async def publish(instance: Instance, app_id: str, *versions: str) -> None:
    """Write bundles that need no objects."""
    now = instance.clock.now()

    async def unit(tx: object) -> None:
        for version in versions:
            url = f"https://cdn.example.com/{version}.zip"
            bundle = Bundle(app_id, 0, version, "0" * 64, "test", now, external_url=url)
            await bundles.insert(tx, bundle)  # type: ignore[arg-type]

    await instance.app.base.database.write(unit)
    await instance.app.updates.catalog.refresh(app_id)

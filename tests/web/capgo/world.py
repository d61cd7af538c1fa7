"""An app with bundles as publishers leave it, and devices as the real plugins describe themselves (sheet §1, §2)."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Any

import httpx

from ecrin.base.origin import SYSTEM
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import Bundle, File
from harness import Instance

DEVICE = "0a1b2c3d-0000-4000-8000-00000000002a"
ZIP = "a" * 64
ORIGIN = "http://127.0.0.1:9099"

# What the clients of the sheet send: platform, plugin, and members that one has and another has not.
CLIENTS: dict[str, dict[str, Any]] = {
    "android 5.10": {"platform": "android", "plugin_version": "5.10.0"},
    "android 6.25": {"platform": "android", "plugin_version": "6.25.0"},
    "ios 7.0.35": {"platform": "ios", "plugin_version": "7.0.35", "device_id": DEVICE.upper()},
    "ios 8.51": {"platform": "ios", "plugin_version": "8.51.23", "install_source": "app_store"},
    "android 8.51": {"platform": "android", "plugin_version": "8.51.23", "install_source": "com.android.vending"},
    "electron": {"platform": "electron", "plugin_version": "0.0.1", "custom_id": None, "version_name": "1.0.0"},
}


def digest(text: str) -> str:
    """The name of an object that holds a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class World:
    """An instance with one app."""

    instance: Instance
    app: App

    @property
    def http(self) -> httpx.AsyncClient:
        return self.instance.http

    def info(self, client: str = "android 8.51", **changes: Any) -> dict[str, Any]:
        """The body that a client sends; a change to `...` leaves a member out."""
        body = {
            "platform": "android",
            "device_id": DEVICE,
            "app_id": self.app.id,
            "custom_id": "",
            "version_build": "1.0.0",
            "version_code": "1",
            "version_os": "14",
            "version_name": "builtin",
            "plugin_version": "8.51.23",
            "is_emulator": False,
            "is_prod": True,
            "defaultChannel": "",
            **CLIENTS[client],
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    async def check(self, client: str = "android 8.51", **changes: Any) -> httpx.Response:
        """POST /updates."""
        return await self.http.post("/updates", json=self.info(client, **changes))

    async def bundle(self, version: str, **changes: Any) -> Bundle:
        """Publish a bundle, as its rows; it is a zip unless something else is said."""
        plain = Bundle(self.app.id, 0, version, ZIP, "test", self.instance.clock.now(), zip=ZIP, zip_size=5)
        made = replace(plain, **changes)

        async def unit(tx: Tx) -> Bundle:
            return await bundles.insert(tx, made)

        made = await self.instance.app.base.database.write(unit)
        await self.instance.app.updates.catalog.refresh(self.app.id)
        return made

    async def channel(self, name: str, version: str | None = None, **settings: Any) -> None:
        """Make a channel."""
        await self.instance.app.updates.channels.create(self.app.id, name, SYSTEM, settings, version)

    async def change(self, name: str = "production", **settings: Any) -> None:
        """Change settings of a channel."""
        await self.instance.app.updates.channels.update(self.app.id, name, SYSTEM, settings)

    async def point(self, version: str | None, name: str = "production") -> None:
        """Point a channel at a version."""
        await self.instance.app.updates.channels.point(self.app.id, name, version, SYSTEM)

    async def put(self, channel: str, device: str = DEVICE) -> None:
        """Put a device on a channel as an operator does."""
        await self.instance.app.updates.devices.put(self.app.id, device, channel, SYSTEM)

    def url(self, name: str) -> str:
        """Where an object is read."""
        return f"{ORIGIN}/files/{self.app.id}/{name}"


async def new_world(instance: Instance) -> World:
    """An app of its own in the instance, with the public channel `production` at nothing."""
    updates = instance.app.updates
    app_id = f"com.example.n{secrets.token_hex(8)}"

    async def first(tx: Tx, app: App) -> None:
        await updates.channels.first_in(tx, app, SYSTEM)

    return World(instance, await updates.apps.create(instance.project.id, app_id, "Notes", SYSTEM, within=first))


def files(*texts: str, brotli: bool = False) -> tuple[File, ...]:
    """A manifest of files with these contents."""
    ending = ".br" if brotli else ""
    return tuple(File(f"f{i}.js{ending}", digest(t), digest(t + ending), len(t)) for i, t in enumerate(texts))

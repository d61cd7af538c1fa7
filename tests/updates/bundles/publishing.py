"""An app, and somebody who publishes to it through the services."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli

from ecrin.base.origin import Origin
from ecrin.updates.bundles.model import Bundle, File, NewBundle
from ecrin.updates.bundles.service import BundleService
from ecrin.updates.bundles.sweep import Sweep
from harness import Instance
from updates.bundles.zips import packed

BY = Origin("operator:test", "198.51.100.7", "request")
SESSION_KEY = f"{base64.b64encode(bytes(16)).decode()}:{base64.b64encode(bytes(256)).decode()}"
SEALED = "ab" * 256


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@dataclass(frozen=True)
class Publisher:
    """An app of an instance, by its services."""

    instance: Instance
    id: str

    @property
    def bundles(self) -> BundleService:
        return self.instance.app.updates.bundles

    @property
    def sweep(self) -> Sweep:
        return self.instance.app.updates.sweep

    async def add(self, data: bytes) -> str:
        await self.bundles.add_object(self.id, sha(data), len(data), pieces(data))
        return sha(data)

    async def zip(self, text: str = "hello") -> str:
        return await self.add(packed({"index.html": text.encode()}))

    async def manifest(self, **files: bytes) -> tuple[File, ...]:
        named = {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
        return tuple([File(name, sha(data), await self.add(data), len(data)) for name, data in named.items()])

    async def compressed(self, name: str, data: bytes) -> File:
        """An entry as it is stored as brotli."""
        stored = brotli.compress(data, quality=5)
        return File(f"{name}.br", sha(data), await self.add(stored), len(stored))

    async def publish(self, version: str = "1.0.0", text: str = "hello", **more: Any) -> Bundle:
        name = await self.zip(text)
        return await self.bundles.publish(self.id, NewBundle(version, name, name, **more), BY)

    async def versions(self) -> list[str]:
        return [bundle.version for bundle in await self.bundles.page(self.id)]

    async def has(self, name: str) -> bool:
        return await self.instance.app.updates.objects.size(self.id, name) is not None

    async def knows(self, name: str) -> bool:
        return await self.bundles.missing(self.id, [name]) == []

    def files(self) -> list[Path]:
        folder = self.instance.app.base.settings.objects_folder
        return [path for path in folder.rglob("*") if path.is_file() and self.id in path.parts]


async def new_app(instance: Instance) -> Publisher:
    name = f"com.example.a{secrets.token_hex(6)}"
    updates = instance.app.updates
    await updates.apps.create(
        instance.project.id, name, "", BY, within=lambda tx, a: updates.channels.first_in(tx, a, BY)
    )
    return Publisher(instance, name)

"""Looks into a bundle that can be read, before it is one: what a device would refuse is refused here (attack A59).

It is done when a bundle is completed: until then nothing says which objects are brotli, or of which files.
"""

import asyncio
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from ecrin.errors import NotFound
from ecrin.storage.objects.port import ObjectStore
from ecrin.updates.bundles import archive, entries
from ecrin.updates.bundles.model import File, NewBundle
from ecrin.updates.errors import ObjectsMissing

AT_ONCE = 2  # bundles
T = TypeVar("T")


class Inspector:
    """Reads the archive and the files of bundles that are not sealed, each in a thread; few bundles at once."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def inspect(self, app_id: str, new: NewBundle) -> None:
        """Raise `InvalidBundle` for a bundle that a device would refuse, `ObjectsMissing` for objects that are gone."""
        async with self._turns:
            if new.zip is not None:
                contents = await self._reading(app_id, new.zip, archive.check)
                if new.manifest:
                    entries.check_same(new.manifest, contents)
            await self._check_files(app_id, new.manifest)

    async def _check_files(self, app_id: str, manifest: tuple[File, ...]) -> None:
        left = entries.room(manifest)
        for name, named in entries.compressed(manifest).items():

            def check(file: BinaryIO, named: list[File] = named, left: int = left) -> int:
                return entries.check(file, named, left)

            left -= await self._reading(app_id, name, check)

    async def _reading(self, app_id: str, name: str, check: Callable[[BinaryIO], T]) -> T:
        try:
            async with self._objects.opened(app_id, name) as file:
                return await asyncio.to_thread(check, file)
        except NotFound:
            raise ObjectsMissing from None

"""Who may touch an app's objects: uploads side by side, or one sweep alone.

Without it a sweep could remove a file between an upload that found it there and the row that says so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class AppLocks:
    """Counts the uploads of each app. A sweep does not wait: it leaves an app alone that is being uploaded to."""

    def __init__(self) -> None:
        self._adding: dict[str, int] = {}
        self._swept: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def adding(self, app_id: str) -> AsyncIterator[None]:
        """Hold an app open for an upload; waits while a sweep has it."""
        while app_id in self._swept:
            await self._swept[app_id].wait()
        self._adding[app_id] = self._adding.get(app_id, 0) + 1
        try:
            yield
        finally:
            self._adding[app_id] -= 1
            if not self._adding[app_id]:
                del self._adding[app_id]

    @asynccontextmanager
    async def sweeping(self, app_id: str) -> AsyncIterator[bool]:
        """Hold an app for a sweep; yields False, holding nothing, while something is being uploaded to it."""
        if app_id in self._adding or app_id in self._swept:
            yield False
            return
        over = self._swept[app_id] = asyncio.Event()
        try:
            yield True
        finally:
            del self._swept[app_id]
            over.set()

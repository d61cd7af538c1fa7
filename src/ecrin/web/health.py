"""What machines ask first: is it there, is it ready."""

from ecrin.errors import EcrinError
from ecrin.storage.sql.port import Database, Tx
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route


class HealthEndpoints:
    """`/healthz` answers while the process does, `/readyz` while storage does, `/` as the emulator's pollers expect."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/healthz", OPEN, self.alive),
            Route("GET", "/readyz", OPEN, self.ready),
            Route("GET", "/", OPEN, self.root),
        ]

    async def alive(self, call: Call) -> Reply:
        """Say that the process answers."""
        return json_reply({"status": "ok"})

    async def ready(self, call: Call) -> Reply:
        """Say whether storage answers."""

        async def unit(tx: Tx) -> None:
            await tx.one("SELECT 1 AS one")

        try:
            await self._database.read(unit)
        except EcrinError as error:
            return json_reply({"status": "unavailable", "code": error.code}, 503)
        return json_reply({"status": "ok"})

    async def root(self, call: Call) -> Reply:
        """Say what this is, in the shape that tools of the emulator poll for."""
        return json_reply({"authEmulator": {"ready": True, "docs": "/", "apiSpec": "/"}, "ecrin": {"ready": True}})

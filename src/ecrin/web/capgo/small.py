"""`/ok` and `/latency`: what clients ask to see whether and how fast somebody answers (protocol sheet §1)."""

from ecrin.storage.sql.port import Database, Tx
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route


class SmallEndpoints:
    """Signs of life."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("GET", "/ok", OPEN, self.alive), Route("GET", "/latency", OPEN, self.latency)]

    async def alive(self, call: Call) -> Reply:
        """Say that the process answers."""
        return json_reply({"status": "ok"})

    async def latency(self, call: Call) -> Reply:
        """Say that storage answers."""

        async def unit(tx: Tx) -> None:
            await tx.one("SELECT 1 AS one")

        await self._database.glance(unit)
        return json_reply({"status": "ok"})

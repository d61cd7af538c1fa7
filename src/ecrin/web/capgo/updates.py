"""`/updates`: whether a device should install something (protocol sheet §2). No query is made."""

from typing import Protocol

from ecrin.base.clock import Instant
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.model import Answer, Ask, Offer, Refusal, Reset
from ecrin.updates.resolution.rules import decide
from ecrin.web.capgo.asking import UNKNOWN_APP, identity, question
from ecrin.web.capgo.messages import Info
from ecrin.web.capgo.offers import RESET, Offers
from ecrin.web.capgo.problem import soft
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route


class Watch(Protocol):
    """Told of what devices of an app are answered; it must not take long, for nobody waits for it but the device."""

    def answered(self, info: Info, ask: Ask, answer: Answer, now: Instant) -> None:
        """Hear of a question and its answer."""

    def refused(self, info: Info, app_id: str, refusal: Refusal, now: Instant) -> None:
        """Hear of a device that asked for nothing which could be answered."""


class UpdateEndpoints:
    """The check that every client makes again and again."""

    def __init__(self, catalog: Catalog, offers: Offers, watch: Watch) -> None:
        self._catalog = catalog
        self._offers = offers
        self._watch = watch

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/updates", OPEN, self.check, Info),
            Route("GET", "/updates", OPEN, self.status),
        ]

    async def status(self, call: Call) -> Reply:
        """Say that updates are served."""
        return json_reply({"status": "ok"})

    async def check(self, call: Call) -> Reply:
        """Answer a device."""
        app_id, device_id = identity(call.body)
        view = self._catalog.view(app_id)
        if view is None:
            return soft(UNKNOWN_APP)
        ask = question(call.body, app_id, device_id)
        if not isinstance(ask, Ask):
            self._watch.refused(call.body, app_id, ask, call.now)
            return soft(ask)
        answer = decide(ask, view, call.now)
        self._watch.answered(call.body, ask, answer, call.now)
        if isinstance(answer, Offer):
            return self._offers.reply(answer, ask, view, compressed=_takes_gzip(call))
        return RESET if isinstance(answer, Reset) else soft(answer)


def _takes_gzip(call: Call) -> bool:
    """Return whether a client says that it reads gzip; one that gives it little weight gets the plain answer."""
    accepted = call.headers.get(b"accept-encoding", b"")
    return b"gzip" in accepted and b"gzip;q=0" not in accepted.replace(b" ", b"")

"""`/updates`: whether a device should install something (protocol sheet §2). No query is made."""

from collections.abc import Callable

from ecrin.base.clock import Instant
from ecrin.updates.resolution.catalog import Catalog
from ecrin.updates.resolution.model import Answer, Ask, Offer, Reset
from ecrin.updates.resolution.rules import decide
from ecrin.web.capgo.asking import UNKNOWN_APP, identity, question
from ecrin.web.capgo.messages import Info
from ecrin.web.capgo.offers import RESET, Offers
from ecrin.web.capgo.problem import soft
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route

# Told of each question that was answered; it must not take long, for nobody waits for it but the device.
Watch = Callable[[Info, Ask, Answer, Instant], None]


def unwatched(info: Info, ask: Ask, answer: Answer, now: Instant) -> None:
    """Tell nobody."""


class UpdateEndpoints:
    """The check that every client makes again and again."""

    def __init__(self, catalog: Catalog, offers: Offers, watch: Watch = unwatched) -> None:
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
            return soft(ask)
        answer = decide(ask, view, call.now)
        self._watch(call.body, ask, answer, call.now)
        if isinstance(answer, Offer):
            return self._offers.reply(answer, ask, view, compressed=_takes_gzip(call))
        return RESET if isinstance(answer, Reset) else soft(answer)


def _takes_gzip(call: Call) -> bool:
    """Return whether a client says that it reads gzip; one that gives it little weight gets the plain answer."""
    accepted = call.headers.get(b"accept-encoding", b"")
    return b"gzip" in accepted and b"gzip;q=0" not in accepted.replace(b" ", b"")

"""GET /events?project=ID or ?app=ID: a stream for whoever may read the project or the app."""

from collections.abc import Callable

from ecrin.errors import InvalidRequest
from ecrin.governance.callers import Scope, Verb
from ecrin.updates.errors import AppNotFound
from ecrin.web.events.feed import Feed
from ecrin.web.http import Call, Reply
from ecrin.web.routing import Access, Need, Route

EVENT_STREAM = b"text/event-stream; charset=utf-8"
_ANY = Access(Need.CREDENTIAL_OF_BODY, Verb.READ)


class EventEndpoints:
    """The live view; `locate` tells the project of an app."""

    def __init__(self, feed: Feed, locate: Callable[[str], str | None]) -> None:
        self._feed = feed
        self._locate = locate

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("GET", "/events", _ANY, self.listen)]

    async def listen(self, call: Call) -> Reply:
        """Tell what happens from now on."""
        project, app = self._place(call)
        stream = self._feed.stream(project, app)
        # A proxy that collects a reply before it passes it on would hold the events back.
        return Reply(200, content_type=EVENT_STREAM, headers=((b"x-accel-buffering", b"no"),), stream=stream)

    def _place(self, call: Call) -> tuple[str, str | None]:
        """Return the project and app that are looked at; what the caller may not read is not there."""
        app, project = call.query.get("app"), call.query.get("project")
        if app:
            home = self._locate(app)
            if home is None or not call.caller.may(Scope(home, Verb.READ, app)):
                raise AppNotFound
            return home, app
        if not project:
            raise InvalidRequest("Name a project or an app.", hint="GET /events?app=com.example.notes")
        call.caller.require(Scope(project, Verb.READ))
        return project, None

"""GET /events?project=ID or ?app=ID: a stream for whoever may read the project or the app."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from ecrin.errors import InvalidRequest
from ecrin.governance.callers import Scope, Verb
from ecrin.updates.errors import AppNotFound
from ecrin.web.events.feed import Feed
from ecrin.web.http import Call, Reply
from ecrin.web.routing import Access, Need, Route

EVENT_STREAM = b"text/event-stream; charset=utf-8"
_ANY = Access(Need.CREDENTIAL_OF_BODY, Verb.READ)


class EventEndpoints:
    """The live view; `locate` tells the project of an app, `holds` whether a caller's credential is good still."""

    def __init__(
        self, feed: Feed, locate: Callable[[str], str | None], holds: Callable[[Call], Awaitable[bool]]
    ) -> None:
        self._feed = feed
        self._locate = locate
        self._holds = holds

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("GET", "/events", _ANY, self.listen)]

    async def listen(self, call: Call) -> Reply:
        """Tell what happens from now on."""
        project, app = self._place(call)
        stream = self._while_it_holds(self._feed.stream(project, app), call)
        # A proxy that collects a reply before it passes it on would hold the events back.
        return Reply(200, content_type=EVENT_STREAM, headers=((b"x-accel-buffering", b"no"),), stream=stream)

    async def _while_it_holds(self, parts: AsyncGenerator[bytes, None], call: Call) -> AsyncGenerator[bytes, None]:
        """Pass on what is told until the credential is revoked or over, which a stream may outlive."""
        async with aclosing(parts):
            yield await anext(parts)  # it was good just now, and this says nothing of anybody
            async for part in parts:
                if not await self._holds(call):
                    return
                yield part

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

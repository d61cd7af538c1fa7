"""The operators' live view: committed events and sums of reports, for whoever may read them, until the server stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ecrin.base.clock import MINUTE
from ecrin.base.events import SessionStarted
from ecrin.base.origin import SYSTEM
from ecrin.errors import StorageUnavailable
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope, Verb
from ecrin.storage.sql.port import Tx
from ecrin.web.events.feed import WAITING, Feed, Listener
from harness import Instance
from web.capgo.world import World, new_world
from web.wire import another, token_with

Message = tuple[str, dict[str, Any]]


class Stream:
    """What a client of the stream has got so far."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.raw = b""
        self.over = False
        self.gone = asyncio.Event()
        self.moved = asyncio.Event()

    @property
    def messages(self) -> list[Message]:
        found = []
        for block in self.raw.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.moved.clear()
                await self.moved.wait()

    async def receive(self) -> dict[str, Any]:
        if not self.moved.is_set():
            self.moved.set()
            return {"type": "http.request", "body": b""}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.raw += message["body"]
            self.over = not message.get("more_body", False)
        self.moved.set()


@asynccontextmanager
async def listening(instance: Instance, query: str, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """A client of /events, which has had its first bytes."""
    stream = Stream()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/events",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("198.51.100.7", 50000),
    }
    task = asyncio.create_task(instance.app.web(scope, stream.receive, stream.send))
    try:
        await stream.until(lambda: b"retry" in stream.raw or stream.over)
        await asyncio.sleep(0)
        yield stream
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def app(serve: Instance) -> World:
    world = await new_world(serve)
    await world.bundle("1.2.0")
    serve.clock.tick(MINUTE)  # all of that was before
    return world


@pytest.fixture
def feed(app: World) -> Feed:
    return app.instance.app.updates.feed


def about(world: World) -> str:
    return f"app={world.app.id}"


async def ping(world: World, times: int = 1) -> None:
    event = world.info(action="ping", version_name="1.2.0")
    assert (await world.http.post("/stats", json=[event] * times)).status_code == 200


async def test_reports_of_devices_are_told_as_sums(app: World, feed: Feed) -> None:
    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        assert (stream.status, stream.headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
        await ping(app, 3)
        await ping(app)
        await feed.once()
        await stream.until(lambda: stream.messages)
        [(name, data)] = stream.messages
    told = {"action": "ping", "version": "1.2.0", "platform": "android", "count": 4}
    assert (name, data["app_id"], data["counts"]) == ("stats", app.app.id, [told])


async def test_what_happens_to_an_app_is_told_once(app: World, feed: Feed) -> None:
    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        await app.channel("beta", "1.2.0")
        await feed.once()
        await feed.once()
        await stream.until(lambda: stream.messages)
    assert [name for name, _ in stream.messages] == ["channel.created"]
    assert stream.messages[0][1]["channel"] == "beta"


async def test_what_happened_before_is_not_told(app: World, feed: Feed) -> None:
    await app.channel("beta", "1.2.0")
    app.instance.clock.tick(1)
    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        await feed.once()
        await ping(app)
        await feed.once()
        await stream.until(lambda: stream.messages)
    assert [name for name, _ in stream.messages] == ["stats"]


async def test_a_project_shows_all_of_its_apps_and_no_others(app: World, feed: Feed) -> None:
    sibling = await new_world(app.instance)
    stranger = await new_world(await another(app.instance))
    app.instance.clock.tick(MINUTE)
    async with listening(app.instance, f"project={app.instance.project.id}", app.instance.bearer) as stream:
        for world in (stranger, app, sibling):
            await world.channel("beta")
        await feed.once()
        await stream.until(lambda: len(stream.messages) == 2)
    assert {data["app_id"] for _, data in stream.messages} == {app.app.id, sibling.app.id}


async def test_reports_of_another_project_are_not_told(app: World, feed: Feed) -> None:
    stranger = await new_world(await another(app.instance))
    await stranger.bundle("1.2.0")
    app.instance.clock.tick(MINUTE)
    async with listening(app.instance, f"project={app.instance.project.id}", app.instance.bearer) as stream:
        await ping(stranger)
        await ping(app)
        await feed.once()
        await stream.until(lambda: stream.messages)
    assert [data["app_id"] for _, data in stream.messages] == [app.app.id]


async def test_a_token_of_the_app_may_listen_to_it(app: World) -> None:
    headers = await token_with(app.instance, f"{app.instance.project.id}/{app.app.id}:read")
    async with listening(app.instance, about(app), headers) as stream:
        assert stream.status == 200


@pytest.mark.parametrize(
    ("query", "scope", "status"),
    [
        ("", "{project}:read", 400),
        ("app={app}", "", 401),
        ("app={app}", "{other}:all", 404),
        ("app=com.example.nowhere", "{project}:all", 404),
        ("project={project}", "{other}:all", 403),
        ("project={project}", "{project}/{app}:all", 403),
        ("project={project}", "", 401),
    ],
)
async def test_nobody_else_may_listen(app: World, query: str, scope: str, status: int) -> None:
    names = {"project": app.instance.project.id, "app": app.app.id}
    names["other"] = (await another(app.instance)).project.id
    headers = await token_with(app.instance, scope.format(**names)) if scope else {}
    reply = await app.http.get(f"/events?{query.format(**names)}", headers=headers)
    assert reply.status_code == status


async def test_the_stream_ends_when_the_server_stops(app: World) -> None:
    feed = Feed(app.instance.app.base.database, app.instance.clock, lambda _: None)
    stop = asyncio.Event()
    parts = feed.stream(app.instance.project.id, None)
    assert await anext(parts) == b"retry: 3000\n\n"
    work = asyncio.create_task(feed.run(stop))
    waiting = asyncio.create_task(anext(parts, b"the end"))
    await asyncio.sleep(0)
    stop.set()
    assert await waiting == b"the end"
    await work


async def test_a_listener_that_left_is_forgotten(app: World) -> None:
    feed = Feed(app.instance.app.base.database, app.instance.clock, lambda _: None)
    parts = feed.stream(app.instance.project.id, None)
    await anext(parts)
    waiting = asyncio.create_task(anext(parts, b""))
    await asyncio.sleep(0)
    assert len(feed._listeners) == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    await parts.aclose()
    assert feed._listeners == set()


async def test_a_slow_listener_misses_messages_and_is_told_so() -> None:
    listener = Listener("p", None, 0)
    for number in range(WAITING + 7):
        listener.tell("com.example.a", "stats", {"n": number})
    first = await listener.next()
    assert first is not None
    assert b'"n":0' in first
    assert b'event: missed\ndata: {"messages":7}' in first


async def test_a_listener_that_reads_nothing_can_still_be_let_go() -> None:
    listener = Listener("p", None, 0)
    for number in range(WAITING + 7):
        listener.tell("com.example.a", "stats", {"n": number})
    listener.end()
    got = [await listener.next() for _ in range(WAITING + 1)]
    assert got[-1] is None


async def test_who_was_let_in_by_a_token_hears_nothing_once_that_is_revoked(app: World, feed: Feed) -> None:
    headers = await token_with(app.instance, f"{app.instance.project.id}/{app.app.id}:read")
    async with listening(app.instance, about(app), headers) as stream:
        tokens = app.instance.app.governance.tokens
        [token] = [t for t in await tokens.all(LOCAL) if any(scope.app == app.app.id for scope in t.scopes)]
        await tokens.revoke(token.id, LOCAL, SYSTEM)
        await app.channel("beta", "1.2.0")
        await feed.once()
        await stream.until(lambda: stream.over)
    assert stream.messages == []


async def test_who_was_let_in_by_a_token_hears_nothing_once_that_is_over(app: World, feed: Feed) -> None:
    scopes = (Scope(app.instance.project.id, Verb.READ, app.app.id),)
    tokens = app.instance.app.governance.tokens
    _, token = await tokens.create(TokenKind.CI, "", scopes, MINUTE, LOCAL, SYSTEM)
    async with listening(app.instance, about(app), {"authorization": f"Bearer {token.reveal()}"}) as stream:
        app.instance.clock.tick(MINUTE)
        await app.channel("beta", "1.2.0")
        await feed.once()
        await stream.until(lambda: stream.over)
    assert stream.messages == []


class Away:
    """A database that cannot be read for a while."""

    async def scan(self, unit: Any) -> Any:
        raise StorageUnavailable


async def test_what_could_not_be_read_for_a_while_is_told_later(app: World, feed: Feed) -> None:
    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        await app.channel("beta", "1.2.0")
        database, feed._database = feed._database, Away()  # type: ignore[assignment]
        for _ in range(2):
            app.instance.clock.tick(MINUTE)
            with pytest.raises(StorageUnavailable):
                await feed.once()
        feed._database = database
        await feed.once()
        await stream.until(lambda: stream.messages)
    assert [name for name, _ in stream.messages] == ["channel.created"]


async def test_many_sign_ins_drown_nothing(app: World, feed: Feed) -> None:
    base, project = app.instance.app.base, app.instance.project.id

    async def sign_ins(tx: Tx) -> None:
        for number in range(600):
            event = SessionStarted(project, f"user{number}", "session", "password")
            await base.events.emit(tx, event, SYSTEM, base.clock.now())

    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        await base.database.write(sign_ins)
        app.instance.clock.tick(1)
        await app.channel("beta", "1.2.0")
        await feed.once()
        await ping(app)
        await feed.once()
        await stream.until(lambda: stream.messages and stream.messages[-1][0] == "stats")
    assert [name for name, _ in stream.messages] == ["channel.created", "stats"]


async def test_a_bad_rollout_is_halted_by_reports_and_told(app: World, feed: Feed) -> None:
    updates = app.instance.app.updates
    await app.bundle("1.3.0")
    await app.point("1.2.0")
    await updates.rollouts.start(app.app.id, "production", "1.3.0", SYSTEM, share_bps=5000)
    for number in range(60):
        who = {"device_id": f"0a1b2c3d-0000-4000-8000-{number:012x}", "version_name": "1.3.0"}
        events = [app.info(action="set", **who), app.info(action="app_crash", **who)]
        await app.http.post("/stats", json=events[: 1 + number % 2])
    app.instance.clock.tick(MINUTE)
    async with listening(app.instance, about(app), app.instance.bearer) as stream:
        await updates.rollouts.tick(updates.stats.counts)
        await feed.once()
        await stream.until(lambda: any(name == "rollout.changed" for name, _ in stream.messages))
    [told] = [data for name, data in stream.messages if name == "rollout.changed"]
    assert (told["state"], told["version"]) == ("paused", "1.3.0")

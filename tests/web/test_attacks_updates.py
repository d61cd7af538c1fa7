"""Attacks on the planes of updates: A34, A35, A36, A39, and the flaws that Capgo mended in June 2026, by number.

What was wrong there stands at each test; the flaws whose surface is not here (webhooks, organisations) are not.
"""

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ecrin.base.clock import DAY
from ecrin.base.encoding import b64url
from ecrin.base.origin import SYSTEM
from ecrin.web.routing import Need, Route
from harness import Instance
from updates.line import Line, line
from web.wire import another, at_project, bearer, token_with

TOKENS = "/api/v1/tokens"
VERBS = ("read", "upload", "write", "all")
DEVICE = "00000000-0000-4000-8000-00000000000a"


@dataclass(frozen=True)
class World:
    """Two apps in two projects, as the first project's operators see them."""

    own: Line
    foreign: Line
    headers: dict[str, str]


@pytest.fixture
async def world(strict: Instance) -> World:
    foreign = await line(await another(strict), "1.0.0", stable="1.0.0")
    own = await line(strict, "1.0.0", "1.1.0", stable="1.0.0")
    return World(own, foreign, await token_with(strict, f"{strict.project.id}:all"))


def told(reply: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Everything that a caller is told, apart from the number of the request."""
    return reply.status_code, {n: v for n, v in reply.headers.items() if n != "x-request-id"}, reply.content


async def ask(instance: Instance, route: Route, headers: dict[str, str], **places: str) -> httpx.Response:
    path = re.sub(r"\{(\w+)\}", lambda place: places.get(place[1], "x"), route.path)
    json = {} if route.body is not None else None
    return await instance.http.request(route.method, path, headers=headers, json=json)


def about_apps(instance: Instance) -> list[Route]:
    return [route for route in instance.app.web.table.routes if route.access.need is Need.APP]


# --- A34: nobody learns what others have


async def test_a34_somebody_elses_app_and_one_that_is_not_there_are_told_alike(strict: Instance, world: World) -> None:
    """56323: an app of somebody else was told from none by its error."""
    routes = about_apps(strict)
    for route in routes:
        foreign = await ask(strict, route, world.headers, app=world.foreign.id, channel="production")
        nothing = await ask(strict, route, world.headers, app="com.example.nothing", channel="production")
        assert told(foreign) == told(nothing), (route.method, route.path)
        assert (nothing.status_code, nothing.json()["code"]) == (404, "APP_NOT_FOUND")
    assert len(routes) > 25


@pytest.mark.parametrize("headers", [{}, bearer("owner"), {"authorization": "Basic eDp5"}])
async def test_a34_who_proves_nothing_is_told_nothing_of_any_app(
    strict: Instance, world: World, headers: dict[str, str]
) -> None:
    for route in about_apps(strict):
        seen = [await ask(strict, route, headers, app=app) for app in (world.own.id, world.foreign.id, "com.no.app")]
        assert {told(reply)[0] for reply in seen} == {401}
        assert len({reply.content for reply in seen}) == 1


async def test_a34_a_web_api_key_is_told_nothing_of_any_app(strict: Instance, world: World) -> None:
    key = {"x-goog-api-key": strict.project.api_keys[0]}
    for route in about_apps(strict):
        seen = [await ask(strict, route, key, app=app) for app in (world.own.id, "com.no.app")]
        assert told(seen[0]) == told(seen[1])
        assert seen[0].status_code == 403


async def test_a34_a_channel_beyond_a_scope_and_one_that_is_not_there_are_told_alike(
    strict: Instance, world: World
) -> None:
    """56319: likewise for channels."""
    headers = await token_with(strict, f"{strict.project.id}/{world.own.id}/beta:all")
    for route in about_apps(strict):
        if "{channel}" in route.path:
            beyond = await ask(strict, route, headers, app=world.own.id, channel="production")
            nothing = await ask(strict, route, headers, app=world.own.id, channel="nothing")
            assert told(beyond) == told(nothing), (route.method, route.path)
            assert (nothing.status_code, nothing.json()["code"]) == (404, "CHANNEL_NOT_FOUND")


async def test_a34_a_device_is_told_of_a_private_channel_as_of_none(strict: Instance, world: World) -> None:
    await strict.app.updates.channels.create(world.own.id, "secret", SYSTEM, version="1.1.0")
    seen = [await check(strict, world.own.id, defaultChannel=name) for name in ("secret", "nothing")]
    assert told(seen[0]) == told(seen[1])


async def test_a34_events_of_somebody_elses_app_and_of_none_are_told_alike(strict: Instance, world: World) -> None:
    seen = [
        await strict.http.get("/events", params={"app": app}, headers=world.headers)
        for app in (world.foreign.id, "com.example.nothing")
    ]
    assert told(seen[0]) == told(seen[1])
    assert seen[0].status_code == 404


async def test_a34_creating_says_that_an_id_is_taken_and_not_by_whom(strict: Instance, world: World) -> None:
    path = f"/api/v1/projects/{strict.project.id}/apps"
    reply = await strict.http.post(path, json={"app_id": world.foreign.id}, headers=world.headers)
    assert (reply.status_code, reply.json()["code"]) == (409, "APP_EXISTS")
    assert world.foreign.app.project_id not in reply.text


async def test_a34_an_app_of_one_s_project_is_never_moved_by_creating_it_in_another(
    strict: Instance, world: World
) -> None:
    """56222: a role reached across organisations by naming an id."""
    path = f"/api/v1/projects/{world.foreign.app.project_id}/apps"
    reply = await strict.http.post(path, json={"app_id": world.own.id}, headers=world.headers)
    assert reply.status_code == 403
    assert strict.app.updates.apps.project_of(world.own.id) == strict.project.id


# --- A35: a child is never more than its parent


async def made(instance: Instance, headers: dict[str, str], *scopes: str, days: int | None = 1) -> httpx.Response:
    body = {"scopes": list(scopes), "expires_in_days": days}
    return await instance.http.post(TOKENS, json=body, headers=headers)


@pytest.mark.parametrize("held", ["{p}/{a}:upload", "{p}/{a}/production:all", "{p}/{a}:read"])
async def test_a35_a_limited_token_makes_no_wider_one(strict: Instance, world: World, held: str) -> None:
    """56216: a key limited to one app minted an unlimited key."""
    places = {"p": strict.project.id, "a": world.own.id}
    parent = held.format(**places)
    headers = await token_with(strict, parent)
    spots = ["*", places["p"], f"{places['p']}/{places['a']}", f"{places['p']}/{places['a']}/production"]
    spots += [f"{places['p']}/{places['a']}/beta", f"{places['p']}/com.example.more", world.foreign.app.project_id]
    spots += [f"{world.foreign.app.project_id}/{places['a']}"]

    place, _, verb = parent.rpartition(":")
    for spot in spots:
        for wanted in VERBS:
            inside = spot == place or spot.startswith(f"{place}/")
            allowed = inside and VERBS.index(wanted) <= VERBS.index(verb)
            reply = await made(strict, headers, f"{spot}:{wanted}")
            assert reply.status_code == (201 if allowed else 403), (parent, spot, wanted)


async def test_a35_one_scope_too_wide_makes_no_token_at_all(strict: Instance, world: World) -> None:
    headers = await token_with(strict, f"{strict.project.id}/{world.own.id}:all")
    before = (await strict.http.get(TOKENS, headers=headers)).json()["tokens"]
    reply = await made(strict, headers, f"{strict.project.id}/{world.own.id}:read", f"{strict.project.id}:read")
    assert reply.status_code == 403
    assert (await strict.http.get(TOKENS, headers=headers)).json()["tokens"] == before


@pytest.mark.parametrize("body", [{"scopes": []}, {}, {"scopes": None}, {"scopes": [""]}, {"scopes": ["*"]}])
async def test_a35_no_scope_never_means_every_scope(strict: Instance, world: World, body: dict[str, Any]) -> None:
    for headers in (strict.bearer, world.headers):
        assert (await strict.http.post(TOKENS, json=body, headers=headers)).status_code == 400


async def test_a35_a_limited_token_sees_and_revokes_only_what_it_could_have_made(
    strict: Instance, world: World
) -> None:
    """56225: an app's key edited keys beyond the app. 56244: a low key read what only a high one may."""
    project, app = strict.project.id, world.own.id
    wide = (await made(strict, strict.bearer, f"{project}:write")).json()
    narrow = (await made(strict, strict.bearer, f"{project}/{app}/production:read")).json()
    headers = await token_with(strict, f"{project}/{app}:write")

    seen = {t["token_id"] for t in (await strict.http.get(TOKENS, headers=headers)).json()["tokens"]}
    assert narrow["token_id"] in seen
    assert wide["token_id"] not in seen
    for token, status in ((wide["token_id"], 404), ("0" * 16, 404), (narrow["token_id"], 204)):
        assert (await strict.http.delete(f"{TOKENS}/{token}", headers=headers)).status_code == status


async def test_a35_a_child_does_not_outlive_its_parent(strict: Instance, world: World) -> None:
    scope = f"{strict.project.id}/{world.own.id}:upload"
    headers = await token_with(strict, scope, lifetime=DAY)
    for days in (None, 365):
        reply = (await made(strict, headers, scope, days=days)).json()
        assert reply["expires_at"] <= strict.clock.now() + DAY


async def test_a35_what_a_token_says_is_shown_once(strict: Instance, world: World) -> None:
    """56079: secrets were readable afterwards."""
    secret = (await made(strict, strict.bearer, f"{strict.project.id}/{world.own.id}:read")).json()["token"]
    assert secret not in (await strict.http.get(TOKENS, headers=strict.bearer)).text


# --- A36: the same credential, the same verdict, on every plane


@pytest.fixture
async def socket(strict: Instance) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(strict.app.web.local_socket, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ecrin") as client:
        yield client


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", ["{p}/{a}", "{p}/{a}/production"])
async def test_a36_a_token_is_worth_the_same_on_the_local_socket(
    strict: Instance, world: World, socket: httpx.AsyncClient, place: str, verb: str
) -> None:
    """What is presented counts, also where presenting nothing would count for everything."""
    scope = place.format(p=strict.project.id, a=world.own.id)
    headers = await token_with(strict, f"{scope}:{verb}")
    calls: list[tuple[str, str, Any]] = [
        ("GET", world.own.path, None),
        ("GET", world.foreign.path, None),
        ("GET", world.own.channel, None),
        ("PATCH", world.own.path, {"name": "x"}),
        ("PATCH", world.own.channel, {"version": "1.1.0"}),
        ("PATCH", world.own.channel, {"ios": True}),
        ("GET", f"{world.own.path}/devices", None),
        ("GET", f"/api/v1/projects/{strict.project.id}", None),
        ("GET", "/api/v1/keys", None),
    ]
    for method, path, body in calls:
        seen = [await client.request(method, path, json=body, headers=headers) for client in (strict.http, socket)]
        assert told(seen[0]) == told(seen[1]), (method, path)


async def test_a36_a_token_of_an_app_opens_nothing_beside_it(strict: Instance, world: World) -> None:
    user = await strict.sign_up()
    headers = await token_with(strict, f"{strict.project.id}/{world.own.id}:all")
    lookup = {"localId": [user["localId"]], "targetProjectId": strict.project.id}
    seen = [
        await strict.http.post(at_project(strict, "/accounts:lookup"), json=lookup, headers=headers),
        await strict.http.get(at_project(strict, "/accounts:batchGet"), headers=headers),
        await strict.http.get(f"/api/v1/projects/{strict.project.id}", headers=headers),
        await strict.http.patch(f"/api/v1/projects/{strict.project.id}", json={"settings": {}}, headers=headers),
        await strict.http.post(f"/api/v1/projects/{strict.project.id}/service-account-keys", headers=headers),
        await strict.http.get("/api/v1/keys", headers=headers),
        await strict.http.get("/events", params={"project": strict.project.id}, headers=headers),
    ]
    assert {reply.status_code for reply in seen} == {403}
    assert user["localId"] not in "".join(reply.text for reply in seen)


async def test_a36_a_revoked_token_is_worth_nothing_on_any_plane(
    strict: Instance, world: World, socket: httpx.AsyncClient
) -> None:
    record = (await made(strict, strict.bearer, f"{strict.project.id}:all")).json()
    await strict.http.delete(f"{TOKENS}/{record['token_id']}", headers=strict.bearer)
    headers = bearer(record["token"])
    for client in (strict.http, socket):
        for route in strict.app.web.table.routes:
            assert (await ask(Seen(client), route, headers)).status_code == 401, route.path  # type: ignore[arg-type]


@dataclass(frozen=True)
class Seen:
    """An instance through a client."""

    http: httpx.AsyncClient


@pytest.mark.parametrize(
    "present",
    [
        lambda token: {"headers": {"x-api-key": token}},
        lambda token: {"headers": {"capgkey": token}},
        lambda token: {"headers": {"authorization": token}},
        lambda token: {"headers": {"authorization": f"Token {token}"}},
        lambda token: {"headers": {"cookie": f"token={token}"}},
        lambda token: {"headers": {"x-goog-api-key": token}},
        lambda token: {"params": {"key": token}},
        lambda token: {"params": {"access_token": token}},
        lambda token: {"params": {"token": token}},
    ],
)
async def test_a36_a_token_is_presented_in_one_way_only(strict: Instance, world: World, present: Any) -> None:
    """56243: a key was accepted in clear on a second plane although the first demanded better."""
    reply = await strict.http.get(world.own.path, **present(strict.operator))
    assert reply.status_code in {400, 401}
    assert strict.operator not in reply.text


async def test_a36_head_is_refused_as_get_is(strict: Instance, world: World) -> None:
    for headers in ({}, await token_with(strict, f"{world.foreign.app.project_id}:all")):
        for path in (world.own.path, world.own.channel, f"{world.own.path}/overrides"):
            seen = [await strict.http.request(method, path, headers=headers) for method in ("GET", "HEAD")]
            assert seen[0].status_code == seen[1].status_code >= 400


async def test_a36_options_does_nothing_and_tells_nothing(strict: Instance, world: World) -> None:
    """56299: the route of OPTIONS skipped the check of the caller."""
    for route in about_apps(strict):
        path = route.path.replace("{app}", world.own.id).replace("{channel}", "production")
        reply = await strict.http.options(re.sub(r"\{\w+\}", "x", path))
        assert reply.status_code == 405
        assert "access-control-allow-origin" not in reply.headers
        assert world.own.id not in reply.text
    assert strict.app.updates.apps.project_of(world.own.id) == strict.project.id


# --- quotas: who proves nothing can grow an app's share and no more


def device(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012x}"


def said(app_id: str, number: int, **more: Any) -> dict[str, Any]:
    """What an old plugin says of itself: its choice of a channel is kept here."""
    about = {"platform": "android", "version_name": "1.0.0", "version_build": "1.0.0", "plugin_version": "7.0.35"}
    return {"app_id": app_id, "device_id": device(number), **about, "is_emulator": False, "is_prod": True, **more}


async def quotas(instance: Instance, app: Line, **settings: int) -> None:
    reply = await instance.http.patch(app.path, json={"settings": settings}, headers=instance.bearer)
    assert reply.status_code == 200


@pytest.mark.parametrize("invented", ["device_id", "custom_id", "channel", "version_os"])
async def test_56324_what_a_client_chooses_for_itself_buys_no_more_events(
    strict: Instance, world: World, invented: str
) -> None:
    """56324: the limit was counted by the device id, of which anybody has as many as he likes."""
    await quotas(strict, world.own, stats_per_minute=20)
    seen = []
    for number in range(25):
        other = {invented: device(number)} if invented != "device_id" else {}
        event = said(world.own.id, number if invented == "device_id" else 0, action="ping", **other)
        seen.append((await strict.http.post("/stats", json=event)).status_code)
    assert seen == [200] * 20 + [429] * 5


async def test_56324_devices_that_are_invented_take_no_update_from_one_that_is_there(
    strict: Instance, world: World
) -> None:
    await quotas(strict, world.own, stats_per_minute=1, max_devices=1, max_self_set=0)
    for number in range(9):
        await strict.http.post("/stats", json=said(world.own.id, number, action="ping"))
        await strict.http.post("/channel_self", json=said(world.own.id, number, channel="production"))
    await strict.app.updates.channels.point(world.own.id, "production", "1.1.0", SYSTEM)
    assert (await check(strict, world.own.id)).json()["version"] == "1.1.0"


async def test_56255_an_app_that_was_just_made_has_every_quota(strict: Instance, world: World) -> None:
    """56255: apps for trying things out had none."""
    path, name = f"/api/v1/projects/{strict.project.id}/apps", f"com.example.demo{uuid.uuid4().hex[:8]}"
    made = (await strict.http.post(path, json={"app_id": name}, headers=strict.bearer)).json()
    for quota in ("stats_per_minute", "max_devices", "max_self_set"):
        assert 0 < made["settings"][quota] <= 1_000_000
        for unlimited in (-1, 10**12, None):
            body = {"settings": {quota: unlimited}}
            reply = await strict.http.patch(f"/api/v1/apps/{name}", json=body, headers=strict.bearer)
            assert reply.status_code == 400


async def test_56255_beyond_its_quotas_an_app_grows_no_more(strict: Instance, world: World) -> None:
    updates, app = strict.app.updates, world.own
    await updates.channels.create(app.id, "beta", SYSTEM, {"allow_device_self_set": True})
    await quotas(strict, app, stats_per_minute=3, max_devices=3, max_self_set=3)
    for number in range(9):
        await strict.http.post("/updates", json=said(app.id, number))
        await strict.http.post("/channel_self", json=said(app.id, number, channel="beta"))
        await strict.http.post("/stats", json=said(app.id, number, action="ping"))
    await updates.stats.devices.flush()
    assert len(await updates.stats.inventory(app.id)) == 3
    assert len(await updates.devices.overrides(app.id)) == 3
    assert sum(count for _, action, _, count in await updates.stats.actions(app.id, 1) if action == "ping") == 3


async def test_56255_who_proves_nothing_makes_no_app(strict: Instance, world: World) -> None:
    before = {app.id for app in strict.app.updates.apps.all()}
    name = f"com.example.demo{uuid.uuid4().hex[:8]}"
    for path in ("/updates", "/stats", "/channel_self"):
        reply = await strict.http.post(path, json=said(name, 1, action="set", channel="production"))
        assert (reply.status_code, reply.json()["error"]) == (200, "on_premise_app")
    assert {app.id for app in strict.app.updates.apps.all()} == before
    await strict.app.updates.stats.devices.flush()
    assert await strict.app.updates.stats.inventory(name) == []


# --- A39: wildcards, statements and forged cursors


async def check(instance: Instance, app_id: str, **more: Any) -> httpx.Response:
    """Ask for an update as a device would."""
    body = {
        "app_id": app_id,
        "device_id": DEVICE,
        "platform": "android",
        "version_name": "builtin",
        "version_build": "1.0.0",
        "version_os": "14",
        "plugin_version": "8.51.0",
        "is_emulator": False,
        "is_prod": True,
        **more,
    }
    return await instance.http.post("/updates", json=body)


async def test_a39_a_wildcard_in_an_id_is_a_letter_like_others(strict: Instance) -> None:
    """56325: LIKE read the `_` and `%` of an app id."""
    updates, suffix = strict.app.updates, uuid.uuid4().hex[:8]
    taken = f"com.example.axb{suffix}"
    await updates.apps.create(strict.project.id, taken, "", SYSTEM)
    for wildcard in (f"com.example.a_b{suffix}", f"com.example.a%b{suffix}", "com.example.%", "%", "_" * len(taken)):
        reply = await strict.http.get(f"/api/v1/apps/{wildcard.replace('%', '%25')}", headers=strict.bearer)
        assert reply.status_code == 404
        device = await check(strict, wildcard)
        assert device.status_code in {200, 400}
        assert "url" not in device.json()
        assert taken not in device.text


async def test_a39_an_underscore_names_its_own_app_alone(strict: Instance) -> None:
    suffix = uuid.uuid4().hex[:8]
    names = [f"com.example.a_b{suffix}", f"com.example.axb{suffix}"]
    for name in names:
        await strict.app.updates.apps.create(strict.project.id, name, name.upper(), SYSTEM)
    shown = [(await strict.http.get(f"/api/v1/apps/{name}", headers=strict.bearer)).json()["name"] for name in names]
    assert shown == [name.upper() for name in names]


STATEMENTS = ["' OR 1=1 --", "x'; DROP TABLE channels; --", '" OR ""="', "1); DELETE FROM apps; --", "%", "_", "\\"]


@pytest.mark.parametrize("text", STATEMENTS)
async def test_a39_statements_are_text(strict: Instance, world: World, text: str) -> None:
    before = (await strict.http.get(f"{world.own.path}/channels", headers=strict.bearer)).json()
    calls = [
        await strict.http.post(f"{world.own.path}/channels", json={"name": text}, headers=strict.bearer),
        await strict.http.patch(world.own.channel, json={"version": text}, headers=strict.bearer),
        await strict.http.post(f"{world.own.channel}/rollout", json={"version": text}, headers=strict.bearer),
        await strict.http.put(
            f"{world.own.path}/devices/{DEVICE}/channel", json={"channel": text}, headers=strict.bearer
        ),
        await strict.http.get(f"{world.own.path}/overrides", params={"cursor": text}, headers=strict.bearer),
    ]
    assert {reply.status_code for reply in calls} <= {400, 404}
    group = f"{world.own.path}/groups/testers"
    kept = await strict.http.put(group, json={"custom_ids": [text]}, headers=strict.bearer)
    assert kept.json()["custom_ids"] == [text]
    assert (await strict.http.get(f"{world.own.path}/channels", headers=strict.bearer)).json() == before


@pytest.mark.parametrize("after", ["", "0", "' OR 1=1 --", "00000000-0000-4000-8000-000000000001", "\u00ff", "~"])
async def test_a39_a_forged_cursor_stays_in_the_app_of_the_path(strict: Instance, world: World, after: str) -> None:
    devices = strict.app.updates.devices
    for app in (world.own, world.foreign):
        await devices.put(app.id, DEVICE, "production", SYSTEM)
        await devices.put(app.id, DEVICE.replace("a", "1"), "production", SYSTEM)
    await devices.put(world.foreign.id, DEVICE.replace("a", "f"), "production", SYSTEM)

    for path in ("overrides", "devices"):
        query = {"cursor": b64url(after.encode()), "limit": "1000"}
        reply = await strict.http.get(f"{world.own.path}/{path}", params=query, headers=world.headers)
        assert reply.status_code == 200
        assert DEVICE.replace("a", "f") not in reply.text


@pytest.mark.parametrize("query", ["sort=name;DROP", "order_by=1", "order=desc", "fields=*", "project=x", "app=x"])
async def test_a39_no_parameter_reaches_a_statement(strict: Instance, world: World, query: str) -> None:
    plain = await strict.http.get(f"{world.own.path}/channels", headers=world.headers)
    asked = await strict.http.get(f"{world.own.path}/channels?{query}", headers=world.headers)
    assert asked.content == plain.content

"""Every route with every caller: what is not allowed by the declared `Access` is refused (attacks A8, A34, A36).

The expectation is written here a second time, from the words of design.md §4 and not from the code.
"""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from auth.sharing import opened, own_project
from ecrin.base.clock import MINUTE
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.governance.callers import LOCAL, Verb
from ecrin.web.identitytoolkit import later
from ecrin.web.identitytoolkit.messages import Request
from ecrin.web.routing import OPEN, Access, Need, Route, RouteTable
from harness import Instance
from web.wire import another, at_project, bearer, token_with


@dataclass(frozen=True)
class Guest:
    """A caller and what it is: the verb that it has at each place, and whether it is known.

    `in_app` and `in_channel` are what it has there by a scope that names them; `elsewhere` what it has in another
    channel of the same app, `nearby` in another app of the project.
    """

    name: str
    query: dict[str, str]
    headers: dict[str, str]
    in_project: int = 0
    in_instance: int = 0
    in_app: int = 0
    in_channel: int = 0
    elsewhere: int = 0
    nearby: int = 0
    known: bool = True
    client: bool = False
    tied: bool = False
    local: bool = False


APP = "com.example.matrix"
CHANNEL = "nightly"
SCOPED = {
    "upload token": ("{own}:upload", {"in_project": Verb.UPLOAD}),
    "read token of the app": (f"{{own}}/{APP}:read", {"in_app": Verb.READ}),
    "upload token of the app": (f"{{own}}/{APP}:upload", {"in_app": Verb.UPLOAD}),
    "write token of the app": (f"{{own}}/{APP}:write", {"in_app": Verb.WRITE}),
    "all token of the app": (f"{{own}}/{APP}:all", {"in_app": Verb.ALL}),
    "read token of the channel": (f"{{own}}/{APP}/{CHANNEL}:read", {"in_channel": Verb.READ}),
    "upload token of the channel": (f"{{own}}/{APP}/{CHANNEL}:upload", {"in_channel": Verb.UPLOAD}),
    "write token of the channel": (f"{{own}}/{APP}/{CHANNEL}:write", {"in_channel": Verb.WRITE}),
    "all token of the channel": (f"{{own}}/{APP}/{CHANNEL}:all", {"in_channel": Verb.ALL}),
    "all token of another channel": (f"{{own}}/{APP}/production:all", {"elsewhere": Verb.ALL}),
    "all token of another app": ("{own}/com.example.other:all", {"nearby": Verb.ALL}),
    "all token of the app's name in another project": (f"{{other}}/{APP}:all", {}),
}
NAMES = [
    *SCOPED,
    "nobody",
    "client key",
    "client key in the header",
    "unknown key",
    "read token",
    "write token",
    "all token",
    "token of another project",
    "service account",
    "service account of another project",
    "expired token",
    "revoked token",
    "owner",
    "refresh token",
    "ID token",
    "session cookie",
    "basic authentication",
    "read token of the instance",
    "operator",
    "local socket",
]


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """A strict instance of this module's own: who may do what does not hang on the engine."""
    url = f"sqlite:///{tmp_path_factory.mktemp('access')}/ecrin.db"
    async with opened("serve", url, Secret(secrets.token_bytes(32))) as shared:
        yield await own_project(shared)


@pytest.fixture(scope="module")
async def guests(strict: Instance) -> dict[str, Guest]:
    own, other = strict.project.id, (await another(strict)).project
    expired = await token_with(strict, f"{own}:all", lifetime=MINUTE)
    strict.clock.tick(2 * MINUTE)
    revoked = await token_with(strict, f"{own}:all")
    await _revoke_newest(strict)
    user = await strict.sign_up()
    cookie = await strict.http.post(
        at_project(strict, ":createSessionCookie"), json={"idToken": user["idToken"]}, headers=strict.bearer
    )
    key = strict.project.api_keys[0]
    scoped = [
        Guest(name, {}, await token_with(strict, scope.format(own=own, other=other.id)), **verbs)
        for name, (scope, verbs) in SCOPED.items()
    ]
    found = [
        *scoped,
        Guest("nobody", {}, {}),
        Guest("client key", {"key": key}, {}, client=True),
        Guest("client key in the header", {}, {"x-goog-api-key": key}, client=True),
        Guest("unknown key", {"key": "x" * 39}, {}, known=False),
        Guest("read token", {}, await token_with(strict, f"{own}:read"), Verb.READ),
        Guest("write token", {}, await token_with(strict, f"{own}:write"), Verb.WRITE),
        Guest("all token", {}, await token_with(strict, f"{own}:all"), Verb.ALL),
        Guest("token of another project", {}, await token_with(strict, f"{other.id}:all")),
        Guest("service account", {}, await _service_account(strict, own), Verb.ALL, tied=True),
        Guest("service account of another project", {}, await _service_account(strict, other.id), tied=True),
        Guest("expired token", {}, expired, known=False),
        Guest("revoked token", {}, revoked, known=False),
        Guest("owner", {}, bearer("owner"), known=False),
        Guest("refresh token", {}, bearer(user["refreshToken"]), known=False),
        Guest("ID token", {}, bearer(user["idToken"]), known=False),
        Guest("session cookie", {}, bearer(cookie.json()["sessionCookie"]), known=False),
        Guest("basic authentication", {}, {"authorization": "Basic b3duZXI6"}, known=False),
        Guest("read token of the instance", {}, await token_with(strict, "*:read"), Verb.READ, Verb.READ),
        Guest("operator", {}, strict.bearer, Verb.ALL, Verb.ALL),
        Guest("local socket", {}, {}, Verb.ALL, Verb.ALL, local=True),
    ]
    return {guest.name: guest for guest in found}


async def _revoke_newest(instance: Instance) -> None:
    tokens = instance.app.governance.tokens
    newest = (await tokens.all(LOCAL))[-1]
    await tokens.revoke(newest.id, LOCAL, SYSTEM)


async def _service_account(instance: Instance, project_id: str) -> dict[str, str]:
    accounts = instance.app.governance.service_accounts
    key, _ = await accounts.create_key(project_id, SYSTEM)
    return bearer(accounts.access_token(key, instance.clock.now()))


def expected(route: Route, guest: Guest) -> str:
    """Return "unknown" (401), "refused" (403, or Google's word for it), "absent" (404) or "in"."""
    access, named = route.access, "{project}" in route.path or _names_project(route)
    if not guest.known:
        return "unknown"
    if access.need is Need.NOTHING:
        return "in"
    if access.need is Need.LOCAL:
        return "in" if guest.local else "refused"
    if guest.client:
        return "in" if access.need is Need.PROJECT else "refused"
    if guest.name == "nobody":
        return "refused" if _google(route) else "unknown"
    if access.need is Need.PROJECT and route.handler is later.later:
        return "in"
    if access.need is Need.APP:
        return _expected_of_app(route, guest)
    if access.need is Need.INSTANCE:
        return "in" if guest.in_instance >= access.verb else "refused"
    if access.need is Need.CREDENTIAL_OF_BODY and not _google(route):
        return "in"
    if not named and not guest.tied:
        return "refused"
    if not named:  # a service account's token names its own project
        return "in"
    within = max(guest.in_app, guest.in_channel, guest.elsewhere, guest.nearby) if access.part else 0
    return "in" if max(guest.in_project, within) >= access.verb else "refused"


def _expected_of_app(route: Route, guest: Guest) -> str:
    """Return as `expected`: what a guest may not even read is not there."""
    in_app = max(guest.in_project, guest.in_app)
    in_channel = max(in_app, guest.in_channel)
    anywhere = max(in_channel, guest.elsewhere)
    held = in_channel if "{channel}" in route.path else in_app
    if anywhere == 0 or ("{channel}" in route.path and held == 0):
        return "absent"
    return "in" if (anywhere if route.access.part else held) >= route.access.verb else "refused"


def _google(route: Route) -> bool:
    return not route.path.startswith(("/api/", "/auth/", "/events", "/healthz", "/readyz"))


def _names_project(route: Route) -> bool:
    return route.body is not None and issubclass(route.body, Request)


def verdict(reply: httpx.Response, guest: Guest) -> str:
    """Return what a reply means; everything behind the door, a 400 included, is "in"."""
    if reply.status_code == 401 or (reply.status_code == 400 and guest.name == "unknown key"):
        return "unknown"
    if reply.status_code == 403:
        return "refused"
    if reply.status_code == 404 and reply.json().get("code") in {"APP_NOT_FOUND", "CHANNEL_NOT_FOUND"}:
        return "absent"
    error = reply.json().get("error") if reply.headers.get("content-type", "").startswith("application/json") else None
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    return "refused" if message.startswith("INSUFFICIENT_PERMISSION") else "in"


async def ask(instance: Instance, route: Route, guest: Guest) -> httpx.Response:
    """Make the least call of a route as somebody."""
    await _stand(instance)
    places = {"{project}": instance.project.id, "{app}": APP, "{channel}": CHANNEL}
    path = re.sub(r"\{\w+\}", lambda place: places.get(place[0], "x"), route.path)
    body = {} if guest.client or not _names_project(route) else {"targetProjectId": instance.project.id}
    json = body if route.method in {"POST", "PATCH"} and route.body is not None else None
    client = instance.http if not guest.local else _local(instance)
    return await client.request(route.method, path, params=guest.query, headers=guest.headers, json=json)


async def _stand(instance: Instance) -> None:
    """See that the app and its channels are there: some calls of the walk remove them."""
    updates = instance.app.updates
    if updates.apps.project_of(APP) is None:
        await updates.apps.create(instance.project.id, APP, "", SYSTEM)
    known = {channel.name for channel in await updates.channels.all(APP)}
    for name in {"production", CHANNEL} - known:
        await updates.channels.create(APP, name, SYSTEM)


def _local(instance: Instance) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(instance.app.web.local_socket, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://ecrin")


@pytest.mark.parametrize("name", NAMES)
async def test_a34_a_caller_reaches_what_its_credential_covers_and_nothing_else(
    strict: Instance, guests: dict[str, Guest], name: str
) -> None:
    guest = guests[name]
    wrong = []
    for route in strict.app.web.table.routes:
        reply = await ask(strict, route, guest)
        if verdict(reply, guest) != expected(route, guest):
            wrong.append((route.method, route.path, expected(route, guest), reply.status_code, reply.text[:200]))

    assert wrong == []


async def test_a_matrix_that_only_refuses_or_only_lets_in_would_prove_nothing(
    strict: Instance, guests: dict[str, Guest]
) -> None:
    routes = strict.app.web.table.routes
    answers = {name: {expected(route, guests[name]) for route in routes} for name in NAMES}

    assert set(guests) == set(NAMES)
    assert answers["read token"] == answers["client key"] == {"in", "refused"}
    assert answers["owner"] == {"unknown"}
    assert answers["upload token of the channel"] == {"in", "refused"}
    assert answers["all token of another channel"] == {"in", "refused", "absent"}
    assert answers["all token of another app"] == {"in", "refused", "absent"}
    assert {route.access.verb for route in routes if route.access.need is Need.APP} == set(Verb)
    assert len(routes) > 160


async def test_a08_a_credential_of_another_project_opens_no_account_of_this_one(
    strict: Instance, guests: dict[str, Guest]
) -> None:
    user = await strict.sign_up()

    for name in ("token of another project", "service account of another project"):
        for path in (at_project(strict, "/accounts:lookup"), "/identitytoolkit.googleapis.com/v1/accounts:lookup"):
            body = {"localId": [user["localId"]], "targetProjectId": strict.project.id}
            reply = await strict.http.post(path, json=body, headers=guests[name].headers)
            assert reply.status_code == 403


async def test_a08_the_key_of_one_project_opens_no_token_of_another(strict: Instance) -> None:
    user = await strict.sign_up()
    other = await another(strict)

    for name in ("lookup", "update", "delete"):
        reply = await other.call(name, {"idToken": user["idToken"]})
        assert reply.json()["error"]["message"] == "INVALID_ID_TOKEN"
    assert (await other.refresh(user["refreshToken"])).json()["error"]["message"] == "INVALID_REFRESH_TOKEN"


async def test_the_emulators_routes_and_the_mailbox_are_not_there_in_serve(strict: Instance, dev: Instance) -> None:
    known = {(route.method, route.path) for route in strict.app.web.table.routes}
    extra = [route for route in dev.app.web.table.routes if (route.method, route.path) not in known]

    assert {route.path.split("/")[1] for route in extra} == {"emulator", "dev"}
    for route in extra:
        path = route.path.replace("{project}", strict.project.id)
        assert (await strict.http.request(route.method, path, headers=strict.bearer)).status_code == 404


@pytest.mark.parametrize("token", ["owner", "OWNER", "ya29.anything"])
async def test_the_emulators_bearer_is_an_operator_in_dev_alone(strict: Instance, dev: Instance, token: str) -> None:
    for instance, status in ((strict, 401), (dev, 200)):
        reply = await instance.http.get(at_project(instance, "/accounts:batchGet"), headers=bearer(token))
        assert reply.status_code == status


async def test_dev_makes_a_project_that_an_administrator_names_for_the_first_time(dev: Instance) -> None:
    name = f"new-{dev.project.id}"[:40]
    path = f"/identitytoolkit.googleapis.com/v1/projects/{name}/accounts:lookup"

    reply = await dev.http.post(path, json={"localId": ["x"]}, headers=bearer("owner"))

    assert reply.status_code == 200
    assert name in {project.id for project in dev.app.governance.projects.all()}


async def test_serve_does_not(strict: Instance) -> None:
    path = "/identitytoolkit.googleapis.com/v1/projects/never-made/accounts:lookup"

    reply = await strict.http.post(path, json={"localId": ["x"]}, headers=strict.bearer)

    assert reply.json()["error"]["message"].startswith("PROJECT_NOT_FOUND")


def test_a_route_without_a_declared_access_cannot_be_written() -> None:
    async def handler(call: Any) -> Any:
        return call

    with pytest.raises(TypeError, match="access"):
        Route("GET", "/x", handler=handler)  # type: ignore[call-arg]


def test_two_routes_with_one_method_and_path_cannot_stand_in_a_table() -> None:
    async def handler(call: Any) -> Any:
        return call

    for path in ("/x", "/x/{y}"):
        route = Route("GET", path, OPEN, handler)
        with pytest.raises(ValueError, match="same method and path"):
            RouteTable([route, replace(route, access=Access(Need.INSTANCE))])

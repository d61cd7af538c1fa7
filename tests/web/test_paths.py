"""Methods and spellings of a path: the same authorization as the canonical route, or 404, or 405 (attack A33)."""

import re
from typing import Any
from urllib.parse import unquote

import pytest

from ecrin.web.routing import METHODS, Need, Route
from harness import V1, Instance
from web.wire import at_project, token_with

SPELLINGS = [
    "{path}/",
    "/{path}",
    "{head}//{tail}",
    "{head}/./{tail}",
    "{head}/x/../{tail}",
    "{head}/x/%2e%2e/{tail}",
    "{path}%2F",
    "{path};a=b",
    "{path}%3Ba=b",
    "{upper}",
    "{path}%00",
    "{path}%0a",
    "{path}%3Fkey=x",
    "{path}.json",
    "{head}\\{tail}",
]


def concrete(route: Route, instance: Instance) -> str:
    return re.sub(r"\{\w+\}", "x", route.path.replace("{project}", instance.project.id))


async def status(instance: Instance, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Ask with a path that no client mends, decoded as uvicorn decodes it; return the status and the headers."""
    starts: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        starts.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.9", 50000),
    }
    await instance.app.web(scope, receive, send)
    return starts[0]["status"], {name.decode(): value.decode() for name, value in starts[0]["headers"]}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a33_another_spelling_of_a_path_is_another_path(strict: Instance, spelling: str) -> None:
    for route in strict.app.web.table.routes:
        path = concrete(route, strict)
        if path == "/":
            continue
        head, _, tail = path.rpartition("/")
        spelled = spelling.format(path=path, head=head, tail=tail, upper=path.upper())
        if spelling == "{path}.json" and route.path.endswith("}"):
            continue  # a name may end so; it is looked up as another name
        found, _ = await status(strict, route.method, spelled, authorization=strict.bearer["authorization"])
        assert found in {404, 405}, (route.method, spelled, found)


@pytest.mark.parametrize("credential", ["none", "another project's"])
async def test_a33_a_coded_path_has_the_authorization_of_the_plain_one(strict: Instance, credential: str) -> None:
    headers = {} if credential == "none" else await token_with(strict, "another:all")
    for route in strict.app.web.table.routes:
        path = concrete(route, strict)
        coded = "/".join("".join(f"%{byte:02x}" for byte in part.encode()) for part in path.split("/"))
        plain, _ = await status(strict, route.method, path, **headers)
        assert (await status(strict, route.method, coded, **headers))[0] == plain, route.path


async def test_a33_a_method_that_a_path_does_not_answer_is_405_with_what_it_answers(strict: Instance) -> None:
    answered: dict[str, set[str]] = {}
    for route in strict.app.web.table.routes:
        answered.setdefault(concrete(route, strict), set()).add(route.method)

    for path, methods in answered.items():
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        for method in (*METHODS, "TRACE", "CONNECT", "PROPFIND", "get", "OPTIONS"):
            found, headers = await status(strict, method, path)
            if method in allowed:
                assert found not in {404, 405} or path.startswith(("/api", "/files")), (method, path)
            elif method != "OPTIONS" or "access-control-allow-methods" not in headers:
                assert (found, set(headers["allow"].split(", "))) == (405, allowed), (method, path)


async def test_a33_head_has_the_authorization_of_get_and_no_body(serve: Instance) -> None:
    path = at_project(serve, "/accounts:batchGet")
    user = await serve.sign_up()

    nobody = await serve.http.head(path)
    operator = await serve.http.head(path, headers=serve.bearer)

    assert (nobody.status_code, operator.status_code) == (403, 200)
    assert operator.content == b""
    assert int(operator.headers["content-length"]) > len(user["localId"])


async def test_a33_options_never_reaches_a_handler(strict: Instance) -> None:
    for route in strict.app.web.table.routes:
        found, headers = await status(strict, "OPTIONS", concrete(route, strict))
        assert found in {204, 405}
        assert route.method in headers.get("allow", headers.get("access-control-allow-methods", ""))


async def test_a33_a_method_override_is_not_read(serve: Instance) -> None:
    headers = {**serve.bearer, "x-http-method-override": "DELETE", "x-method-override": "DELETE"}

    reply = await serve.http.post(at_project(serve, "/accounts:lookup"), json={"_method": "DELETE"}, headers=headers)

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (f"{V1}/accounts:nope", "google"),
        (f"{V1}/projects/x/nope", "google"),
        ("/securetoken.googleapis.com/v2/token", "google"),
        ("/www.googleapis.com/nope", "google"),
        ("/api/v1/nope", "problem"),
        ("/nope", "problem"),
        ("/oauth2.googleapis.com/nope", "problem"),
        ("/auth/nope", "page"),
    ],
)
async def test_an_unknown_path_is_refused_in_the_shape_of_its_neighbours(
    serve: Instance, path: str, shape: str
) -> None:
    reply = await serve.http.get(path, headers={"origin": "https://app.example"})

    shapes = {
        "google": lambda: (
            reply.json()["error"]["status"] == "NOT_FOUND" and "access-control-allow-origin" in reply.headers
        ),
        "problem": lambda: reply.headers["content-type"] == "application/problem+json",
        "page": lambda: reply.headers["content-type"].startswith("text/html"),
    }
    assert reply.status_code == 404
    assert shapes[shape]()


async def test_what_is_open_to_everybody_is_on_this_list(strict: Instance) -> None:
    opened = {route.path for route in strict.app.web.table.routes if route.access.need is Need.NOTHING}

    assert opened == {
        "/",
        "/healthz",
        "/readyz",
        "/api/docs",
        "/api/openapi.json",
        "/auth/action",
        "/auth/pages.css",
        "/updates",
        "/updates/manifest_size",
        "/channel_self",
        "/stats",
        "/ok",
        "/latency",
        "/files/{app}/{hash}",
        "/oauth2.googleapis.com/token",
        "/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com",
        "/www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com",
        "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        "/www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        "/identitytoolkit/v3/relyingparty/publicKeys",
        "/www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys",
        f"{V1}/sessionCookiePublicKeys",
        f"{V1}/publicKeys",
    }

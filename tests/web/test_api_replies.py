"""Replies of /api/v1 are typed in the OpenAPI document, and what a running instance answers is of those types."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ecrin.web.routing import Route
from harness import Instance
from publishing import zipped
from web.json_schema import Schema, complaints
from web.wire import Facts, filled

DEVICE = "00000000-0000-4000-8000-000000000001"
PLACES = {"{project}": "$project", "{app}": "$app", "{device}": DEVICE, "{key}": "$key", "{token}": "$token"}
PAGE = "<p>hello</p>"
ARCHIVE = zipped({"index.html": PAGE})
OBJECT, FILE = (hashlib.sha256(content).hexdigest() for content in (ARCHIVE, PAGE.encode()))
SEALED = {"session_key": "A" * 22 + "==:" + "A" * 342 + "==", "checksum": "ab" * 256, "key_id": "A" * 20}
BUNDLE = {"zip": OBJECT, "checksum": OBJECT}
ENTRY = {"name": "index.html", "hash": FILE, "object": FILE, "size": len(PAGE)}
APP, PROJECT = "/apps/{app}", "/projects/{project}"
BETA, PRODUCTION = f"{APP}/channels/beta", f"{APP}/channels/production"
STAGE = {"after_minutes": 60, "share_bps": 5000}

# Method, path, body, and a fact that the reply tells. Together they are every call of the API, each in the states that
# change the shape of its reply: something or null, a list that is empty or has items.
CALLS: list[tuple[str, str, Any, str]] = [
    ("POST", "/projects", {"project_id": "$fresh"}, "project=project_id"),
    ("GET", "/projects", None, ""),
    ("GET", PROJECT, None, ""),
    ("PATCH", PROJECT, {"settings": {"authorized_domains": ["example.org"]}}, ""),
    ("POST", "/tokens", {"scopes": ["$scope"], "expires_in_days": None}, ""),
    ("POST", "/tokens", {"scopes": ["$scope"], "name": "ci"}, "token=token_id"),
    ("DELETE", "/tokens/{token}", None, ""),
    ("GET", "/tokens", None, ""),
    ("POST", "/keys/refresh-token:rotate", {}, ""),
    ("GET", "/keys", None, ""),
    ("POST", f"{PROJECT}/service-account-keys", None, "key=private_key_id"),
    ("GET", f"{PROJECT}/service-account-keys", None, ""),
    ("DELETE", f"{PROJECT}/service-account-keys/{{key}}", None, ""),
    ("POST", f"{PROJECT}/apps", {"app_id": "$app"}, ""),
    ("GET", f"{PROJECT}/apps", None, ""),
    ("PATCH", APP, {"name": "Notes", "settings": {"retention_days": 30}}, ""),
    ("GET", APP, None, ""),
    ("POST", f"{APP}/objects:missing", {"hashes": [OBJECT]}, ""),
    ("PUT", f"{APP}/objects/{OBJECT}", ARCHIVE, ""),
    ("PUT", f"{APP}/objects/{FILE}", PAGE.encode(), ""),
    ("POST", f"{APP}/bundles", {"version": "1.0.0", **BUNDLE, "manifest": [ENTRY], "channel": "production"}, ""),
    ("POST", f"{APP}/bundles", {"version": "1.0.1", **BUNDLE, "min_native": "1.0.0", "comment": "new"}, ""),
    ("POST", f"{APP}/bundles", {"version": "1.0.2", "external_url": "https://a.example/b.zip", **SEALED}, ""),
    ("POST", f"{APP}/bundles", {"version": "1.0.3", **BUNDLE}, ""),
    ("PATCH", f"{APP}/bundles/1.0.1", {"link": "https://a.example/"}, ""),
    ("GET", f"{APP}/bundles/1.0.0", None, ""),
    ("GET", f"{APP}/bundles", None, ""),
    ("DELETE", f"{APP}/bundles/1.0.3", None, ""),
    ("GET", f"{PRODUCTION}/rollout", None, ""),
    ("POST", f"{PRODUCTION}/rollout", {"version": "1.0.1", "share_percent": 5, "stages": [STAGE]}, ""),
    ("POST", f"{PRODUCTION}/rollout:raise", {"share_bps": 2000}, ""),
    ("POST", f"{PRODUCTION}/rollout:pause", {"reason": "a report"}, ""),
    ("POST", f"{PRODUCTION}/rollout:resume", None, ""),
    ("GET", PRODUCTION, None, ""),
    ("GET", f"{PRODUCTION}/rollout", None, ""),
    ("POST", f"{PRODUCTION}/rollout:promote", None, ""),
    ("POST", f"{PRODUCTION}/rollout", {"version": "1.0.2", "audience_custom_ids": ["ada"]}, ""),
    ("POST", f"{PRODUCTION}/rollout:rollback", {"version": "builtin"}, ""),
    ("GET", f"{PRODUCTION}/rollout", None, ""),
    ("PUT", f"{APP}/groups/testers", {"custom_ids": ["ada"]}, ""),
    ("GET", f"{APP}/groups/testers", None, ""),
    ("GET", f"{APP}/groups", None, ""),
    ("POST", f"{APP}/channels", {"name": "beta", "audience_groups": ["testers"]}, ""),
    ("PATCH", BETA, {"version": "1.0.0", "disable_auto_update": "none"}, ""),
    ("GET", BETA, None, ""),
    ("GET", f"{APP}/channels", None, ""),
    ("PUT", f"{APP}/devices/{{device}}/channel", {"channel": "beta"}, ""),
    ("GET", f"{APP}/overrides", None, ""),
    ("GET", f"{APP}/devices", None, ""),
    ("DELETE", f"{APP}/devices/{{device}}/channel", None, ""),
    ("GET", f"{APP}/devices?limit=1", None, ""),
    ("GET", f"{APP}/stats/summary", None, ""),
    ("GET", f"{APP}/stats/series?step=day", None, ""),
    ("GET", f"{APP}/stats/series?by=version", None, ""),
    ("GET", f"{APP}/stats/series?by=platform", None, ""),
    ("GET", f"{APP}/stats/series?by=channel&action=set", None, ""),
    ("GET", f"{APP}/stats/adoption?version=1.0.0", None, ""),
    ("GET", f"{APP}/stats/adoption?version=2.0.0", None, ""),
    ("GET", f"{APP}/stats/failures", None, ""),
    ("DELETE", f"{APP}/groups/testers", None, ""),
    ("DELETE", BETA, None, ""),
    ("DELETE", APP, None, ""),
]
SAID = {
    "app_id": "$app",
    "device_id": DEVICE,
    "platform": "android",
    "version_build": "1.0.0",
    "version_name": "1.0.0",
    "plugin_version": "8.51.23",
    "is_prod": True,
    "is_emulator": False,
}


@pytest.fixture
async def document(strict: Instance) -> dict[str, Any]:
    return dict((await strict.http.get("/api/openapi.json")).json())


def ours(instance: Instance) -> list[Route]:
    return [r for r in instance.app.web.table.routes if r.path.startswith("/api/v1/")]


def success(document: dict[str, Any], route: Route) -> tuple[str, Any]:
    """Return the status that is done, and the schema of its body or None."""
    responses = document["paths"][route.path][route.method.lower()]["responses"]
    (status,) = responses.keys() - {"default"}
    return status, responses[status].get("content", {}).get("application/json", {}).get("schema")


def within(schema: Any, parts: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield the objects that a schema is made of, by the name of the component that each stands in."""
    names, seen = re.findall(r'schemas/(\w+)"', json.dumps(schema)), set[str]()
    while names:
        if (name := names.pop()) not in seen:
            seen.add(name)
            names += re.findall(r'schemas/(\w+)"', json.dumps(parts[name]))
            if parts[name].get("type") == "object":
                yield name, parts[name]


# --- the document


async def test_every_reply_with_a_body_names_its_members(strict: Instance, document: dict[str, Any]) -> None:
    parts = document["components"]["schemas"]
    untyped = []
    for route in ours(strict):
        status, schema = success(document, route)
        shapes = dict(within(schema, parts)) if schema else {}
        if (status == "204") is not (schema is None) or not all(s["properties"] for s in shapes.values()):
            untyped.append(f"{route.method} {route.path}: {status} {schema}")
        elif schema is not None and not shapes:
            untyped.append(f"{route.method} {route.path}: {schema} names no type")
    assert untyped == []


async def test_only_what_leaves_nothing_to_say_has_no_body(strict: Instance, document: dict[str, Any]) -> None:
    silent = {(r.method, r.path) for r in ours(strict) if success(document, r)[0] == "204"}
    deleting = {(r.method, r.path) for r in ours(strict) if r.method == "DELETE"}
    assert silent == deleting | {("PUT", "/api/v1/apps/{app}/objects/{hash}")}


async def test_a_member_of_a_reply_may_be_absent_only_where_the_key_of_a_point_stands(
    strict: Instance, document: dict[str, Any]
) -> None:
    parts = document["components"]["schemas"]
    shapes = {name: s for r in ours(strict) for name, s in within(success(document, r)[1], parts)}
    optional = {name: s["properties"].keys() - set(s["required"]) for name, s in shapes.items()}
    assert {name: members for name, members in optional.items() if members} == {
        "Point": {"action", "version", "platform", "channel"}
    }


async def test_a_reply_may_grow_and_a_body_may_not(strict: Instance, document: dict[str, Any]) -> None:
    """A client that checks strictly must not break on a member that a later version adds."""
    parts = document["components"]["schemas"]
    closed = {
        name
        for r in ours(strict)
        for name, shape in within(success(document, r)[1], parts)
        if shape.get("additionalProperties") is False
    }
    assert closed == set()


async def test_times_and_sizes_say_their_unit_and_need_more_than_32_bits(document: dict[str, Any]) -> None:
    wrong = []
    for name, shape in document["components"]["schemas"].items():
        for member, schema in shape.get("properties", {}).items():
            if re.fullmatch(r"at|from|to|\w+_(at|from|until|size)|size", member):
                number = next((s for s in schema.get("anyOf", [schema]) if s.get("type") == "integer"), {})
                if number.get("format") != "int64" or not re.search("Milliseconds|Bytes", number["description"]):
                    wrong.append(f"{name}.{member}")
    assert wrong == []


async def test_every_refusal_is_the_one_problem_shape(strict: Instance, document: dict[str, Any]) -> None:
    refusals = [
        op["responses"]["default"]["content"] for methods in document["paths"].values() for op in methods.values()
    ]
    assert refusals == [{"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}] * len(
        ours(strict)
    )


# --- the running instance


async def test_every_real_reply_is_what_the_document_says(strict: Instance, document: dict[str, Any]) -> None:
    name = secrets.token_hex(6)
    facts: Facts = {"fresh": f"p-{name}", "app": f"com.example.a{name}", "scope": f"p-{name}:read"}
    wrong, called = [], set[tuple[str, str]]()
    for method, path, body, told in CALLS:
        if "stats/summary" in path:
            await _report(strict, facts)
        reply = await _ask(strict, method, path, body, facts)
        if told:
            facts[told.partition("=")[0]] = reply.json()[told.partition("=")[2]]
        called.add(_route(strict, method, path, facts))
        wrong += [f"{method} {path}: {c}" for c in _complaints(document, strict, method, path, reply, facts)]
    assert "\n".join(wrong) == ""
    assert called == {(r.method, r.path) for r in ours(strict)}


async def test_every_real_refusal_is_a_problem(strict: Instance, document: dict[str, Any]) -> None:
    parts = document["components"]["schemas"]
    replies = [await strict.http.request(r.method, re.sub(r"\{\w+\}", "x", r.path)) for r in ours(strict)]
    replies += [
        await strict.http.get("/api/v1/apps/com.example.none", headers=strict.bearer),
        await strict.http.get("/api/v1/nothing", headers=strict.bearer),
        await strict.http.put("/api/v1/projects", headers=strict.bearer),
        await strict.http.post("/api/v1/projects", headers=strict.bearer, content=b"{"),
        await strict.http.post("/api/v1/projects", headers=strict.bearer, content=b"x" * 100_000),
    ]
    assert [r.status_code for r in replies] == [401] * len(ours(strict)) + [404, 404, 405, 400, 413]
    assert {r.headers["content-type"] for r in replies} == {"application/problem+json"}
    assert [c for r in replies for c in complaints(r.json(), parts["Problem"], parts)] == []


async def _ask(instance: Instance, method: str, path: str, body: Any, facts: Facts) -> httpx.Response:
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(filled(body, facts))
    return await instance.http.request(method, _url(path, facts), content=content, headers=instance.bearer)


def _url(path: str, facts: Facts) -> str:
    for place, value in PLACES.items():
        path = path.replace(place, str(filled(value, facts))) if place in path else path
    return f"/api/v1{path}"


def _route(instance: Instance, method: str, path: str, facts: Facts) -> tuple[str, str]:
    found = instance.app.web.table.find(method, _url(path, facts).partition("?")[0])
    assert found is not None
    return method, found[0].path


def _complaints(
    document: dict[str, Any], instance: Instance, method: str, path: str, reply: httpx.Response, facts: Facts
) -> Iterator[str]:
    route = _route(instance, method, path, facts)
    responses = document["paths"][route[1]][method.lower()]["responses"]
    response = responses.get(str(reply.status_code))
    if response is None:
        yield f"{reply.status_code} is not described: {reply.text}"
    elif "content" not in response:
        yield from [f"a body: {reply.text}"] if reply.content else []
    else:
        schema = response["content"]["application/json"]["schema"]
        yield from complaints(reply.json(), schema, document["components"]["schemas"])


async def _report(instance: Instance, facts: Facts) -> None:
    """Have a device be there, install a version and fail with another."""
    said: Facts = filled(SAID, facts)
    for path, more in [
        ("/updates", {}),
        ("/stats", {"action": "set"}),
        ("/stats", {"action": "update_fail", "version_name": "1.0.1"}),
    ]:
        reply = await instance.http.post(path, json={**said, **more})
        assert reply.status_code == 200, reply.text
    await instance.app.updates.stats.devices.flush()

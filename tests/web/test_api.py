"""/api/v1: projects, keys, service account keys and tokens; strict JSON in, RFC 9457 out."""

import json
from typing import Any

import pytest

from ecrin.base.clock import DAY
from harness import Instance
from web.wire import another, answer, bearer, token_with

PROJECTS = "/api/v1/projects"
TOKENS = "/api/v1/tokens"
KEYS = "/api/v1/keys"


def _code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_a_project_is_created_shown_and_listed(serve: Instance) -> None:
    name = f"n-{serve.project.id}"[:40]
    created = await serve.http.post(PROJECTS, json={"project_id": name}, headers=serve.bearer)
    shown = await serve.http.get(f"{PROJECTS}/{name}", headers=serve.bearer)
    listed = await serve.http.get(PROJECTS, headers=serve.bearer)

    assert created.status_code == 201
    assert set(created.json()) == {"project_id", "number", "api_key", "created_at", "settings"}
    assert shown.json() == created.json()
    assert created.json() in listed.json()["projects"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"project_id": "A"}, 400, "INVALID_PROJECT_ID"),
        ({"project_id": "console"}, 400, "INVALID_PROJECT_ID"),
        ({"project_id": "x" * 41}, 400, "INVALID_PROJECT_ID"),
        ({"project_id": "shared"}, 400, "PROJECT_EXISTS"),
        ({}, 400, "INVALID_ARGUMENT"),
        ({"project_id": 5}, 400, "INVALID_ARGUMENT"),
        ({"project_id": "abc", "owner": "me"}, 400, "INVALID_ARGUMENT"),
        ([], 400, "INVALID_ARGUMENT"),
    ],
)
async def test_a_wrong_project_is_refused(serve: Instance, body: Any, status: int, code: str) -> None:
    assert _code(await serve.http.post(PROJECTS, json=body, headers=serve.bearer)) == (status, code)


async def test_a_reader_sees_the_projects_that_its_token_covers_alone(serve: Instance) -> None:
    await another(serve)
    headers = await token_with(serve, f"{serve.project.id}:read")

    seen = (await serve.http.get(PROJECTS, headers=headers)).json()["projects"]

    assert [project["project_id"] for project in seen] == [serve.project.id]


async def test_a_token_for_one_app_is_told_the_id_of_its_project_and_no_more(serve: Instance) -> None:
    await another(serve)
    headers = await token_with(serve, f"{serve.project.id}/com.example.notes:read", "nowhere/com.example.notes:read")

    seen = (await serve.http.get(PROJECTS, headers=headers)).json()

    assert seen == {"projects": [], "in_part": [serve.project.id]}


async def test_a_project_that_is_seen_whole_is_not_one_in_part(serve: Instance) -> None:
    headers = await token_with(serve, f"{serve.project.id}:read", f"{serve.project.id}/com.example.notes:write")
    assert (await serve.http.get(PROJECTS, headers=headers)).json()["in_part"] == []


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"anonymous_enabled": False}, False),
        ({"min_password_length": 12}, 12),
        ({"authorized_domains": ["example.org"]}, ["example.org"]),
        ({"session_idle_days": 7}, 7),
    ],
)
async def test_a_setting_is_changed(serve: Instance, change: dict[str, Any], wanted: Any) -> None:
    path = f"{PROJECTS}/{serve.project.id}"

    reply = await serve.http.patch(path, json={"settings": change}, headers=serve.bearer)

    assert reply.json()["settings"][next(iter(change))] == wanted
    assert (await serve.http.get(path, headers=serve.bearer)).json() == reply.json()


@pytest.mark.parametrize(
    "change",
    [
        {"nope": 1},
        {"min_password_length": 5},
        {"min_password_length": "8"},
        {"min_password_length": True},
        {"anonymous_enabled": 1},
        {"session_idle_days": 0},
        {"session_idle_days": 366},
        {"session_absolute_days": 2**70},
        {"authorized_domains": "example.org"},
        {"authorized_domains": [1, 2]},
        {"authorized_domains": [["example.org"]]},
        {"email_enumeration_protection": None},
    ],
)
async def test_a_wrong_setting_is_refused_and_changes_nothing(serve: Instance, change: dict[str, Any]) -> None:
    path = f"{PROJECTS}/{serve.project.id}"
    before = (await serve.http.get(path, headers=serve.bearer)).json()

    reply = await serve.http.patch(path, json={"settings": change}, headers=serve.bearer)

    assert _code(reply) == (400, "INVALID_ARGUMENT")
    assert (await serve.http.get(path, headers=serve.bearer)).json() == before


async def test_a_token_is_shown_once_and_opens_what_its_scopes_name(serve: Instance) -> None:
    body = {"scopes": [f"{serve.project.id}:read"], "name": "ci"}
    made = (await serve.http.post(TOKENS, json=body, headers=serve.bearer)).json()
    listed = (await serve.http.get(TOKENS, headers=serve.bearer)).json()["tokens"]

    own = next(token for token in listed if token["token_id"] == made["token_id"])
    opened = await serve.http.get(f"{PROJECTS}/{serve.project.id}", headers=bearer(made["token"]))

    assert opened.status_code == 200
    assert made["token"].startswith("ecrin_ci_")
    assert own == {name: value for name, value in made.items() if name != "token"}
    assert made["expires_at"] == serve.clock.now() + 365 * DAY


TOKENS_REFUSED = [
    ({"scopes": []}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["nope"]}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["*:root"]}, 400, "INVALID_ARGUMENT"),
    ({}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:read"], "name": "x" * 101}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:read"], "expires_in_days": 0}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:read"], "expires_in_days": -1}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:read"], "expires_in_days": 10**15}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:read"], "kind": "operator"}, 400, "INVALID_ARGUMENT"),
    ({"scopes": ["{own}:all"]}, 403, "PERMISSION_DENIED"),
    ({"scopes": ["{own}:read", "another:read"]}, 403, "PERMISSION_DENIED"),
    ({"scopes": ["*:read"]}, 403, "PERMISSION_DENIED"),
]


@pytest.mark.parametrize(("body", "status", "code"), TOKENS_REFUSED)
async def test_a35_a_token_makes_no_token_that_is_wider_than_itself(
    serve: Instance, body: dict[str, Any], status: int, code: str
) -> None:
    headers = await token_with(serve, f"{serve.project.id}:write")
    filled = json.loads(json.dumps(body).replace("{own}", serve.project.id))

    assert _code(await serve.http.post(TOKENS, json=filled, headers=headers)) == (status, code)


async def test_a_token_without_end_is_made_where_it_is_asked_for(serve: Instance) -> None:
    body = {"scopes": [f"{serve.project.id}:read"], "expires_in_days": None}

    made = (await serve.http.post(TOKENS, json=body, headers=serve.bearer)).json()

    assert made["expires_at"] is None


async def test_a_token_is_revoked_by_who_could_have_made_it_alone(serve: Instance) -> None:
    body = {"scopes": [f"{serve.project.id}:write"]}
    made = (await serve.http.post(TOKENS, json=body, headers=serve.bearer)).json()
    path = f"{TOKENS}/{made['token_id']}"
    stranger = await token_with(serve, "another:all")

    assert _code(await serve.http.delete(path, headers=stranger)) == (404, "NOT_FOUND")
    assert (await serve.http.delete(path, headers=serve.bearer)).status_code == 204
    assert (await serve.http.get(TOKENS, headers=bearer(made["token"]))).status_code == 401


async def test_keys_are_listed_without_their_private_halves_and_rotated(serve: Instance) -> None:
    before = (await serve.http.get(KEYS, headers=serve.bearer)).json()["keys"]
    rotated = await serve.http.post(f"{KEYS}/{before[0]['purpose']}:rotate", headers=serve.bearer)
    after = (await serve.http.get(KEYS, headers=serve.bearer)).json()["keys"]

    members = {"key_id", "purpose", "state", "created_at", "active_from", "verify_until"}
    assert all(set(key) == members for key in after)
    assert rotated.status_code == 201
    assert rotated.json()["key_id"] in {key["key_id"] for key in after} - {key["key_id"] for key in before}


@pytest.mark.parametrize(
    ("purpose", "body", "status", "code"),
    [
        ("nope", {}, 404, "NOT_FOUND"),
        ("id_token", {"emergency": "yes"}, 400, "INVALID_ARGUMENT"),
        ("id_token", {"force": True}, 400, "INVALID_ARGUMENT"),
    ],
)
async def test_a_wrong_rotation_is_refused(serve: Instance, purpose: str, body: Any, status: int, code: str) -> None:
    assert _code(await serve.http.post(f"{KEYS}/{purpose}:rotate", json=body, headers=serve.bearer)) == (status, code)


async def test_a_service_account_key_is_made_listed_without_its_secret_and_revoked(serve: Instance) -> None:
    path = f"{PROJECTS}/{serve.project.id}/service-account-keys"
    made = (await serve.http.post(path, headers=serve.bearer)).json()
    listed = (await serve.http.get(path, headers=serve.bearer)).json()["keys"]
    await serve.http.delete(f"{path}/{made['private_key_id']}", headers=serve.bearer)

    assert made["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert made["token_uri"] == "http://127.0.0.1:9099/oauth2.googleapis.com/token"
    assert [set(key) for key in listed] == [{"key_id", "client_email", "created_at"}]
    assert (await serve.http.get(path, headers=serve.bearer)).json() == {"keys": []}
    assert _code(await serve.http.delete(f"{path}/{made['private_key_id']}", headers=serve.bearer)) == (
        404,
        "NOT_FOUND",
    )


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 30_000, b'{"scopes": ["a"], "scopes_": 1}'])
async def test_a07_a_body_that_cannot_be_read_is_refused(serve: Instance, raw: bytes) -> None:
    assert _code(await serve.http.post(TOKENS, content=raw, headers=serve.bearer)) == (400, "INVALID_ARGUMENT")


async def test_readiness_says_that_storage_answers(serve: Instance) -> None:
    assert answer(await serve.http.get("/healthz")) == (200, {"status": "ok"})
    assert answer(await serve.http.get("/readyz")) == (200, {"status": "ok"})

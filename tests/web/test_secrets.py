"""No refusal and no log line repeats a password, a token or a code (security.md §3, lines 84 and 117)."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from ecrin.errors import StorageFull
from harness import Instance
from web.wire import OAUTH, SECURE_TOKEN, Facts, at_project, bearer, code_for


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, capture])
    yield capture
    structlog.configure(**before)


@pytest.fixture
def canary() -> str:
    return f"canary-{secrets.token_hex(8)}"


async def _refusals(dev: Instance, ada: Facts, canary: str) -> list[Any]:
    """Every way in which a secret goes in, each refused."""
    return [
        await dev.call("signInWithPassword", {"email": ada["email"], "password": canary}),
        await dev.call("signInWithPassword", {"email": ada["email"], "password": [canary]}),
        await dev.call("signInWithPassword", {"email": ada["email"], canary: canary, "password": 5}),
        await dev.call("signUp", {"email": "x", "password": canary}),
        await dev.call("signUp", {"email": ada["email"], "password": canary}),
        await dev.call("signInWithCustomToken", {"token": canary}),
        await dev.call("signInWithCustomToken", {"token": f"{canary}.{canary}.{canary}"}),
        await dev.call("signInWithEmailLink", {"email": ada["email"], "oobCode": canary}),
        await dev.call("lookup", {"idToken": canary}),
        await dev.call("update", {"idToken": canary, "password": canary}),
        await dev.call("update", {"oobCode": canary}),
        await dev.call("update", {"oobCode": canary + "\x00"}),
        await dev.call("resetPassword", {"oobCode": canary, "newPassword": canary}),
        await dev.call("resetPassword", {"oobCode": [canary], "newPassword": {"x": canary}}),
        await dev.refresh(canary),
        await dev.http.post(SECURE_TOKEN, params={"key": canary}, content=canary.encode() + b"=%ff"),
        await dev.http.post(OAUTH, data={"grant_type": canary, "assertion": canary}),
        await dev.http.post(OAUTH, data={"grant_type": _JWT_BEARER, "assertion": f"{canary}.{canary}.{canary}"}),
        await dev.http.get("/api/v1/projects", headers=bearer(canary)),
        await dev.http.get("/api/v1/projects", headers=bearer(f"ecrin_ci_{canary}")),
        await dev.http.get("/api/v1/projects", headers={"authorization": f"Basic {canary}"}),
        await dev.http.post("/api/v1/tokens", json={"scopes": canary}, headers=dev.bearer),
        await dev.http.get(at_project(dev, "/accounts:batchGet"), params={"nextPageToken": canary}, headers=dev.bearer),
        await dev.http.post(at_project(dev, ":createSessionCookie"), json={"idToken": canary}, headers=dev.bearer),
        await dev.admin("", {"localId": "x", "password": {"x": canary}}),
        await dev.admin("batchCreate", {"users": [{"localId": "x", "passwordHash": canary}]}),
        await dev.http.get("/auth/action", params={"mode": "resetPassword", "oobCode": canary, "apiKey": "x"}),
        await dev.http.get(
            "/emulator/action", params={"mode": "resetPassword", "oobCode": canary, "newPassword": canary}
        ),
    ]


_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def test_a_refusal_repeats_no_secret_and_logs_none(
    dev: Instance, ada: Facts, logged: LogCapture, canary: str
) -> None:
    for number, reply in enumerate(await _refusals(dev, ada, canary)):
        assert reply.status_code >= 400, number
        assert canary not in f"{reply.text}{reply.headers}", number
    assert canary not in str(logged.entries)


async def test_a_success_logs_nothing(dev: Instance, logged: LogCapture) -> None:
    user = await dev.sign_up("ada@example.org")
    await dev.refresh(user["refreshToken"])
    await code_for(dev, "PASSWORD_RESET", "ada@example.org")
    await dev.call("lookup", {"idToken": user["idToken"]})

    assert logged.entries == []


async def test_a_call_of_a_later_version_is_no_alarm(dev: Instance, logged: LogCapture) -> None:
    await dev.call("signInWithIdp", {"postBody": "id_token=secret"})

    assert logged.entries == []


async def test_a_fault_inside_is_logged_with_the_id_that_the_caller_is_told_and_nothing_else_is_told(
    strict: Instance, logged: LogCapture, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError("at the worst moment")

    monkeypatch.setattr(strict.app.auth.passwords, "sign_up", broken)
    reply = await strict.call("signUp", {"email": "ada@example.org", "password": canary})

    error = reply.json()["error"]
    assert (reply.status_code, error["message"], error["status"]) == (
        500,
        "Something went wrong inside the server.",
        "INTERNAL",
    )
    assert [(line["event"], line["request_id"]) for line in logged.entries] == [
        ("failed", reply.headers["x-request-id"])
    ]
    assert "at the worst moment" in logged.entries[0]["exception"]
    assert canary not in str(logged.entries)


async def test_a_fault_of_storage_is_logged_with_its_file_and_told_without(
    strict: Instance, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> Any:
        raise StorageFull("/srv/ecrin/ecrin.db: the disk is full")

    monkeypatch.setattr(strict.app.auth.anonymous, "sign_up", full)
    reply = await strict.call("signUp", {})

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert "/srv" not in reply.text
    assert [(line["code"], line["detail"]) for line in logged.entries] == [
        ("STORAGE_FULL", "/srv/ecrin/ecrin.db: the disk is full")
    ]

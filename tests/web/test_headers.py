"""Headers of every reply: caching (A32), framing and sniffing (A28), other origins (A30); texts that are code (A29)."""

import re
from typing import Any

import httpx
import pytest

from harness import V1, Instance, Opener
from web.wire import OAUTH, PASSWORD, SECURE_TOKEN, Facts, at_project, found, look_up

OPEN_TO_ORIGINS = {"identitytoolkit.googleapis.com", "securetoken.googleapis.com", "www.googleapis.com"}
KEY_DOCUMENTS = {"robot", "service_accounts", "identitytoolkit"}
DEVICES = {"updates", "stats", "channel_self", "files", "ok", "latency"}
SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(2)">'


async def _every_reply(instance: Instance, **headers: str) -> list[tuple[str, httpx.Response]]:
    replies = []
    for route in instance.app.web.table.routes:
        path = re.sub(r"\{\w+\}", "x", route.path.replace("{project}", instance.project.id))
        for credentials in ({}, instance.bearer):
            both = {**credentials, **headers}
            replies.append((path, await instance.http.request(route.method, path, headers=both)))
    return replies


async def test_a32_nothing_may_be_kept_by_a_cache_but_keys_and_a_stylesheet(strict: Instance) -> None:
    for path, reply in await _every_reply(strict):
        public = reply.headers["cache-control"].startswith("public, max-age=")
        document = reply.status_code == 200 and re.search(r"(x509|jwk)/|ublicKeys$|\.css$", path)
        assert public == bool(document), path
        assert public or reply.headers["cache-control"] == "no-store"


async def test_a32_token_replies_are_not_to_be_stored(dev: Instance, ada: Facts) -> None:
    replies = [
        await dev.call("signUp", {}),
        await dev.call("signInWithPassword", {"email": ada["email"], "password": PASSWORD}),
        await dev.call("signInWithCustomToken", {"token": '{"uid":"carol"}'}),
        await dev.refresh(ada["refreshToken"]),
        await dev.http.post(
            at_project(dev, ":createSessionCookie"), json={"idToken": ada["idToken"]}, headers=dev.bearer
        ),
        await dev.call("update", {"idToken": ada["idToken"], "password": "battery staple"}),
    ]

    assert [reply.status_code for reply in replies] == [200] * len(replies)
    assert {reply.headers["cache-control"] for reply in replies} == {"no-store"}


async def test_a28_every_reply_forbids_sniffing_and_names_no_referrer(strict: Instance) -> None:
    for path, reply in await _every_reply(strict):
        assert reply.headers["x-content-type-options"] == "nosniff", path
        assert reply.headers["referrer-policy"] == "no-referrer", path
        assert re.fullmatch(r"[0-9a-f]{16}", reply.headers["x-request-id"]), path
        assert "server" not in reply.headers
        assert "set-cookie" not in reply.headers


async def test_a28_every_page_forbids_frames_and_script(strict: Instance) -> None:
    pages = [reply for _, reply in await _every_reply(strict) if "html" in reply.headers.get("content-type", "")]

    assert pages
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy


async def test_a28_over_tls_every_reply_says_so_for_the_future(open_instance: Opener) -> None:
    async with open_instance(public_url="https://auth.example.org") as serve:
        reply = await serve.http.get("/healthz")

    assert reply.headers["strict-transport-security"] == "max-age=31536000"


async def test_a28_without_tls_nothing_is_said_of_it(serve: Instance) -> None:
    assert "strict-transport-security" not in (await serve.http.get("/healthz")).headers


@pytest.mark.parametrize("origin", ["https://app.example", "null", "file://", "capacitor://localhost", "http://x:1"])
async def test_a30_client_surfaces_answer_any_origin_without_credentials_and_the_others_none(
    strict: Instance, origin: str
) -> None:
    for path, reply in await _every_reply(strict, origin=origin):
        first = path.split("/")[1]
        assert "access-control-allow-credentials" not in reply.headers
        if first in OPEN_TO_ORIGINS | KEY_DOCUMENTS | DEVICES:
            assert reply.headers["access-control-allow-origin"] == origin, path
            assert "origin" in reply.headers["vary"].lower()
        else:
            assert not [name for name in reply.headers if name.startswith("access-control-")], path


async def test_a30_a_reply_to_no_origin_says_nothing_of_origins(serve: Instance) -> None:
    reply = await serve.call("signUp", {})

    assert not [name for name in reply.headers if name.startswith("access-control-")]


async def _preflight(serve: Instance, path: str, **headers: str) -> httpx.Response:
    asked = {"origin": "https://app.example", "access-control-request-method": "POST", **headers}
    return await serve.http.options(path, headers=asked)


async def test_a30_a_preflight_allows_what_the_sdk_sends(serve: Instance) -> None:
    sent = "content-type,x-client-version,x-firebase-locale,x-firebase-gmpid,x-firebase-client,x-firebase-appcheck"

    for path in (f"{V1}/accounts:signUp", SECURE_TOKEN, at_project(serve, "/accounts:lookup")):
        reply = await _preflight(serve, path, **{"access-control-request-headers": sent})
        assert (reply.status_code, reply.content) == (204, b"")
        assert "content-length" not in reply.headers
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        assert reply.headers["access-control-allow-methods"] == "POST"
        assert reply.headers["access-control-allow-headers"] == sent
        assert "access-control-allow-private-network" not in reply.headers
        assert "access-control-allow-credentials" not in reply.headers


async def test_a30_a_preflight_that_names_no_headers_is_told_the_usual_ones(serve: Instance) -> None:
    reply = await _preflight(serve, f"{V1}/accounts:signUp")

    assert "content-type" in reply.headers["access-control-allow-headers"]


async def test_a30_a_private_network_is_allowed_where_it_is_asked_for(serve: Instance) -> None:
    reply = await _preflight(serve, f"{V1}/accounts:signUp", **{"access-control-request-private-network": "true"})

    assert reply.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("path", ["/api/v1/projects", "/auth/action", "/healthz", "/readyz", OAUTH, "/"])
async def test_a30_a_preflight_elsewhere_is_refused(serve: Instance, path: str) -> None:
    reply = await _preflight(serve, path)

    assert reply.status_code == 405
    assert not [name for name in reply.headers if name.startswith("access-control-")]


async def test_a29_a_name_that_is_script_stays_a_text_in_json(dev: Instance, ada: Facts) -> None:
    await dev.call("update", {"idToken": ada["idToken"], "displayName": SCRIPT})

    reply = await dev.call("lookup", {"idToken": ada["idToken"]})

    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.json()["users"][0]["displayName"] == SCRIPT


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "vbscript:x",
        "//evil.example/x.png",
        "http://a b/",
        "http://a\n/",
        " javascript:alert(1)",
        "blob:https://a/b",
        "x" * 2049,
    ],
)
async def test_a29_a_photo_that_is_no_address_on_the_web_is_refused_everywhere(
    dev: Instance, ada: Facts, url: str
) -> None:
    calls: list[Any] = [
        await dev.call("update", {"idToken": ada["idToken"], "photoUrl": url}),
        await dev.admin("update", {"localId": ada["localId"], "photoUrl": url}),
        await dev.admin("", {"photoUrl": url}),
        await dev.admin(
            "update",
            {"localId": ada["localId"], "linkProviderUserInfo": {"providerId": "a.b", "rawId": "1", "photoUrl": url}},
        ),
    ]
    imported = (await dev.admin("batchCreate", {"users": [{"localId": "x", "photoUrl": url}]})).json()

    assert {reply.json()["error"]["message"] for reply in calls} == {"INVALID_PHOTO_URL"}
    assert imported["error"] == [{"index": 0, "message": "photo url is invalid"}]
    assert "photoUrl" not in await look_up(dev, ada["idToken"])


async def test_a29_claims_that_are_script_stay_a_text(dev: Instance, ada: Facts) -> None:
    claims = '{"role":"</script><script>alert(1)</script>"}'
    await dev.admin("update", {"localId": ada["localId"], "customAttributes": claims})

    assert (await found(dev, ada["localId"]))["customAttributes"] == claims


async def test_a29_a_refusal_does_not_repeat_what_was_sent(serve: Instance) -> None:
    for path in (f"{V1}/accounts:{SCRIPT}", f"/api/v1/{SCRIPT}", f"/auth/{SCRIPT}", f"/{SCRIPT}"):
        reply = await serve.http.get(path, params={"key": SCRIPT, "mode": SCRIPT, "oobCode": SCRIPT})
        assert "alert" not in reply.text

"""/api/v1 of apps, objects and bundles, as `ecrin push` and CI speak it."""

import hashlib
import io
import secrets
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ecrin.base.origin import SYSTEM
from harness import Instance
from web.wire import another, token_with

HELLO = b"<p>hello</p>"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def packed(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", ".")), data)
    return held.getvalue()


ARCHIVE = packed(index_html=HELLO)


@dataclass(frozen=True)
class Api:
    """An app at the API, and the headers of whoever asks."""

    instance: Instance
    id: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"/api/v1/apps/{self.id}"

    async def call(self, method: str, path: str = "", **request: Any) -> httpx.Response:
        headers = {**self.headers, **request.pop("headers", {})}
        return await self.instance.http.request(method, f"{self.path}{path}", headers=headers, **request)

    async def put(self, data: bytes) -> httpx.Response:
        return await self.call("PUT", f"/objects/{sha(data)}", content=data)

    async def publish(self, version: str = "1.0.0", data: bytes = ARCHIVE, **more: Any) -> httpx.Response:
        await self.put(data)
        body = {"version": version, "zip": sha(data), "checksum": sha(data), **more}
        return await self.call("POST", "/bundles", json=body)

    async def stable(self, channel: str = "production") -> str | None:
        return (await self.instance.app.updates.channels.get(self.id, channel)).version

    async def with_scope(self, scope: str) -> "Api":
        text = scope.format(project=self.instance.project.id, app=self.id)
        return Api(self.instance, self.id, await token_with(self.instance, text))


async def create(instance: Instance, app_id: str | None = None, **more: Any) -> httpx.Response:
    body = {"app_id": app_id or f"com.example.a{secrets.token_hex(6)}", **more}
    path = f"/api/v1/projects/{instance.project.id}/apps"
    return await instance.http.post(path, json=body, headers=instance.bearer)


@pytest.fixture
async def app(serve: Instance) -> Api:
    return Api(serve, (await create(serve)).json()["app_id"], serve.bearer)


@pytest.fixture
async def plain(strict: Instance) -> Api:
    """An app on the embedded engine alone, for tables of requests."""
    return Api(strict, (await create(strict)).json()["app_id"], strict.bearer)


def said(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json().get("code", "")


# --- apps


async def test_a_new_app_has_its_settings_and_a_public_channel(serve: Instance) -> None:
    reply = await create(serve, "com.Example.Notes-2", name="Notes")
    assert (reply.status_code, reply.json()) == (
        201,
        {
            "app_id": "com.Example.Notes-2",
            "project_id": serve.project.id,
            "name": "Notes",
            "created_at": serve.clock.now(),
            "settings": {
                "retention_days": 90,
                "expose_metadata": False,
                "stats_per_minute": 60_000,
                "max_devices": 1_000_000,
                "max_self_set": 100_000,
            },
        },
    )
    channel = await serve.app.updates.channels.get("com.Example.Notes-2", "production")
    assert channel.settings.public
    await serve.app.updates.apps.delete("com.Example.Notes-2", SYSTEM)


async def test_an_app_id_is_given_once_in_an_instance(app: Api) -> None:
    assert said(await create(await another(app.instance), app.id)) == (409, "APP_EXISTS")


@pytest.mark.parametrize("app_id", ["notes", "com..notes", "com.exämple", "com/x.y", "com.example ", "a." + "b" * 130])
async def test_an_app_id_is_a_reverse_domain(strict: Instance, app_id: str) -> None:
    assert said(await create(strict, app_id)) == (400, "INVALID_APP_ID")


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\u202eb", "a\0b"])
async def test_a_name_is_one_line(strict: Instance, name: str) -> None:
    assert said(await create(strict, name=name)) == (400, "INVALID_ARGUMENT")


async def test_settings_change_by_name(app: Api) -> None:
    reply = await app.call("PATCH", json={"name": "New", "settings": {"retention_days": 7}})
    assert (reply.json()["name"], reply.json()["settings"]["retention_days"]) == ("New", 7)
    assert (await app.call("GET")).json() == reply.json()


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"retention_days": -1}},
        {"settings": {"retention_days": True}},
        {"settings": {"expose_metadata": 1}},
        {"settings": {"nothing": 1}},
        {"nothing": 1},
        {"name": 1},
        [],
    ],
)
async def test_settings_that_cannot_be_are_refused(plain: Api, body: Any) -> None:
    assert said(await plain.call("PATCH", json=body)) == (400, "INVALID_ARGUMENT")


async def test_the_list_has_the_apps_of_the_project(app: Api) -> None:
    await create(await another(app.instance))
    path = f"/api/v1/projects/{app.instance.project.id}/apps"
    reply = await app.instance.http.get(path, headers=app.headers)
    assert [found["app_id"] for found in reply.json()["apps"]] == [app.id]


async def test_the_list_has_only_what_the_caller_may_read(app: Api) -> None:
    await create(app.instance)
    path = f"/api/v1/projects/{app.instance.project.id}/apps"
    headers = (await app.with_scope("{project}/{app}/production:read")).headers
    reply = await app.instance.http.get(path, headers=headers)
    assert [found["app_id"] for found in reply.json()["apps"]] == [app.id]


async def test_a_deleted_app_is_gone_with_all_that_belonged_to_it(app: Api) -> None:
    await app.publish(channel="production")
    assert (await app.call("DELETE")).status_code == 204
    assert said(await app.call("GET")) == (404, "APP_NOT_FOUND")
    assert (await create(app.instance, app.id)).status_code == 201
    assert (await app.call("GET", "/bundles")).json()["bundles"] == []


@pytest.mark.parametrize("path", ["", "/bundles", "/bundles/1.0.0"])
async def test_somebody_elses_app_and_none_are_answered_alike(plain: Api, path: str) -> None:
    stranger = await token_with(plain.instance, "another-project:all")
    none = Api(plain.instance, "com.example.none", stranger)
    theirs = Api(plain.instance, plain.id, stranger)
    assert said(await theirs.call("GET", path)) == said(await none.call("GET", path)) == (404, "APP_NOT_FOUND")


# --- objects


async def test_only_what_is_missing_must_be_sent(app: Api) -> None:
    assert (await app.put(b"abc")).status_code == 204
    reply = await app.call("POST", "/objects:missing", json={"hashes": [sha(b"abc"), sha(b"x")]})
    assert reply.json() == {"missing": [sha(b"x")]}


async def test_an_object_may_be_sent_again(app: Api) -> None:
    await app.put(b"abc")
    assert (await app.put(b"abc")).status_code == 204


async def test_a_large_object_comes_in_pieces(app: Api) -> None:
    data = bytes(range(256)) * 4096 * 5

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 65_536):
            yield data[start : start + 65_536]

    headers = {"content-length": str(len(data))}
    reply = await app.call("PUT", f"/objects/{sha(data)}", content=body(), headers=headers)
    assert (reply.status_code, await app.instance.app.updates.objects.size(app.id, sha(data))) == (204, len(data))


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        (sha(b"other"), {}, (400, "OBJECT_MISMATCH")),
        (sha(b"abc"), {"content-length": "2"}, (400, "OBJECT_MISMATCH")),
        (sha(b"abc"), {"content-length": "4"}, (400, "OBJECT_MISMATCH")),
        (sha(b"abc"), {"content-length": "-3"}, (400, "INVALID_ARGUMENT")),
        (sha(b"abc"), {"content-length": "x"}, (400, "INVALID_ARGUMENT")),
        (sha(b"abc"), {"content-length": str(2**40)}, (413, "CONTENT_TOO_LARGE")),
        (sha(b"abc").upper(), {}, (400, "INVALID_ARGUMENT")),
        ("%2e%2e", {}, (400, "INVALID_ARGUMENT")),
        ("abc", {}, (400, "INVALID_ARGUMENT")),
    ],
)
async def test_an_object_that_is_not_what_is_said_is_refused_and_leaves_nothing(
    plain: Api, path: str, headers: dict[str, str], code: tuple[int, str]
) -> None:
    assert said(await plain.call("PUT", f"/objects/{path}", content=b"abc", headers=headers)) == code
    missing = await plain.call("POST", "/objects:missing", json={"hashes": [sha(b"abc")]})
    assert missing.json() == {"missing": [sha(b"abc")]}


async def test_an_object_without_a_length_is_refused(plain: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"abc"

    assert said(await plain.call("PUT", f"/objects/{sha(b'abc')}", content=body())) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("hashes", [["x"], ["A" * 64], [1], "x", [sha(b"")] * 20_001])
async def test_hashes_that_are_none_are_refused(plain: Api, hashes: Any) -> None:
    assert said(await plain.call("POST", "/objects:missing", json={"hashes": hashes})) == (400, "INVALID_ARGUMENT")


# --- bundles


async def test_a_push_is_objects_then_a_bundle_that_the_channel_points_at(app: Api) -> None:
    reply = await app.publish(channel="production", comment="first", source_commit="abc")
    assert reply.status_code == 201
    assert reply.json() == (await app.call("GET", "/bundles/1.0.0")).json()
    assert reply.json()["zip_size"] == len(ARCHIVE)
    assert await app.stable() == "1.0.0"


async def test_a_bundle_that_is_refused_moves_no_channel(app: Api) -> None:
    await app.publish(channel="production")
    assert said(await app.publish("1.0.0", packed(index_html=b"other"), channel="production")) == (409, "BUNDLE_EXISTS")
    assert said(await app.publish("2.0.0", packed(a_js=b"other"), channel="production")) == (400, "INVALID_BUNDLE")
    assert await app.stable() == "1.0.0"


async def test_a_channel_that_is_not_there_refuses_the_bundle(app: Api) -> None:
    assert said(await app.publish(channel="beta")) == (404, "CHANNEL_NOT_FOUND")
    assert said(await app.call("GET", "/bundles/1.0.0")) == (404, "BUNDLE_NOT_FOUND")


async def test_a_channel_can_come_with_its_first_bundle(app: Api) -> None:
    assert (await app.publish(channel="beta", create_channel=True)).status_code == 201
    assert await app.stable("beta") == "1.0.0"


@pytest.mark.parametrize(
    ("more", "code", "versions", "stable"),
    [
        ({"channel": "production"}, (409, "ROLLOUT_UNDER_WAY"), ["1.1.0", "1.0.0"], "1.0.0"),
        ({"channel": "production", "end_rollout": True}, (201, ""), ["1.2.0", "1.1.0", "1.0.0"], "1.2.0"),
        ({}, (201, ""), ["1.2.0", "1.1.0", "1.0.0"], "1.0.0"),
    ],
)
async def test_a_bundle_for_a_channel_under_a_rollout_is_refused_unless_that_is_to_end(
    app: Api, more: dict[str, Any], code: tuple[int, str], versions: list[str], stable: str
) -> None:
    await app.publish(channel="production")
    await app.publish("1.1.0")
    await app.call("POST", "/channels/production/rollout", json={"version": "1.1.0", "share_percent": 5})

    assert said(await app.publish("1.2.0", **more)) == code

    found = (await app.call("GET", "/bundles")).json()["bundles"]
    under_way = (await app.call("GET", "/channels/production/rollout")).json()["rollout"]
    assert ([b["version"] for b in found], await app.stable()) == (versions, stable)
    assert (under_way is None) is (stable == "1.2.0")


async def test_a_lost_reply_can_be_asked_for_again(app: Api) -> None:
    first = await app.publish(channel="beta", create_channel=True)
    again = await app.publish(channel="beta", create_channel=True)
    assert (again.status_code, again.json()) == (201, first.json())


async def test_a_manifest_is_published_and_shown(app: Api) -> None:
    await app.put(HELLO)
    entry = {"name": "index.html", "hash": sha(HELLO), "object": sha(HELLO), "size": len(HELLO)}
    await app.put(ARCHIVE)
    reply = await app.publish(manifest=[entry])
    assert (reply.status_code, reply.json()["manifest"], reply.json()["files"]) == (201, [entry], 1)


async def test_lists_go_on_where_they_ended(plain: Api) -> None:
    for i in range(53):
        await plain.publish(f"1.0.{i}")
    first = (await plain.call("GET", "/bundles")).json()
    second = (await plain.call("GET", "/bundles", params={"cursor": first["next_cursor"]})).json()
    seen = [bundle["version"] for bundle in first["bundles"] + second["bundles"]]
    assert (seen, second["next_cursor"]) == ([f"1.0.{i}" for i in reversed(range(53))], None)


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "²", "1 OR 1=1"])
async def test_a39_a_cursor_that_is_none_is_refused(plain: Api, cursor: str) -> None:
    assert said(await plain.call("GET", "/bundles", params={"cursor": cursor})) == (400, "INVALID_ARGUMENT")


async def test_link_and_comment_change_by_name(app: Api) -> None:
    await app.publish(comment="old", link="https://a.b/")
    reply = await app.call("PATCH", "/bundles/1.0.0", json={"comment": "new"})
    assert (reply.json()["comment"], reply.json()["link"]) == ("new", "https://a.b/")


async def test_a_bundle_in_use_stays_and_another_goes(app: Api) -> None:
    await app.publish(channel="production")
    await app.publish("2.0.0", packed(index_html=b"two"))
    assert said(await app.call("DELETE", "/bundles/1.0.0")) == (409, "BUNDLE_IN_USE")
    assert (await app.call("DELETE", "/bundles/2.0.0")).status_code == 204
    assert said(await app.call("GET", "/bundles/2.0.0")) == (404, "BUNDLE_NOT_FOUND")


async def test_a_version_with_build_metadata_has_a_path(app: Api) -> None:
    await app.publish("1.0.0-rc.1+build.5")
    assert (await app.call("GET", "/bundles/1.0.0-rc.1+build.5")).json()["version"] == "1.0.0-rc.1+build.5"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "1.0"}, "INVALID_VERSION"),
        ({"version": "v1.0.0"}, "INVALID_VERSION"),
        ({"version": "builtin"}, "INVALID_VERSION"),
        ({"version": "1.0.0\n"}, "INVALID_VERSION"),
        ({"version": "1.0.0/.."}, "INVALID_VERSION"),
        ({"version": "\u0661.0.0"}, "INVALID_VERSION"),
        ({"version": f"1.0.{'9' * 5000}"}, "INVALID_VERSION"),
        ({"version": 1}, "INVALID_ARGUMENT"),
        ({"nothing": 1}, "INVALID_ARGUMENT"),
        ({"min_native": "1"}, "INVALID_VERSION"),
        ({"zip": "../x"}, "INVALID_ARGUMENT"),
        ({"zip": None}, "INVALID_BUNDLE"),
        ({"zip": sha(b"none"), "checksum": sha(b"none")}, "OBJECTS_MISSING"),
        ({"checksum": ""}, "INVALID_BUNDLE"),
        ({"checksum": sha(b"other")}, "INVALID_BUNDLE"),
        ({"checksum": "deadbeef"}, "INVALID_BUNDLE"),
        ({"external_url": "https://cdn.example.com/a.zip"}, "INVALID_BUNDLE"),
        ({"external_url": "http://cdn.example.com/a.zip", "zip": None}, "INVALID_BUNDLE"),
        ({"external_url": "https://user@cdn.example.com/", "zip": None}, "INVALID_BUNDLE"),
        ({"external_url": "", "zip": None}, "INVALID_BUNDLE"),
        ({"session_key": "x"}, "INVALID_BUNDLE"),
        ({"key_id": "MIIBCgKCAQEAabcd"}, "INVALID_BUNDLE"),
        ({"link": "javascript:alert(1)"}, "INVALID_BUNDLE"),
        ({"comment": "x" * 3000}, "INVALID_BUNDLE"),
        ({"comment": "a\0b"}, "INVALID_BUNDLE"),
        ({"source_commit": "a\nb" * 99}, "INVALID_BUNDLE"),
        ({"channel": "../x"}, "INVALID_CHANNEL_NAME"),
        ({"channel": ""}, "INVALID_CHANNEL_NAME"),
        ({"manifest": [{"name": "index.html", "hash": "x", "object": "y", "size": 1}]}, "INVALID_BUNDLE"),
        ({"manifest": [{"name": "../index.html", "hash": sha(b""), "object": sha(b""), "size": 0}]}, "INVALID_BUNDLE"),
        ({"manifest": [{"name": "a.js", "hash": sha(b""), "object": sha(b""), "size": 0}]}, "INVALID_BUNDLE"),
        ({"manifest": [{"name": "index.html"}]}, "INVALID_ARGUMENT"),
    ],
)
async def test_a_bundle_that_cannot_be_is_refused_and_nothing_is_visible(
    plain: Api, change: dict[str, Any], code: str
) -> None:
    await plain.put(ARCHIVE)
    body = {"version": "1.0.0", "zip": sha(ARCHIVE), "checksum": sha(ARCHIVE), "channel": "production", **change}
    reply = await plain.call("POST", "/bundles", json=body)
    assert (reply.status_code in {400, 409}, reply.json()["code"]) == (True, code)
    assert (await plain.call("GET", "/bundles")).json()["bundles"] == []
    assert await plain.stable() is None


async def test_a_body_that_is_too_large_is_refused(plain: Api) -> None:
    assert said(await plain.call("PATCH", content=b"x" * 70_000)) == (413, "CONTENT_TOO_LARGE")


# --- who may


@pytest.mark.parametrize(
    ("scope", "channel", "create", "code"),
    [
        ("{project}:upload", "production", False, 201),
        ("{project}/{app}:upload", "production", False, 201),
        ("{project}/{app}:upload", None, False, 201),
        ("{project}/{app}/production:upload", "production", False, 201),
        ("{project}/{app}/production:upload", None, False, 403),
        ("{project}/{app}/production:upload", "beta", False, 403),
        ("{project}/{app}/production:read", "production", False, 403),
        ("{project}/{app}:upload", "beta", True, 403),
        ("{project}/{app}/beta:upload", "beta", True, 403),
        ("{project}/{app}/beta:write", "beta", True, 201),
        ("{project}:read", "production", False, 403),
    ],
)
async def test_a_token_moves_the_channels_of_its_scope_only(
    plain: Api, scope: str, channel: str | None, create: bool, code: int
) -> None:
    await plain.put(ARCHIVE)
    token = await plain.with_scope(scope)
    body = {"version": "1.0.0", "zip": sha(ARCHIVE), "checksum": sha(ARCHIVE), "channel": channel}
    reply = await token.call("POST", "/bundles", json={**body, "create_channel": create})
    assert reply.status_code == code
    seen = (await plain.call("GET", "/bundles")).json()["bundles"]
    moved = "1.0.0" if (code, channel) == (201, "production") else None
    assert (len(seen), await plain.stable()) == (int(code == 201), moved)


async def test_a_token_for_channels_that_names_none_is_told_which_it_has(plain: Api) -> None:
    scopes = [f"{plain.instance.project.id}/{plain.id}/{channel}:upload" for channel in ("production", "beta")]
    others = [f"{plain.instance.project.id}/{plain.id}/gamma:read", f"{plain.instance.project.id}/com.example.x/d:all"]
    reply = await Api(plain.instance, plain.id, await token_with(plain.instance, *scopes, *others)).publish()
    assert said(reply) == (403, "PERMISSION_DENIED")
    assert "--channel beta or --channel production" in reply.json()["hint"]
    assert "gamma" not in reply.text


@pytest.mark.parametrize("scope", ["{project}/{app}/production:upload", "{project}/{app}:upload", "{project}:upload"])
async def test_an_upload_token_sends_objects_and_changes_nothing_else(plain: Api, scope: str) -> None:
    await plain.publish()
    token = await plain.with_scope(scope)
    assert (await token.put(b"abc")).status_code == 204
    assert (await token.call("GET", "/bundles/1.0.0")).status_code == 200
    assert said(await token.call("DELETE", "/bundles/1.0.0")) == (403, "PERMISSION_DENIED")
    assert said(await token.call("PATCH", "/bundles/1.0.0", json={"comment": "x"})) == (403, "PERMISSION_DENIED")
    assert said(await token.call("PATCH", json={"name": "x"})) == (403, "PERMISSION_DENIED")
    assert said(await token.call("DELETE")) == (403, "PERMISSION_DENIED")

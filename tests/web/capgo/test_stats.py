"""`/stats` as the clients of the sheet see it (§3): replies, what is kept, what is refused, and that it lasts."""

import sys
from typing import Any

import pytest

from ecrin.base.clock import DAY, MINUTE
from ecrin.base.origin import SYSTEM
from ecrin.web.capgo.errors import InvalidJsonBody
from ecrin.web.capgo.stats import MAX_EVENTS, parsed
from harness import Opener
from web.capgo.world import DEVICE, World, new_world

OK = {"status": "ok"}
OTHER_DEVICE = "0a1b2c3d-0000-4000-8000-00000000002b"


@pytest.fixture
async def app(world: World) -> World:
    """An app with the bundles 1.1.0 and 1.2.0."""
    await world.bundle("1.1.0")
    await world.bundle("1.2.0")
    await world.point("1.2.0")
    return world


@pytest.fixture
async def near(here: World) -> World:
    """The same on the embedded engine alone."""
    await here.bundle("1.2.0")
    return here


def event(world: World, action: Any = "set", client: str = "android 8.51", **changes: Any) -> dict[str, Any]:
    """An event as a client sends it."""
    more = {"old_version_name": "builtin", "action": action, "timestamp": 1_800_000_000_000, "version_name": "1.2.0"}
    return world.info(client, **{**more, **changes})


async def report(world: World, body: Any) -> tuple[int, Any]:
    """POST /stats; the status and the body of the reply."""
    reply = await world.http.post("/stats", json=body)
    return reply.status_code, reply.json()


async def counted(world: World, **only: str) -> dict[str, int]:
    """How often each action was counted today."""
    now = world.instance.clock.now()
    stats = world.instance.app.updates.stats
    points = await stats.series(world.app.id, DAY, now, now + 1, by="action", only=only)
    return {point.key: point.count for point in points}


async def test_one_event_is_answered_ok_and_counted(app: World) -> None:
    assert await report(app, event(app)) == (200, OK)
    assert await counted(app) == {"set": 1, "*install": 1}


async def test_an_array_is_answered_by_index_and_counted(app: World) -> None:
    events = [event(app, "download_complete"), event(app, "set"), event(app, "app_moved_to_foreground")]
    status, body = await report(app, events)
    assert (status, body) == (200, {"status": "ok", "results": [{"status": "ok", "index": i} for i in range(3)]})
    assert await counted(app) == {"download_complete": 1, "set": 1, "*install": 1, "app_moved_to_foreground": 1}


async def test_an_empty_array_has_no_results(near: World) -> None:
    assert await report(near, []) == (200, {"status": "ok", "results": []})


async def test_an_array_of_two_apps_is_mixed(near: World) -> None:
    status, body = await report(near, [event(near), event(near, app_id="com.example.other")])
    assert (status, body["error"]) == (200, "mixed_app_ids")
    assert await counted(near) == {}


@pytest.mark.parametrize("many", [False, True])
async def test_an_unknown_app_is_answered_as_by_updates(near: World, many: bool) -> None:
    body = event(near, app_id="com.example.nowhere")
    asked = await near.check(app_id="com.example.nowhere")
    assert await report(near, [body] if many else body) == (200, asked.json())
    assert asked.json()["error"] == "on_premise_app"
    assert asked.json()["kind"] == "blocked"


async def test_an_unknown_version_is_a_soft_error(near: World) -> None:
    status, body = await report(near, event(near, version_name="9.9.9"))
    assert (status, body) == (200, {"error": "version_not_found", "message": "Version not found"})


async def test_in_an_array_the_events_of_known_versions_are_kept(near: World) -> None:
    _, body = await report(near, [event(near, version_name="9.9.9"), event(near, "ping")])
    wrong = {
        "status": "error",
        "error": "version_not_found",
        "message": "Version not found",
        "index": 0,
        "moreInfo": {},
    }
    assert body == {"status": "ok", "results": [wrong, {"status": "ok", "index": 1}]}
    assert await counted(near) == {"ping": 1}


async def test_a_version_with_a_path_is_cut_at_the_colon(near: World) -> None:
    assert await report(near, event(near, "download_manifest_file_fail", version_name="1.2.0:js/app.js")) == (200, OK)
    assert await counted(near, version="1.2.0") == {"download_manifest_file_fail": 1}


@pytest.mark.parametrize("version", ["builtin", "unknown"])
async def test_builtin_and_unknown_are_versions(near: World, version: str) -> None:
    assert await report(near, event(near, "ping", version_name=version)) == (200, OK)
    assert await counted(near, version=version) == {"ping": 1}


async def test_electron_says_its_own_version_and_means_builtin(near: World) -> None:
    assert await report(near, event(near, "ping", "electron", version_name="1.0.0")) == (200, OK)
    assert await counted(near, version="builtin") == {"ping": 1}


@pytest.mark.parametrize("action", ["session_key_required", "never_heard_of", "app_crash", "NoChannelOrOverride"])
async def test_every_action_is_counted_under_its_name(near: World, action: str) -> None:
    assert await report(near, event(near, action, is_prod=False)) == (200, OK)
    assert await counted(near) == {action: 1}


async def test_electron_repeats_set_and_is_one_install(app: World) -> None:
    for _ in range(3):
        assert await report(app, event(app, "set", "electron", version_name="1.2.0")) == (200, OK)
    assert await counted(app) == {"set": 3, "*install": 1}


@pytest.mark.parametrize("what", [{"is_emulator": True}, {"is_prod": False}])
async def test_emulators_and_development_builds_are_no_installs(near: World, what: dict[str, bool]) -> None:
    await report(near, event(near, **what))
    assert await counted(near) == {"set": 1}


@pytest.mark.parametrize(
    ("client", "plugin", "kept"),
    [
        ("android 8.51", "7.16.9", False),
        ("android 8.51", "7.17.0", True),
        ("android 8.51", "6.14.24", False),
        ("android 8.51", "6.14.25", True),
        ("android 8.51", "10.0.0", True),
        ("electron", "0.0.1", True),
    ],
)
async def test_failed_downloads_of_old_plugins_are_answered_and_not_counted(
    near: World, client: str, plugin: str, kept: bool
) -> None:
    assert await report(near, event(near, "download_fail", client, plugin_version=plugin)) == (200, OK)
    assert ("download_fail" in await counted(near)) is kept


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device_id": ...}, "missing_device_id"),
        ({"app_id": ...}, "missing_app_id"),
        ({"app_id": "nonsense"}, "invalid_json_body"),
        ({"device_id": "nonsense"}, "invalid_json_body"),
        ({"action": ...}, "invalid_json_body"),
        ({"action": 7}, "invalid_json_body"),
        ({"action": "*install"}, "invalid_json_body"),
        ({"action": "a" * 65}, "invalid_json_body"),
        ({"platform": "windows"}, "invalid_json_body"),
        ({"version_build": "x.y"}, "semver_error"),
        ({"platform": ...}, "missing_info"),
        ({"metadata": "text"}, "invalid_json_body"),
        ({"timestamp": "yesterday"}, "invalid_json_body"),
    ],
)
async def test_an_event_of_the_wrong_form_is_refused(near: World, changes: dict[str, Any], code: str) -> None:
    status, body = await report(near, event(near, **changes))
    assert (status, body["error"], body["moreInfo"]) == (400, code, {})
    assert body["message"]


async def test_in_an_array_an_event_of_the_wrong_form_costs_no_other(near: World) -> None:
    _, body = await report(near, [event(near, "ping"), event(near, device_id=7), 5, event(near, "ping")])
    assert [result["status"] for result in body["results"]] == ["ok", "error", "error", "ok"]
    assert [result["index"] for result in body["results"]] == [0, 1, 2, 3]
    assert await counted(near) == {"ping": 2}


@pytest.mark.parametrize("raw", [b"", b"{", b"[", b"\xff", b'{"app_id":"\\ud800"}', b"[" * 100_000])
async def test_what_is_no_json_is_refused(near: World, raw: bytes) -> None:
    reply = await near.http.post("/stats", content=raw)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_json_parse_body")


async def test_a_body_of_a_megabyte_is_refused(near: World) -> None:
    reply = await near.http.post("/stats", content=b"[" + b" " * 2**20 + b"]")
    assert (reply.status_code, reply.json()["error"]) == (413, "content_too_large")


def steps(raw: bytes) -> int:
    """How many functions are called before an array is refused."""
    called, before = 0, sys.getprofile()

    def count(_: object, event: str, __: object) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count)
    try:
        with pytest.raises(InvalidJsonBody):
            parsed(raw)
    finally:
        sys.setprofile(before)
    return called


def test_an_array_of_too_many_events_is_refused_before_each_is_looked_at() -> None:
    """A quarter of a million of them took three seconds, in which nobody else was answered."""
    few, many = (steps(b"[" + b"1," * more + b"1]") for more in (MAX_EVENTS, 250_000))
    assert few == many


async def test_get_says_that_reports_are_taken(near: World) -> None:
    reply = await near.http.get("/stats")
    assert (reply.status_code, reply.json()) == (200, OK)


async def quota(world: World, events: int) -> None:
    await world.instance.app.updates.apps.update(world.app.id, SYSTEM, name=None, settings={"stats_per_minute": events})


async def test_beyond_its_quota_an_app_is_told_when_to_come_back(near: World) -> None:
    await quota(near, 5)
    assert (await report(near, [event(near, "ping")] * 5))[0] == 200
    near.instance.clock.tick(MINUTE - 20_000 - near.instance.clock.now() % MINUTE)
    reply = await near.http.post("/stats", json=event(near, "ping"))
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "20")
    assert (reply.json()["error"], reply.json()["moreInfo"]["retryAfterSeconds"]) == ("too_many_requests", 20)
    assert await counted(near) == {"ping": 5}


@pytest.mark.parametrize(
    ("flood", "other", "status"),
    [
        ("2001:db8::1", "2001:db8::2", 429),
        ("198.51.100.1", "::ffff:198.51.100.1", 429),
        ("2001:db8::1", "2001:db8:0:1::1", 503),
        ("198.51.100.1", "198.51.100.2", 503),
    ],
)
async def test_whose_flood_it_is_is_told_by_network_however_its_address_is_spelled(
    near: World, flood: str, other: str, status: int
) -> None:
    await quota(near, 20)
    await near.http.post("/stats", json=[event(near, "ping")] * 20, headers={"x-forwarded-for": flood})
    reply = await near.http.post("/stats", json=event(near, "ping"), headers={"x-forwarded-for": other})
    assert reply.status_code == status


async def test_in_the_next_minute_the_quota_is_new(near: World) -> None:
    await quota(near, 5)
    await report(near, [event(near, "ping")] * 5)
    near.instance.clock.tick(MINUTE)
    assert await report(near, event(near, "ping")) == (200, OK)


async def test_a_restart_keeps_what_was_answered(open_instance: Opener) -> None:
    async with open_instance() as first:
        world = await new_world(first)
        await world.bundle("1.2.0")
        assert await report(world, [event(world), event(world, "ping")]) == (
            200,
            {"status": "ok", "results": [{"status": "ok", "index": 0}, {"status": "ok", "index": 1}]},
        )
    async with open_instance(clock=first.clock) as second:
        again = World(second, world.app)
        assert await counted(again) == {"set": 1, "*install": 1, "ping": 1}
        await report(again, event(again))
        assert await counted(again) == {"set": 2, "*install": 1, "ping": 1}


async def said(world: World) -> dict[str, str]:
    """The version that the inventory has for each device."""
    stats = world.instance.app.updates.stats
    await stats.devices.flush()
    return {device.device_id: device.version_name for device in await stats.inventory(world.app.id)}


async def test_a_device_is_noted_with_the_version_it_runs(app: World) -> None:
    await app.check(version_name="1.1.0")
    assert await said(app) == {DEVICE: "1.1.0"}
    await report(app, [event(app, "download_complete"), event(app, "update_fail")])
    assert await said(app) == {DEVICE: "1.1.0"}
    await report(app, event(app, "set"))
    assert await said(app) == {DEVICE: "1.2.0"}


async def test_a_device_is_active_once_a_day(app: World) -> None:
    stats = app.instance.app.updates.stats
    for _ in range(2):
        await app.check()
        await app.check(device_id=OTHER_DEVICE, version_name="1.1.0")
        await stats.devices.flush()
        await app.check(version_name="1.1.0")
        await stats.devices.flush()
    app.instance.clock.tick(DAY)
    await app.check()
    await stats.devices.flush()
    present, by_day = await stats.active(app.app.id, 7)
    assert (present, [count for _, count in by_day]) == (2, [2, 1])


async def test_what_updates_answered_is_counted(app: World) -> None:
    await app.check()
    await app.check(version_name="1.2.0")
    await app.instance.app.updates.stats.devices.flush()
    assert {k: v for k, v in (await counted(app)).items() if not k.startswith("*")} == {"get": 1, "noNew": 1}


async def test_a_device_with_odd_texts_is_noted(app: World) -> None:
    await report(app, event(app, version_os="1\x004", custom_id="é\u2028" + "x" * 500))
    assert await said(app) == {DEVICE: "1.2.0"}


async def test_the_words_of_an_event_are_kept(app: World) -> None:
    metadata = {f"k{i}" + "y" * 100: "z" * 5000 for i in range(40)}
    assert await report(app, event(app, "app_crash", metadata={**metadata, "n": 5})) == (200, OK)

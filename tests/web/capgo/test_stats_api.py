"""/api/v1/apps/{app}/stats: what operators see of what devices reported."""

from typing import Any

import pytest

from ecrin.base.clock import HOUR, MINUTE
from web.capgo.world import World
from web.wire import another, token_with


@pytest.fixture
async def app(world: World) -> World:
    """Four devices that installed 1.2.0, a minute apart; the last two failed, one of them to download."""
    await world.bundle("1.2.0")
    await world.point("1.2.0")
    for number in range(4):
        who = {"device_id": f"0a1b2c3d-0000-4000-8000-{number:012x}", "version_name": "1.2.0"}
        actions = ["download_complete", "set"] if number < 3 else ["download_fail"]
        await world.check(device_id=who["device_id"])
        await world.http.post("/stats", json=[world.info(action=a, **who) for a in actions])
        world.instance.clock.tick(MINUTE)
    await world.http.post(
        "/stats", json=world.info(action="app_crash", **{**who, "device_id": who["device_id"][:-1] + "2"})
    )
    await world.instance.app.updates.stats.devices.flush()
    return world


async def get(world: World, what: str, **query: Any) -> Any:
    path = f"/api/v1/apps/{world.app.id}/stats/{what}"
    reply = await world.http.get(path, params=query, headers=world.instance.bearer)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_the_summary_says_what_became_of_each_version(app: World) -> None:
    found = await get(app, "summary", days=7)
    assert found["active_devices"] == 4
    assert [day["devices"] for day in found["active_by_day"]] == [4]
    assert found["versions"] == [
        {
            "version": "1.2.0",
            "attempts": 4,
            "installs": 3,
            "failures": 2,
            "success_rate": 0.5,
            "downloads": 3,
            "offers": 4,
        }
    ]


async def test_a_series_is_by_the_minute_and_of_what_is_asked_for(app: World) -> None:
    found = await get(app, "series", step="minute", action="set", by="version")
    assert [(point["version"], point["count"]) for point in found["points"]] == [("1.2.0", 1)] * 3
    assert [b["at"] - a["at"] for a, b in zip(found["points"], found["points"][1:], strict=False)] == [MINUTE, MINUTE]


async def test_a_series_has_a_line_for_each_value(app: World) -> None:
    now = app.instance.clock.now()
    found = await get(app, "series", step="hour", to=now, **{"from": now - HOUR})
    total: dict[str, int] = {}
    for point in found["points"]:
        total[point["action"]] = total.get(point["action"], 0) + point["count"]
    assert total["set"] == 3
    assert total["download_fail"] == 1


async def test_the_adoption_says_how_long_it_took(app: World) -> None:
    found = await get(app, "adoption", version="1.2.0")
    assert (found["active_devices"], found["installed"]) == (4, 3)
    assert found["milliseconds_to_percent"] == {"50": MINUTE, "90": None, "95": None}
    assert [point["devices"] for point in found["curve"]] == [1, 2, 3]


async def test_failures_have_reasons(app: World) -> None:
    found = (await get(app, "failures"))["failures"]
    seen = {row["reason"]: (row["events"], row["crash"], row["blames_bundle"]) for row in found}
    assert seen == {"app_crash": (1, True, True), "download_fail": (1, False, False)}
    assert (await get(app, "failures", version="9.9.9"))["failures"] == []


@pytest.mark.parametrize(
    "what",
    [
        "summary?days=0",
        "summary?days=x",
        "summary?days=401",
        "series?step=week",
        "series?by=device_id",
        "series?step=minute&from=0",
        "series?from=x",
        "series?from=5000&to=1",
        "adoption",
        "failures?days=-1",
    ],
)
async def test_what_cannot_be_answered_is_refused(here: World, what: str) -> None:
    reply = await here.http.get(f"/api/v1/apps/{here.app.id}/stats/{what}", headers=here.instance.bearer)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("what", ["summary", "series", "adoption?version=1.2.0", "failures"])
async def test_nobody_else_sees_them(here: World, what: str) -> None:
    path = f"/api/v1/apps/{here.app.id}/stats/{what}"
    stranger = await token_with(here.instance, f"{(await another(here.instance)).project.id}:all")
    reader = await token_with(here.instance, f"{here.instance.project.id}/{here.app.id}:read")
    answers = [(await here.http.get(path, headers=headers)).status_code for headers in ({}, stranger, reader)]
    assert answers == [401, 404, 200]


@pytest.mark.parametrize(
    ("says", "action"),
    [
        ({"version_build": "junk"}, "semver_error"),
        ({"version_build": "unknown"}, "unknown_version_build"),
        ({"version_name": ""}, "missing_info"),
        ({"plugin_version": "4.1.0"}, "backend_refusal"),
    ],
)
async def test_devices_that_could_not_be_asked_for_are_seen(world: World, says: dict[str, Any], action: str) -> None:
    """Otherwise an app whose native version no device says well gets no update, and nobody hears of it."""
    for _ in range(2):
        assert "error" in (await world.check(**says)).json()
    await world.instance.app.updates.stats.devices.flush()
    found = (await get(world, "series", step="minute", by="action"))["points"]
    assert [(point["action"], point["count"]) for point in found] == [(action, 2)]
    platforms = (await get(world, "series", step="minute", by="platform"))["points"]
    assert [point["platform"] for point in platforms] == ["android"]


async def test_an_app_that_is_not_there_is_counted_for_nobody(here: World) -> None:
    devices = here.instance.app.updates.stats.devices
    for says in ({"version_build": "junk"}, {}):
        await here.check(app_id="com.example.unknown", **says)
    assert "com.example.unknown" not in {app_id for app_id, *_ in [*devices._counts, *devices._pending]}

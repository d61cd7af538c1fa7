"""`/channel_self`: bodies of protocol sheet §4, for plugins that keep their choice, older ones, and Electron."""

from typing import Any

import httpx
import pytest

from ecrin.base.clock import DAY, MINUTE
from ecrin.base.origin import SYSTEM
from ecrin.updates.channels.rules import audience
from ecrin.web.capgo.throttle import MOST
from web.capgo.world import DEVICE, World

PATH = "/channel_self"
NEW = ["android 8.51", "ios 8.51"]
OLD = ["android 5.10", "android 6.25", "ios 7.0.35"]  # all below .34 of their lines
KEPT_HERE = [*OLD, "electron"]
OK = {"status": "ok"}
CHOSEN = {"status": "ok", "allowSet": True}


@pytest.fixture
async def lines(world: World) -> World:
    return await _lines(world)


@pytest.fixture
async def desk_lines(here: World) -> World:
    return await _lines(here)


async def _lines(world: World) -> World:
    """`production` public, `beta` and `alpha` for who wants them, `inside` for nobody; each with its own bundle."""
    for version in ("1.0.1", "1.0.2", "1.0.3", "1.0.4"):
        await world.bundle(version)
    await world.point("1.0.1")
    await world.channel("beta", "1.0.2", allow_device_self_set=True)
    await world.channel("alpha", "1.0.3", allow_device_self_set=True, public=False)
    await world.channel("inside", "1.0.4")
    return world


async def choose(world: World, client: str, channel: Any, **changes: Any) -> httpx.Response:
    said = {"action": "set"} if client == "electron" else {}
    return await world.http.post(PATH, json=world.info(client, channel=channel, **said, **changes))


async def current(world: World, client: str, **changes: Any) -> httpx.Response:
    return await world.http.put(PATH, json=world.info(client, **changes))


async def unset(world: World, client: str, **changes: Any) -> httpx.Response:
    if client == "electron":
        return await world.http.post(PATH, json=world.info(client, action="unset", **changes))
    return await world.http.delete(PATH, params=query(world, client, **changes))


def query(world: World, client: str, **changes: Any) -> dict[str, str]:
    """What a client sends in the address."""
    body = world.info(client, **changes)
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in body.items() if v is not None}


async def version(world: World, client: str, **changes: Any) -> str:
    return str((await world.check(client, version_name="1.0.0", **changes)).json()["version"])


# set


@pytest.mark.parametrize("client", NEW)
async def test_a_new_plugin_is_told_that_it_may_and_nothing_is_kept(lines: World, client: str) -> None:
    reply = await choose(lines, client, "beta")
    assert (reply.status_code, reply.json()) == (200, CHOSEN)
    assert await lines.instance.app.updates.devices.overrides(lines.app.id) == []
    assert await version(lines, client) == "1.0.1"
    assert await version(lines, client, defaultChannel="beta") == "1.0.2"


@pytest.mark.parametrize(("client", "answer"), [*((c, OK) for c in OLD), ("electron", CHOSEN)])
async def test_the_choice_of_an_old_plugin_is_kept(lines: World, client: str, answer: Any) -> None:
    reply = await choose(lines, client, "beta")
    assert (reply.status_code, reply.json()) == (200, answer)
    assert await version(lines, client) == "1.0.2"
    await lines.instance.app.updates.catalog.load()
    assert await version(lines, client) == "1.0.2"


@pytest.mark.parametrize(
    ("plugin", "answer"),
    [
        ("5.33.9", OK),
        ("5.34.0", CHOSEN),
        ("6.33.0", OK),
        ("6.34.0", CHOSEN),
        ("7.33.9", OK),
        ("7.34.0", CHOSEN),
        ("8.0.0", CHOSEN),
    ],
)
async def test_from_which_version_on_a_plugin_keeps_its_choice(desk_lines: World, plugin: str, answer: Any) -> None:
    assert (await choose(desk_lines, "android 8.51", "beta", plugin_version=plugin)).json() == answer


async def test_a_choice_is_for_one_device(desk_lines: World) -> None:
    await choose(desk_lines, "ios 7.0.35", "beta")
    assert await version(desk_lines, "ios 7.0.35", device_id=DEVICE[:-1] + "0") == "1.0.1"


async def test_a_choice_can_be_changed(desk_lines: World) -> None:
    for name, wanted in (("beta", "1.0.2"), ("alpha", "1.0.3")):
        await choose(desk_lines, "ios 7.0.35", name)
        assert await version(desk_lines, "ios 7.0.35") == wanted


async def test_the_same_choice_again_is_not_written_again(desk_lines: World) -> None:
    """Electron repeats itself, and so may anybody."""
    devices, app_id = desk_lines.instance.app.updates.devices, desk_lines.app.id
    await choose(desk_lines, "electron", "beta")
    before = await devices.overrides(app_id)
    desk_lines.instance.clock.tick(MINUTE)
    await choose(desk_lines, "electron", "beta")
    assert await devices.overrides(app_id) == before
    desk_lines.instance.clock.tick(DAY)
    await choose(desk_lines, "electron", "beta")
    assert await devices.overrides(app_id) != before


async def test_a_choice_is_over_after_90_days(desk_lines: World) -> None:
    await choose(desk_lines, "ios 7.0.35", "beta")
    desk_lines.instance.clock.tick(90 * DAY - 1)
    assert await version(desk_lines, "ios 7.0.35") == "1.0.2"
    desk_lines.instance.clock.tick(1)
    assert await version(desk_lines, "ios 7.0.35") == "1.0.1"


async def test_a_choice_that_was_made_stays_when_the_channel_takes_no_more(desk_lines: World) -> None:
    """Protocol sheet §2.1, step 10: an override is an override, whoever set it."""
    await choose(desk_lines, "ios 7.0.35", "alpha")
    await desk_lines.change("alpha", allow_device_self_set=False, audience=audience(["ada"], []))
    assert await version(desk_lines, "ios 7.0.35") == "1.0.3"


@pytest.mark.parametrize("client", KEPT_HERE)
async def test_choosing_the_main_channel_forgets_the_choice(desk_lines: World, client: str) -> None:
    await choose(desk_lines, client, "beta")
    assert (await choose(desk_lines, client, "production")).status_code == 200
    assert await desk_lines.instance.app.updates.devices.overrides(desk_lines.app.id) == []
    assert await version(desk_lines, client) == "1.0.1"


async def test_what_an_old_plugin_chose_goes_when_its_successor_chooses(desk_lines: World) -> None:
    await choose(desk_lines, "android 6.25", "beta")
    await choose(desk_lines, "android 8.51", "alpha")
    assert await version(desk_lines, "android 8.51", defaultChannel="alpha") == "1.0.3"


REFUSED = {
    "missing": ("", "missing_channel", {}),
    "null": (None, "missing_channel", {}),
    "unknown": ("nowhere", "channel_not_found", {}),
    "wildcard": ("bet_", "channel_not_found", {}),
    "private": ("inside", "channel_self_set_not_allowed", {}),
    "for other platforms": ("beta", "override_not_allowed", {"ios": False, "android": False, "electron": False}),
    "for other builds": ("beta", "override_not_allowed", {"allow_prod": False}),
    "for other machines": ("beta", "override_not_allowed", {"allow_device": False}),
    "for others": ("beta", "override_not_allowed", {"audience": audience(["ada"], [])}),
}


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
@pytest.mark.parametrize(("channel", "code", "settings"), REFUSED.values(), ids=REFUSED)
async def test_a_choice_that_is_refused(
    desk_lines: World, client: str, channel: Any, code: str, settings: dict[str, Any]
) -> None:
    if settings:
        await desk_lines.change("beta", **settings)
    reply = await choose(desk_lines, client, channel)
    assert (reply.status_code, reply.json()["error"]) == (200, code)
    assert reply.json().get("status") == ("error" if client == "electron" else None)  # it looks at nothing else
    assert await desk_lines.instance.app.updates.devices.overrides(desk_lines.app.id) == []


@pytest.mark.parametrize("client", NEW)
async def test_a_public_channel_that_devices_may_not_choose(desk_lines: World, client: str) -> None:
    reply = await choose(desk_lines, client, "production")
    assert (reply.status_code, reply.json()["error"]) == (200, "public_channel_self_set_not_allowed")


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
async def test_what_an_operator_set_is_not_overridden_and_not_removed(desk_lines: World, client: str) -> None:
    await desk_lines.put("inside")
    for reply in (await choose(desk_lines, client, "beta"), await unset(desk_lines, client)):
        assert (reply.status_code, reply.json()["error"]) == (200, "cannot_override")
    assert await version(desk_lines, client) == "1.0.4"


async def test_an_operator_may_override_a_choice(desk_lines: World) -> None:
    await choose(desk_lines, "ios 7.0.35", "beta")
    await desk_lines.put("inside")
    assert await version(desk_lines, "ios 7.0.35") == "1.0.4"


# get


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
async def test_the_channel_that_is_really_resolved_is_returned(lines: World, client: str) -> None:
    reply = await current(lines, client)
    assert (reply.status_code, reply.json()) == (
        200,
        {"channel": "production", "status": "default", "allowSet": False},
    )


@pytest.mark.parametrize("client", NEW)
async def test_the_choice_of_a_new_plugin_is_confirmed(desk_lines: World, client: str) -> None:
    reply = await current(desk_lines, client, channel="beta")
    assert reply.json() == {"channel": "beta", "status": "override", "allowSet": True}


@pytest.mark.parametrize("client", NEW)
async def test_the_default_channel_of_the_app_is_confirmed(desk_lines: World, client: str) -> None:
    reply = await current(desk_lines, client, defaultChannel="beta")
    assert reply.json() == {"channel": "beta", "status": "default", "allowSet": True}


@pytest.mark.parametrize("client", KEPT_HERE)
async def test_a_choice_that_is_kept_here_is_returned(desk_lines: World, client: str) -> None:
    await choose(desk_lines, client, "alpha")
    assert (await current(desk_lines, client)).json() == {"channel": "alpha", "status": "override", "allowSet": True}


@pytest.mark.parametrize("name", ["inside", "alpha"])
async def test_what_an_operator_set_is_returned_as_what_the_device_cannot_change(desk_lines: World, name: str) -> None:
    await desk_lines.put(name)
    reply = await current(desk_lines, "android 8.51", channel="beta")
    assert reply.json() == {"channel": name, "status": "override", "allowSet": False}


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
@pytest.mark.parametrize("name", ["nowhere", "inside", "%"])
async def test_no_name_is_made_up_for_a_device_without_a_channel(desk_lines: World, client: str, name: str) -> None:
    """A client keeps what it is told as its default, so an invented name would hold it for ever."""
    reply = await current(desk_lines, client, defaultChannel=name)
    body = reply.json()
    assert (reply.status_code, body["error"], body["moreInfo"]) == (400, "channel_not_found", {})


async def test_electron_names_no_version_while_its_built_in_one_runs(desk_lines: World) -> None:
    """electron-updater 0.0.6."""
    reply = await current(desk_lines, "electron", version_name="")
    assert reply.json()["channel"] == "production"


# unset


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
async def test_a_choice_is_let_go_of(lines: World, client: str) -> None:
    await choose(lines, client, "beta")
    reply = await unset(lines, client)
    assert (reply.status_code, reply.json()) == (200, OK)
    assert await version(lines, client) == "1.0.1"


async def test_letting_go_of_nothing_is_no_error(desk_lines: World) -> None:
    assert (await unset(desk_lines, "android 8.51")).json() == OK


# list


@pytest.mark.parametrize("client", [*NEW, *OLD])
async def test_the_channels_that_a_device_may_choose_are_listed(lines: World, client: str) -> None:
    reply = await lines.http.get(PATH, params=query(lines, client))
    assert reply.status_code == 200
    assert [(c["name"], c["public"], c["allow_self_set"]) for c in reply.json()] == [
        ("alpha", False, True),
        ("beta", False, True),
        ("production", True, False),
    ]
    assert all(type(c["id"]) is int and set(c) == {"id", "name", "public", "allow_self_set"} for c in reply.json())


async def test_electron_gets_the_list_in_an_object(desk_lines: World) -> None:
    reply = await desk_lines.http.get(PATH, params={**query(desk_lines, "electron"), "action": "list"})
    assert [c["name"] for c in reply.json()["channels"]] == ["alpha", "beta", "production"]


async def test_electron_asks_for_its_channel_by_the_same_call(desk_lines: World) -> None:
    params = query(desk_lines, "electron")
    expected = {"channel": "production", "status": "default", "allowSet": False}
    assert (await desk_lines.http.get(PATH, params=params)).json() == expected
    await choose(desk_lines, "electron", "beta")
    expected = {"channel": "beta", "status": "override", "allowSet": True}
    assert (await desk_lines.http.get(PATH, params=params)).json() == expected


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"android": False}, {}),
        ({"allow_prod": False}, {}),
        ({"allow_dev": False}, {"is_prod": False}),
        ({"allow_device": False}, {}),
        ({"allow_emulator": False}, {"is_emulator": True}),
        ({"audience": audience(["ada"], [])}, {"custom_id": "bob"}),
        ({"allow_device_self_set": False}, {}),
    ],
)
async def test_a_channel_that_is_not_for_the_device_is_not_listed(
    desk_lines: World, settings: dict[str, Any], changes: dict[str, Any]
) -> None:
    await desk_lines.change("beta", **settings)
    reply = await desk_lines.http.get(PATH, params=query(desk_lines, "android 8.51", **changes))
    assert [c["name"] for c in reply.json()] == ["alpha", "production"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"platform": None}, "invalid_query_parameters"),
        ({"platform": "windows"}, "invalid_query_parameters"),
        ({"is_prod": "maybe"}, "invalid_query_parameters"),
        ({"key_id": "x" * 21}, "invalid_query_parameters"),
        ({"app_id": None}, "missing_app_id"),
        ({"app_id": "notes"}, "invalid_query_parameters"),
        ({"device_id": "42"}, "invalid_query_parameters"),
    ],
)
async def test_a_query_that_is_wrong(desk_lines: World, changes: dict[str, Any], code: str) -> None:
    reply = await desk_lines.http.get(PATH, params=query(desk_lines, "android 8.51", **changes))
    body = reply.json()
    assert (reply.status_code, body["error"], body["moreInfo"]) == (400, code, {})


# for every verb


@pytest.mark.parametrize("client", [*NEW, *KEPT_HERE])
async def test_an_unknown_app_is_answered_alike_by_every_verb(desk_lines: World, client: str) -> None:
    app = {"app_id": "com.example.unknown"}
    replies = [
        await choose(desk_lines, client, "beta", **app),
        await current(desk_lines, client, **app),
        await unset(desk_lines, client, **app),
        await desk_lines.http.get(PATH, params=query(desk_lines, client, **app)),
        await desk_lines.check(client, **app),
    ]
    assert {(r.status_code, r.content) for r in replies} == {(200, replies[0].content)}
    assert replies[0].json()["error"] == "on_premise_app"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device_id": ...}, "missing_device_id"),
        ({"app_id": ...}, "missing_app_id"),
        ({"channel": 5}, "invalid_json_body"),
        ({"action": "rename"}, "invalid_json_body"),
    ],
)
async def test_a_body_that_is_wrong(desk_lines: World, changes: dict[str, Any], code: str) -> None:
    body = desk_lines.info("android 8.51", **{"channel": "beta", **changes})
    reply = await desk_lines.http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["error"], reply.json()["moreInfo"]) == (400, code, {})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version_build": "junk"}, "semver_error"),
        ({"version_name": ""}, "missing_info"),
        ({"plugin_version": "4.1.0"}, "unsupported_plugin_version"),
    ],
)
async def test_a_device_that_says_too_little_is_refused_softly(
    desk_lines: World, changes: dict[str, Any], code: str
) -> None:
    for reply in (
        await choose(desk_lines, "android 8.51", "beta", **changes),
        await current(desk_lines, "android 8.51", **changes),
    ):
        assert (reply.status_code, reply.json()["error"]) == (200, code)


# how often


async def test_too_many_choices_of_one_network_are_429_with_a_deadline(desk_lines: World) -> None:
    """Device ids are invented at will, so they are not what is counted (CVE-2026-56324)."""
    throttled = None
    for at in range(MOST + 1):
        throttled = await choose(desk_lines, "ios 7.0.35", "beta", device_id=f"0a1b2c3d-0000-4000-8000-{at:012x}")
        if throttled.status_code != 200:
            break
    assert throttled is not None
    assert at == MOST
    assert (throttled.status_code, throttled.json()["error"]) == (429, "too_many_requests")
    assert throttled.headers["retry-after"] == str(MINUTE // 1000)
    assert throttled.json()["moreInfo"]["retryAfterSeconds"] == MINUTE // 1000
    assert await version(desk_lines, "ios 7.0.35") == "1.0.2"  # whoever may not choose is still answered
    elsewhere = {"x-forwarded-for": "203.0.113.9"}
    body = desk_lines.info("ios 7.0.35", channel="beta")
    assert (await desk_lines.http.post(PATH, json=body, headers=elsewhere)).status_code == 200
    desk_lines.instance.clock.tick(MINUTE)
    assert (await choose(desk_lines, "ios 7.0.35", "beta")).status_code == 200


# how many


async def bounded(world: World, most: int) -> None:
    await world.instance.app.updates.apps.update(world.app.id, SYSTEM, name=None, settings={"max_self_set": most})


def other(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012x}"


@pytest.mark.parametrize("client", KEPT_HERE)
async def test_an_app_keeps_the_choices_of_so_many_devices_and_refuses_the_next_one_softly(
    lines: World, client: str
) -> None:
    """Who invents device ids, from however many networks, fills an app's share and not the disk (56255, 56324)."""
    await bounded(lines, 2)
    for number in (1, 2):
        assert (await choose(lines, client, "beta", device_id=other(number))).json()["status"] == "ok"
    before = await lines.instance.app.updates.devices.overrides(lines.app.id)
    refused = await choose(lines, client, "beta", device_id=other(3))
    assert (refused.status_code, refused.json()["error"]) == (200, "too_many_self_set_devices")
    assert refused.json().get("status") == ("error" if client == "electron" else None)
    assert await lines.instance.app.updates.devices.overrides(lines.app.id) == before
    assert await version(lines, client, device_id=other(3)) == "1.0.1"


async def test_devices_that_chose_before_go_on_choosing_in_a_full_app(lines: World) -> None:
    await choose(lines, "ios 7.0.35", "beta")
    await bounded(lines, 1)
    assert (await choose(lines, "ios 7.0.35", "alpha")).json() == OK
    assert await version(lines, "ios 7.0.35") == "1.0.3"
    lines.instance.clock.tick(DAY)
    assert (await choose(lines, "ios 7.0.35", "alpha")).json() == OK
    assert (await unset(lines, "ios 7.0.35")).json() == OK
    assert (await choose(lines, "ios 7.0.35", "beta")).json() == OK


async def test_who_lets_go_makes_room_for_another(lines: World) -> None:
    await bounded(lines, 1)
    await choose(lines, "ios 7.0.35", "beta", device_id=other(1))
    await unset(lines, "ios 7.0.35", device_id=other(1))
    assert (await choose(lines, "ios 7.0.35", "beta", device_id=other(2))).json() == OK


@pytest.mark.parametrize("reread", [True, False])
async def test_choices_that_are_over_make_room_for_others(lines: World, reread: bool) -> None:
    await bounded(lines, 1)
    await choose(lines, "ios 7.0.35", "beta", device_id=other(1))
    lines.instance.clock.tick(90 * DAY + 1)
    await lines.instance.app.housekeeping.once()
    if reread:
        await lines.instance.app.updates.catalog.load()
    assert (await choose(lines, "ios 7.0.35", "beta", device_id=other(2))).json() == OK


async def test_what_operators_put_and_new_plugins_keep_takes_no_room(lines: World) -> None:
    await bounded(lines, 1)
    await lines.put("alpha", other(1))
    await lines.put("alpha", other(2))
    assert (await choose(lines, "ios 7.0.35", "beta", device_id=other(3))).json() == OK
    assert (await choose(lines, "ios 8.51", "beta", device_id=other(4))).json() == CHOSEN
    await lines.put("alpha", other(3))
    assert (await choose(lines, "ios 7.0.35", "beta", device_id=other(5))).json() == OK
    await lines.put("alpha", other(6))


async def test_an_app_of_which_no_choice_is_kept_serves_new_plugins_still(lines: World) -> None:
    await bounded(lines, 0)
    assert (await choose(lines, "electron", "beta")).json()["error"] == "too_many_self_set_devices"
    assert (await choose(lines, "android 8.51", "beta")).json() == CHOSEN


async def test_the_devices_that_chose_are_not_in_the_audit(desk_lines: World) -> None:
    await choose(desk_lines, "ios 7.0.35", "beta")
    await desk_lines.instance.app.updates.devices.put(desk_lines.app.id, DEVICE, "alpha", SYSTEM)

    async def unit(tx: Any) -> list[Any]:
        sql = "SELECT * FROM audit WHERE event = 'device.moved' AND project_id = :p"
        return list(await tx.all(sql, p=desk_lines.instance.project.id))

    assert len(await desk_lines.instance.app.base.database.scan(unit)) == 1

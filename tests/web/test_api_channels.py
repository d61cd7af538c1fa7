"""/api/v1/apps/{app}/channels and groups."""

from typing import Any

import pytest

from ecrin.updates.devices.model import Platform
from harness import Instance
from updates.line import Line, line
from web.wire import bearer, token_with

NEW = {
    "public": False,
    "ios": True,
    "android": True,
    "electron": True,
    "allow_device_self_set": False,
    "allow_emulator": True,
    "allow_device": True,
    "allow_dev": True,
    "allow_prod": True,
    "disable_auto_update": "major",
    "disable_auto_update_under_native": True,
    "update_package": "all",
    "audience_custom_ids": [],
    "audience_groups": [],
    "version": None,
    "rollout": None,
}


@pytest.fixture
async def notes(serve: Instance) -> Line:
    return await line(serve, "1.0.0", "1.1.0", stable="1.0.0")


def code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json().get("code", "")


async def test_a_channel_begins_as_capgo_has_it(serve: Instance, notes: Line) -> None:
    made = await serve.http.post(f"{notes.path}/channels", json={"name": "beta"}, headers=serve.bearer)

    assert made.status_code == 201
    assert made.json() == {**NEW, "name": "beta", "created_at": serve.clock.now()}
    assert (await serve.http.get(f"{notes.path}/channels/beta", headers=serve.bearer)).json() == made.json()
    listed = (await serve.http.get(f"{notes.path}/channels", headers=serve.bearer)).json()["channels"]
    assert [channel["name"] for channel in listed] == ["beta", "production"]


CHANGES = {
    **{name: not value for name, value in NEW.items() if isinstance(value, bool)},
    "disable_auto_update": "version_number",
    "update_package": "delta_from_builtin",
    "audience_custom_ids": ["ada", "bob"],
    "audience_groups": ["testers"],
    "version": "1.1.0",
}


@pytest.mark.parametrize("name", CHANGES)
async def test_each_field_is_changed_alone(serve: Instance, notes: Line, name: str) -> None:
    before = (await serve.http.get(notes.channel, headers=serve.bearer)).json()
    value = not before[name] if isinstance(before[name], bool) else CHANGES[name]

    after = (await serve.http.patch(notes.channel, json={name: value}, headers=serve.bearer)).json()

    assert after == {**before, name: value}
    assert (await serve.http.get(notes.channel, headers=serve.bearer)).json() == after


async def test_all_fields_are_set_with_the_channel_itself(serve: Instance, notes: Line) -> None:
    body = {**CHANGES, "name": "beta"}
    made = await serve.http.post(f"{notes.path}/channels", json=body, headers=serve.bearer)
    assert made.json() == {**body, "rollout": None, "created_at": serve.clock.now()}


@pytest.mark.parametrize(("version", "shown"), [("builtin", "builtin"), (None, None), ("1.1.0", "1.1.0")])
async def test_a_channel_points_at_a_bundle_at_the_builtin_one_or_at_nothing(
    serve: Instance, notes: Line, version: str | None, shown: str | None
) -> None:
    reply = await serve.http.patch(notes.channel, json={"version": version}, headers=serve.bearer)
    assert reply.json()["version"] == shown


async def test_a_change_that_fails_in_part_changes_nothing(serve: Instance, notes: Line) -> None:
    body = {"ios": False, "version": "9.9.9"}
    assert code(await serve.http.patch(notes.channel, json=body, headers=serve.bearer)) == (404, "BUNDLE_NOT_FOUND")
    assert (await serve.http.get(notes.channel, headers=serve.bearer)).json()["ios"] is True


@pytest.mark.parametrize(
    ("body", "status", "wanted"),
    [
        ({"name": "production"}, 409, "CHANNEL_EXISTS"),
        ({"name": ""}, 400, "INVALID_CHANNEL_NAME"),
        ({"name": "../x"}, 400, "INVALID_CHANNEL_NAME"),
        ({"name": "a/b"}, 400, "INVALID_CHANNEL_NAME"),
        ({"name": "x" * 65}, 400, "INVALID_CHANNEL_NAME"),
        ({"name": "x", "version": "9.9.9"}, 404, "BUNDLE_NOT_FOUND"),
        ({"name": "x", "public": "yes"}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "public": None}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "disable_auto_update": "sometimes"}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "audience_custom_ids": ["x" * 37]}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "audience_custom_ids": [""]}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "audience_custom_ids": ["a\u0000"]}, 400, "INVALID_ARGUMENT"),
        ({"name": "x", "audience_groups": ["no such name!"]}, 400, "INVALID_CHANNEL_NAME"),
        ({"name": "x", "rollout": 5}, 400, "INVALID_ARGUMENT"),
        ({}, 400, "INVALID_ARGUMENT"),
        ([], 400, "INVALID_ARGUMENT"),
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    serve: Instance, notes: Line, body: Any, status: int, wanted: str
) -> None:
    assert code(await serve.http.post(f"{notes.path}/channels", json=body, headers=serve.bearer)) == (status, wanted)


async def test_a_removed_channel_is_gone_with_what_named_it(serve: Instance, notes: Line) -> None:
    await serve.http.post(f"{notes.path}/channels", json={"name": "beta"}, headers=serve.bearer)
    device = f"{notes.path}/devices/00000000-0000-4000-8000-000000000001/channel"
    await serve.http.put(device, json={"channel": "beta"}, headers=serve.bearer)

    assert (await serve.http.delete(f"{notes.path}/channels/beta", headers=serve.bearer)).status_code == 204

    gone = await serve.http.get(f"{notes.path}/channels/beta", headers=serve.bearer)
    assert code(gone) == (404, "CHANNEL_NOT_FOUND")
    overrides = await serve.http.get(f"{notes.path}/overrides", headers=serve.bearer)
    assert overrides.json() == {"overrides": [], "next_cursor": None}


# --- under a rollout


async def roll_out(serve: Instance, notes: Line) -> None:
    body = {"version": "1.1.0", "share_percent": 5}
    reply = await serve.http.post(f"{notes.channel}/rollout", json=body, headers=serve.bearer)
    assert reply.status_code == 201, reply.text


async def test_a_channel_is_shown_in_the_order_in_which_it_is_read(serve: Instance, notes: Line) -> None:
    shown = (await serve.http.get(notes.channel, headers=serve.bearer)).json()
    changed = (await serve.http.patch(notes.channel, json={"ios": False}, headers=serve.bearer)).json()
    assert list(shown)[:4] == ["name", "version", "rollout", "public"]
    assert list(shown)[-3:] == ["audience_custom_ids", "audience_groups", "created_at"]
    assert list(shown) == list(changed)


async def test_a_channel_is_shown_with_the_rollout_that_is_under_way(serve: Instance, notes: Line) -> None:
    await roll_out(serve, notes)
    wanted = {"version": "1.1.0", "state": "running", "share_percent": 5.0}
    assert (await serve.http.get(notes.channel, headers=serve.bearer)).json()["rollout"] == wanted
    listed = (await serve.http.get(f"{notes.path}/channels", headers=serve.bearer)).json()["channels"]
    assert [channel["rollout"] for channel in listed] == [wanted]


async def test_a_channel_under_a_rollout_is_not_pointed_elsewhere(serve: Instance, notes: Line) -> None:
    await roll_out(serve, notes)
    refused = await serve.http.patch(notes.channel, json={"version": "builtin"}, headers=serve.bearer)
    assert code(refused) == (409, "ROLLOUT_UNDER_WAY")
    assert "ecrin rollout promote production" in refused.json()["hint"]
    assert (await serve.http.get(notes.channel, headers=serve.bearer)).json()["version"] == "1.0.0"


async def test_who_may_point_a_channel_may_end_its_rollout_by_that(serve: Instance, notes: Line) -> None:
    await roll_out(serve, notes)
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/production:upload")
    body = {"version": "builtin", "end_rollout": True}
    reply = await serve.http.patch(notes.channel, json=body, headers=headers)
    assert (reply.status_code, reply.json()["version"], reply.json()["rollout"]) == (200, "builtin", None)
    ended = (await serve.http.get(f"{notes.channel}/rollout", headers=headers)).json()["ended"]
    assert [(r["version"], r["state"]) for r in ended] == [("1.1.0", "rolled_back")]


async def test_a_rollout_is_not_ended_by_a_change_that_points_nowhere(serve: Instance, notes: Line) -> None:
    await roll_out(serve, notes)
    body = {"ios": False, "end_rollout": True}
    reply = await serve.http.patch(notes.channel, json=body, headers=serve.bearer)
    assert code(reply) == (400, "INVALID_ARGUMENT")


# --- who may change what


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("upload", {"version": "1.1.0"}, 200),
        ("upload", {"version": "builtin"}, 200),
        ("upload", {"version": "1.1.0", "ios": False}, 403),
        ("upload", {"public": True}, 403),
        ("write", {"ios": False}, 200),
        ("read", {"version": "1.1.0"}, 403),
    ],
)
async def test_upload_moves_a_channel_among_bundles_and_no_more(
    serve: Instance, notes: Line, verb: str, body: dict[str, Any], status: int
) -> None:
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}:{verb}")
    assert (await serve.http.patch(notes.channel, json=body, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/channels/beta", {"ios": False}, 200),
        ("PATCH", "/channels/beta", {"audience_custom_ids": ["ada"]}, 200),
        ("PATCH", "/channels/beta", {"public": False}, 200),
        ("PATCH", "/channels/beta", {"public": True}, 403),
        ("PATCH", "/channels/production", {"ios": False}, 404),
        ("POST", "/channels", {"name": "beta", "public": True}, 403),
        ("POST", "/channels", {"name": "gamma"}, 403),
        ("DELETE", "/channels/beta", None, 204),
        ("DELETE", "/channels/production", None, 404),
        ("GET", "/channels/production", None, 404),
        ("GET", "/groups", None, 403),
        ("PUT", "/groups/testers", {"custom_ids": []}, 403),
        ("PUT", "/devices/00000000-0000-4000-8000-000000000001/channel", {"channel": "beta"}, 403),
    ],
)
async def test_who_may_write_one_channel_reaches_no_device_of_another(
    serve: Instance, notes: Line, method: str, path: str, body: Any, status: int
) -> None:
    await serve.http.post(f"{notes.path}/channels", json={"name": "beta"}, headers=serve.bearer)
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/beta:all")

    reply = await serve.http.request(method, f"{notes.path}{path}", json=body, headers=headers)

    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    "body",
    [
        {"public": False},
        {"audience_custom_ids": []},
        {"audience_groups": ["all"]},
        {"ios": False},
        {"android": True},
        {"electron": True},
    ],
)
async def test_for_whom_a_public_channel_is_concerns_the_whole_app(
    serve: Instance, notes: Line, body: dict[str, Any]
) -> None:
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/production:all")
    assert (await serve.http.patch(notes.channel, json=body, headers=headers)).status_code == 403
    assert (await serve.http.delete(notes.channel, headers=headers)).status_code == 403


async def test_who_may_write_a_public_channel_of_one_platform_draws_no_devices_of_another(
    serve: Instance, notes: Line
) -> None:
    desktop = {"name": "desktop", "public": True, "ios": False, "android": False, "version": "1.1.0"}
    assert (await serve.http.post(f"{notes.path}/channels", json=desktop, headers=serve.bearer)).status_code == 201
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/desktop:all")

    reply = await serve.http.patch(f"{notes.path}/channels/desktop", json={"android": True}, headers=headers)

    assert code(reply) == (403, "PERMISSION_DENIED")
    followed = serve.app.updates.catalog.view(notes.id).public[Platform.ANDROID]  # type: ignore[union-attr]
    assert [channel.name for channel in followed] == ["production"]


async def test_a_channel_of_one_s_own_may_be_made_by_who_may_write_it(serve: Instance, notes: Line) -> None:
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/pr-17:write")
    made = await serve.http.post(f"{notes.path}/channels", json={"name": "pr-17"}, headers=headers)
    listed = await serve.http.get(f"{notes.path}/channels", headers=headers)

    assert made.status_code == 201
    assert [channel["name"] for channel in listed.json()["channels"]] == ["pr-17"]


# --- groups


async def test_a_group_is_replaced_listed_and_removed(serve: Instance, notes: Line) -> None:
    path = f"{notes.path}/groups/testers"
    for members in (["bob", "ada", "ada"], ["eve"]):
        reply = await serve.http.put(path, json={"custom_ids": members}, headers=serve.bearer)
        assert reply.json() == {"group": "testers", "custom_ids": sorted(set(members))}
    assert (await serve.http.get(path, headers=serve.bearer)).json() == {"group": "testers", "custom_ids": ["eve"]}
    listed = await serve.http.get(f"{notes.path}/groups", headers=serve.bearer)
    assert listed.json() == {"groups": [{"group": "testers", "members": 1}]}

    assert (await serve.http.delete(path, headers=serve.bearer)).status_code == 204
    for method in ("GET", "DELETE"):
        assert code(await serve.http.request(method, path, headers=serve.bearer)) == (404, "NOT_FOUND")


async def test_an_audience_whose_group_was_removed_is_nobody_and_not_everybody(serve: Instance, notes: Line) -> None:
    group = f"{notes.path}/groups/testers"
    await serve.http.put(group, json={"custom_ids": ["ada"]}, headers=serve.bearer)
    await serve.http.patch(notes.channel, json={"audience_groups": ["testers"]}, headers=serve.bearer)
    await serve.http.delete(group, headers=serve.bearer)

    after = (await serve.http.get(notes.channel, headers=serve.bearer)).json()
    assert after["audience_groups"] == ["testers"]


async def test_a_group_may_be_long(serve: Instance, notes: Line) -> None:
    members = [f"customer-{n:027}" for n in range(20_000)]
    reply = await serve.http.put(f"{notes.path}/groups/all", json={"custom_ids": members}, headers=serve.bearer)
    assert reply.json()["custom_ids"] == members


@pytest.mark.parametrize("headers", [{}, bearer("ecrin_ci_nothing"), bearer("owner")])
async def test_without_a_credential_there_is_nothing_to_see(
    serve: Instance, notes: Line, headers: dict[str, str]
) -> None:
    assert (await serve.http.get(f"{notes.path}/channels", headers=headers)).status_code == 401

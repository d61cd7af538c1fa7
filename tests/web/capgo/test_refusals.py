"""Every refusal by its code, as documented in protocol sheet §1 and §2.1: one row each, for each line of plugins."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.channels.rules import audience
from web.capgo.world import DEVICE, World, files

Body = dict[str, Any]
MAJOR = {"major": True}


@dataclass(frozen=True)
class Soft:
    """A soft refusal: the state of the channel, what the device says, and the answer without its message."""

    code: str
    kind: str
    extra: Body = field(default_factory=dict)
    version: str | None = "1.0.1"
    bundle: Body = field(default_factory=dict)
    settings: Body = field(default_factory=dict)
    says: Body = field(default_factory=dict)
    put_on: str | None = None


SOFT = {
    "unknown app": Soft("on_premise_app", "blocked", says={"app_id": "com.example.unknown"}),
    "native version unknown": Soft("unknown_version_build", "failed", says={"version_build": "unknown"}),
    "native version no semver": Soft("semver_error", "failed", says={"version_build": "one.two"}),
    "native version of four": Soft("semver_error", "failed", says={"version_build": "1.2.3.4"}),
    "native version with a zero in front": Soft("semver_error", "failed", says={"version_build": "01.2.3"}),
    "native version without end": Soft("semver_error", "failed", says={"version_build": "1" * 9000 + ".0.0"}),
    "plugin 4": Soft("unsupported_plugin_version", "failed", says={"plugin_version": "4.15.3"}),
    "no native version": Soft("missing_info", "failed", says={"version_build": ...}),
    "empty native version": Soft("missing_info", "failed", says={"version_build": ""}),
    "no current version": Soft("missing_info", "failed", says={"version_name": ...}),
    "no platform": Soft("missing_info", "failed", says={"platform": ...}),
    "no plugin version": Soft("missing_info", "failed", says={"plugin_version": ...}),
    "no public channel": Soft("no_channel", "failed", settings={"public": False}),
    "platform off for the public channel": Soft("no_channel", "failed", settings={"android": False}),
    "default channel unknown": Soft("no_channel", "failed", says={"defaultChannel": "nowhere"}),
    "default channel private": Soft(
        "no_channel", "failed", settings={"public": False}, says={"defaultChannel": "production"}
    ),
    "channel without a bundle": Soft("no_bundle", "failed", version=None),
    "bundle of nothing": Soft("no_bundle", "failed", bundle={"zip": None}),
    "another key": Soft(
        "key_id_mismatch",
        "blocked",
        {"deviceKeyId": "mine", "bundleKeyId": "theirs"},
        bundle={"key_id": "theirs"},
        says={"key_id": "mine"},
    ),
    "nothing new": Soft("no_new_version_available", "up_to_date", says={"version_name": "1.0.1"}),
    "native version is the bundle": Soft(
        "no_new_version_available", "up_to_date", says={"version_name": "builtin", "version_build": "1.0.1"}
    ),
    "native version is padded": Soft(
        "no_new_version_available",
        "up_to_date",
        version="1.0.0",
        says={"version_name": "builtin", "version_build": "1"},
    ),
    "platform off": Soft("disabled_platform_android", "blocked", settings={"android": False}, put_on="production"),
    "ios off": Soft(
        "disabled_platform_ios", "blocked", settings={"ios": False}, put_on="production", says={"platform": "ios"}
    ),
    "electron off": Soft(
        "disabled_platform_electron",
        "blocked",
        settings={"electron": False},
        put_on="production",
        says={"platform": "electron", "plugin_version": "0.0.1"},
    ),
    "next major": Soft(
        "disable_auto_update_to_major", "blocked", {**MAJOR, "version": "2.0.0", "old": "1.0.0"}, version="2.0.0"
    ),
    "not in the audience": Soft(
        "cannot_update_via_private_channel",
        "blocked",
        settings={"audience": audience(["ada"], [])},
        says={"defaultChannel": "production", "custom_id": "bob"},
    ),
    "next minor": Soft(
        "disable_auto_update_to_minor",
        "blocked",
        {**MAJOR, "version": "1.1.0", "old": "1.0.0"},
        version="1.1.0",
        settings={"disable_auto_update": "minor"},
    ),
    "next patch": Soft(
        "disable_auto_update_to_patch",
        "blocked",
        {**MAJOR, "version": "1.0.1", "old": "1.0.0"},
        settings={"disable_auto_update": "patch"},
    ),
    "lowest native version missing": Soft(
        "misconfigured_channel", "failed", settings={"disable_auto_update": "version_number"}
    ),
    "lowest native version above": Soft(
        "disable_auto_update_to_metadata",
        "blocked",
        {**MAJOR, "version": "1.0.1", "old": "1.0.0"},
        bundle={"min_native": "1.0.1"},
        settings={"disable_auto_update": "version_number"},
    ),
    "under the native version": Soft(
        "disable_auto_update_under_native",
        "blocked",
        {"version": "0.9.0", "old": "1.0.0"},
        version="0.9.0",
    ),
    "store builds refused": Soft(
        "disable_prod_build",
        "blocked",
        {"version": "1.0.1", "old": "0.9.9"},
        settings={"allow_prod": False},
        says={"version_name": "0.9.9"},
    ),
    "test builds refused": Soft(
        "disable_dev_build",
        "blocked",
        {"version": "1.0.1", "old": "1.0.0"},
        settings={"allow_dev": False},
        says={"is_prod": False},
    ),
    "devices refused": Soft(
        "disable_device", "blocked", {"version": "1.0.1", "old": "1.0.0"}, settings={"allow_device": False}
    ),
    "emulators refused": Soft(
        "disable_emulator",
        "blocked",
        {"version": "1.0.1", "old": "1.0.0"},
        settings={"allow_emulator": False},
        says={"is_emulator": True},
    ),
    "back on builtin already": Soft(
        "already_on_builtin", "up_to_date", {"version": "builtin"}, version=BUILTIN, says={"version_name": "builtin"}
    ),
    "electron back already": Soft(
        "already_on_builtin",
        "up_to_date",
        {"version": "builtin"},
        version=BUILTIN,
        says={"platform": "electron", "plugin_version": "0.0.1", "version_name": "1.0.0"},
    ),
    "electron cannot go back": Soft(
        "no_bundle_url",
        "failed",
        version=BUILTIN,
        says={"platform": "electron", "plugin_version": "0.0.1", "version_name": "1.0.1"},
    ),
    "files only for an old plugin": Soft(
        "no_bundle_url", "failed", bundle={"zip": None, "manifest": files("one")}, says={"plugin_version": "7.0.34"}
    ),
    "archives only and there is none": Soft(
        "no_url_or_manifest",
        "failed",
        bundle={"zip": None, "manifest": files("one")},
        settings={"update_package": "zip"},
    ),
}
LINES = {"android 5.10", "android 6.25", "ios 7.0.35", "android 8.51", "electron"}
KEYED_BY_CLIENT = {"platform", "plugin_version"}


def _rows() -> list[Any]:
    rows = []
    for name, row in SOFT.items():
        for client in sorted(LINES):
            if KEYED_BY_CLIENT & set(row.says) and client != "android 8.51":
                continue  # the row is about one client
            if _is_about_another(row, client):
                continue
            rows.append(pytest.param(row, client, id=f"{name}, {client}"))
    return rows


def _is_about_another(row: Soft, client: str) -> bool:
    if row.says.get("version_name", "") is ...:
        return client == "electron"  # it names none while its built-in version runs
    if row.code == "key_id_mismatch":
        return client != "android 8.51"  # only plugins after 8.40.7 are compared
    android = row.code == "disabled_platform_android" or "android" in row.settings
    return (android and not client.startswith("android")) or (client == "electron" and row.code == "no_url_or_manifest")


@pytest.mark.parametrize(("row", "client"), _rows())
async def test_a_soft_refusal(here: World, row: Soft, client: str) -> None:
    if row.version not in {None, BUILTIN}:
        await here.bundle(row.version, **row.bundle)
    await here.point(row.version)
    if row.settings:
        await here.change(**row.settings)
    if row.put_on:
        await here.put(row.put_on)
    says = {"version_name": "builtin", **row.says}
    reply = await here.check(client, **says)
    body = reply.json()
    assert reply.status_code == 200
    assert isinstance(body.pop("message"), str)
    assert body == {"error": row.code, "kind": row.kind, **row.extra}


HARD = {
    "no device": ({"device_id": ...}, "missing_device_id"),
    "empty device": ({"device_id": ""}, "missing_device_id"),
    "null device": ({"device_id": None}, "missing_device_id"),
    "no app": ({"app_id": ...}, "missing_app_id"),
    "empty app": ({"app_id": ""}, "missing_app_id"),
    "device is no UUID": ({"device_id": "42"}, "invalid_json_body"),
    "device is a number": ({"device_id": 42}, "invalid_json_body"),
    "app is no reverse domain": ({"app_id": "notes"}, "invalid_json_body"),
    "app is a list": ({"app_id": ["com.example.notes"]}, "invalid_json_body"),
    "app is endless": ({"app_id": "com." + "x" * 9000}, "invalid_json_body"),
    "unknown platform": ({"platform": "windows"}, "invalid_json_body"),
    "build is a number": ({"version_build": 1}, "invalid_json_body"),
    "emulator is a text": ({"is_emulator": "true"}, "invalid_json_body"),
    "store build is a number": ({"is_prod": 1}, "invalid_json_body"),
    "plugin version is a word": ({"plugin_version": "latest"}, "invalid_json_body"),
    "plugin version of two": ({"plugin_version": "8.51"}, "invalid_json_body"),
    "key id too long": ({"key_id": "x" * 21}, "invalid_json_body"),
    "source too long": ({"install_source": "x" * 65}, "invalid_json_body"),
    "default channel is an object": ({"defaultChannel": {}}, "invalid_json_body"),
}


@pytest.mark.parametrize("client", sorted(LINES))
@pytest.mark.parametrize(("changes", "code"), HARD.values(), ids=HARD)
async def test_a_hard_refusal(here: World, client: str, changes: Body, code: str) -> None:
    await here.bundle("1.0.1")
    await here.point("1.0.1")
    _hard(await here.check(client, **changes), 400, code)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "invalid_json_parse_body"),
        (b"{", 400, "invalid_json_parse_body"),
        (b"\xff", 400, "invalid_json_parse_body"),
        (b'{"app_id": "\\ud800"}', 400, "invalid_json_parse_body"),
        (b'{"x":' + b"[" * 5000, 400, "invalid_json_parse_body"),
        (b"[]", 400, "invalid_json_body"),
        (b"null", 400, "invalid_json_body"),
        (b'"text"', 400, "invalid_json_body"),
        (b"{}", 400, "missing_device_id"),
        (json.dumps({"custom_id": "x" * 1_000_000}).encode(), 413, "content_too_large"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_body_that_is_no_request(here: World, raw: bytes, status: int, code: str) -> None:
    _hard(await here.http.post("/updates", content=raw), status, code)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
async def test_another_method_is_refused_in_the_same_shape(here: World, method: str) -> None:
    _hard(await here.http.request(method, "/updates"), 405, "method_not_allowed")


async def test_a_path_below_is_refused_in_the_same_shape(here: World) -> None:
    _hard(await here.http.get("/updates/nope"), 404, "not_found")


async def test_an_unknown_app_is_refused_alike_whatever_else_is_wrong(here: World) -> None:
    """An app id tells nobody whether it is served: not by other faults of the request (CVE-2026-56316)."""
    plain = await here.check(app_id="com.example.unknown")
    for changes in ({"version_build": "junk"}, {"plugin_version": "4.0.0"}, {"version_name": ""}):
        odd = await here.check(app_id="com.example.unknown", **changes)
        assert (odd.status_code, odd.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize("plugin", ["8.40.7", "8.13.0", "7.0.35"])
async def test_a_plugin_that_spells_its_key_id_otherwise_is_not_refused_for_it(here: World, plugin: str) -> None:
    await here.bundle("1.0.1", key_id="theirs")
    await here.point("1.0.1")
    assert (await here.check(plugin_version=plugin, key_id="mine")).json()["version"] == "1.0.1"


@pytest.mark.parametrize("ids", [("mine", ""), ("", "theirs"), ("same", "same")])
async def test_a_key_id_on_one_side_alone_never_mismatches(here: World, ids: tuple[str, str]) -> None:
    mine, theirs = ids
    await here.bundle("1.0.1", key_id=theirs)
    await here.point("1.0.1")
    assert (await here.check(key_id=mine)).json()["version"] == "1.0.1"


async def test_an_override_opens_a_private_channel(here: World) -> None:
    await here.bundle("1.0.1")
    await here.channel("inside", "1.0.1")
    await here.put("inside", DEVICE)
    assert (await here.check(device_id=DEVICE.upper())).json()["version"] == "1.0.1"


async def test_a_default_channel_is_followed_if_devices_may_choose_it(here: World) -> None:
    await here.bundle("1.0.1")
    await here.bundle("1.0.2")
    await here.point("1.0.1")
    await here.channel("beta", "1.0.2", allow_device_self_set=True)
    assert (await here.check(defaultChannel="beta")).json()["version"] == "1.0.2"
    assert (await here.check()).json()["version"] == "1.0.1"


@pytest.mark.parametrize("name", ["app_id", "defaultChannel", "custom_id", "version_name", "device_id", "key_id"])
@pytest.mark.parametrize(
    "odd", ["%", "_", "*", "'", "\u0000", "../..", "com.%", "com.example.%", "beta'--", "bet_", "\u0432eta"]
)
async def test_odd_texts_change_nothing(here: World, name: str, odd: str) -> None:
    """Wildcards in an app id found other apps (CVE-2026-56325, attack A39): here a name is that name or none."""
    await here.bundle("1.0.1")
    await here.bundle("1.0.2")
    await here.channel("beta", "1.0.2", allow_device_self_set=True)
    await here.put("beta", "0a1b2c3d-0000-4000-8000-0000000000ff")
    reply = await here.check(**{name: odd})
    assert "version" not in reply.json()
    assert reply.json()["error"] in {"no_bundle", "no_channel", "on_premise_app", "invalid_json_body"}


async def test_the_messages_are_for_clients_of_every_age(here: World) -> None:
    """One sentence makes old plugins say that the store has a new version: no other refusal may have it."""
    for row in SOFT.values():
        await here.point(None)
        assert "store_update_required" not in (await here.check(**row.says)).text


def _hard(reply: Any, status: int, code: str) -> None:
    body = reply.json()
    assert (reply.status_code, body["error"], body["moreInfo"]) == (status, code, {})
    assert set(body) == {"error", "message", "moreInfo"}
    assert isinstance(body["message"], str)

"""`POST /updates`: what a device that should install something is told (protocol sheet §2.2, §2.3, §11.1)."""

import gzip
import json
from dataclasses import replace

import httpx
import pytest

from ecrin.base.origin import SYSTEM
from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import BUILTIN
from harness import Instance
from web.capgo.world import CLIENTS, ORIGIN, ZIP, World, digest, files

ALL = list(CLIENTS)
ABLE = [name for name in ALL if name != "electron"]
BELOW = [("android", "5.9.9"), ("android", "6.24.9"), ("ios", "7.0.34")]
SEALED = {"session_key": "aXY=:a2V5", "checksum": "f" * 512, "key_id": "MIIBCgKCAQEAxxxxxxxx"}


@pytest.mark.parametrize("client", ALL)
async def test_a_plain_bundle_is_offered_as_a_zip(world: World, client: str) -> None:
    await world.bundle("1.0.1")
    await world.point("1.0.1")
    reply = await world.check(client)
    assert reply.status_code == 200
    assert reply.json() == {"version": "1.0.1", "url": world.url(ZIP), "session_key": "", "checksum": ZIP}


@pytest.mark.parametrize("client", ABLE)
async def test_a_plugin_that_can_install_file_by_file_gets_the_manifest_too(here: World, client: str) -> None:
    one, two = files("one", "two", brotli=True)
    await here.bundle("1.0.1", manifest=(one, two))
    await here.point("1.0.1")
    body = (await here.check(client)).json()
    assert body["manifest"] == [
        {"file_name": "f0.js.br", "file_hash": digest("one"), "download_url": here.url(one.object)},
        {"file_name": "f1.js.br", "file_hash": digest("two"), "download_url": here.url(two.object)},
    ]
    assert body["url"] == here.url(ZIP)


@pytest.mark.parametrize(("platform", "plugin"), [*BELOW, ("electron", "0.0.1"), ("electron", "8.51.0")])
async def test_a_plugin_that_cannot_gets_the_zip_alone(here: World, platform: str, plugin: str) -> None:
    await here.bundle("1.0.1", manifest=files("one"))
    await here.point("1.0.1")
    body = (await here.check(platform=platform, plugin_version=plugin)).json()
    assert set(body) == {"version", "url", "session_key", "checksum"}


async def test_a_bundle_without_an_archive_still_has_a_url_that_parses(here: World) -> None:
    await here.bundle("1.0.1", zip=None, zip_size=0, checksum="", manifest=files("one"))
    await here.point("1.0.1")
    body = (await here.check()).json()
    assert httpx.URL(body["url"]).scheme in {"http", "https"}
    assert (await here.http.get(body["url"])).status_code == 404
    assert len(body["manifest"]) == 1


async def test_an_external_bundle_is_offered_where_it_lies_and_without_a_manifest(here: World) -> None:
    url = "https://cdn.example.com/b.zip"
    await here.bundle("1.0.1", zip=None, external_url=url, manifest=files("one"))
    await here.point("1.0.1")
    assert (await here.check()).json() == {"version": "1.0.1", "url": url, "session_key": "", "checksum": ZIP}


@pytest.mark.parametrize(
    ("package", "version_name", "zipped", "listed"),
    [
        ("all", "builtin", True, True),
        ("zip", "0.9.0", True, False),
        ("delta", "0.9.0", False, True),
        ("zip_from_builtin", "builtin", True, False),
        ("zip_from_builtin", "0.9.0", True, True),
        ("delta_from_builtin", "builtin", False, True),
        ("delta_from_builtin", "0.9.0", True, True),
    ],
)
async def test_the_package_of_the_channel_decides_which_forms_are_offered(
    here: World, package: str, version_name: str, zipped: bool, listed: bool
) -> None:
    await here.bundle("1.0.1", manifest=files("one"))
    await here.point("1.0.1")
    await here.change(update_package=package)
    body = (await here.check(version_name=version_name)).json()
    assert (body["url"] == here.url(ZIP), "manifest" in body) == (zipped, listed)


async def test_electron_gets_the_archive_even_where_the_channel_offers_files_only(here: World) -> None:
    await here.bundle("1.0.1", manifest=files("one"))
    await here.point("1.0.1")
    await here.change(update_package="delta")
    assert (await here.check("electron")).json()["url"] == here.url(ZIP)


@pytest.mark.parametrize("client", ABLE)
async def test_a_sealed_bundle_carries_session_key_and_sealed_checksum(here: World, client: str) -> None:
    await here.bundle("1.0.1", **SEALED)
    await here.point("1.0.1")
    body = (await here.check(client)).json()
    assert (body["session_key"], body["checksum"]) == (SEALED["session_key"], SEALED["checksum"])
    assert "sessionKey" not in body


async def test_electron_gets_the_hash_of_the_sealed_bytes_and_the_key_under_its_own_name(here: World) -> None:
    await here.bundle("1.0.1", **SEALED)
    await here.point("1.0.1")
    body = (await here.check("electron")).json()
    assert body["checksum"] == ZIP
    assert body["sessionKey"] == body["session_key"] == SEALED["session_key"]


@pytest.mark.parametrize(
    ("client", "plugin", "told"),
    [
        ("android 5.10", "5.34.9", False),
        ("android 5.10", "5.35.0", True),
        ("android 6.25", "6.34.0", False),
        ("android 6.25", "6.35.0", True),
        ("ios 7.0.35", "7.34.9", False),
        ("ios 7.0.35", "7.35.0", True),
        ("ios 8.51", "8.34.9", False),
        ("ios 8.51", "8.35.0", True),
        ("electron", "0.0.1", True),
    ],
)
async def test_link_and_comment_are_shown_to_plugins_that_know_them(
    here: World, client: str, plugin: str, told: bool
) -> None:
    await here.instance.app.updates.apps.update(here.app.id, SYSTEM, name=None, settings={"expose_metadata": True})
    await here.bundle("1.0.1", link="https://example.com/1", comment="Fixes")
    await here.point("1.0.1")
    body = (await here.check(client, plugin_version=plugin)).json()
    shown = (body.get("link"), body.get("comment"))
    assert shown == (("https://example.com/1", "Fixes") if told else (None, None))


async def test_a_comment_that_is_mended_is_told_at_once(here: World) -> None:
    """Answers are kept encoded; what was kept goes with what it was made of."""
    base, updates = here.instance.app.base, here.instance.app.updates
    await updates.apps.update(here.app.id, SYSTEM, name=None, settings={"expose_metadata": True})
    await here.bundle("1.0.1", comment="Fixse")
    await here.point("1.0.1")
    assert (await here.check()).json()["comment"] == "Fixse"
    await base.database.write(lambda tx: bundles.describe(tx, here.app.id, "1.0.1", "", "Fixes"))
    await updates.catalog.refresh(here.app.id)
    assert (await here.check()).json()["comment"] == "Fixes"


async def test_link_and_comment_are_not_shown_unless_the_app_says_so(here: World) -> None:
    await here.bundle("1.0.1", link="https://example.com/1", comment="Fixes")
    await here.point("1.0.1")
    assert not {"link", "comment"} & set((await here.check()).json())


@pytest.mark.parametrize("client", ABLE)
async def test_a_device_on_a_bundle_is_reset_by_exactly_the_word(world: World, client: str) -> None:
    await world.point(BUILTIN)
    reply = await world.check(client, version_name="1.0.1")
    assert (reply.status_code, reply.content) == (200, b'{"version":"builtin"}')


async def test_a_bundle_with_the_name_of_the_native_version_is_reset_too(here: World) -> None:
    await here.point(BUILTIN)
    assert (await here.check(version_name="1.0.0")).json() == {"version": "builtin"}


async def test_urls_come_from_the_public_address_alone(here: World) -> None:
    await here.bundle("1.0.1", manifest=files("one"))
    await here.point("1.0.1")
    claimed = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    body = (await here.http.post("/updates", json=here.info(), headers=claimed)).json()
    assert body["url"].startswith(f"{ORIGIN}/files/")
    assert "evil" not in json.dumps(body)


async def test_a_new_bundle_is_offered_as_soon_as_the_channel_points_at_it(here: World) -> None:
    for version in ("1.0.1", "1.0.2"):
        await here.bundle(version)
        await here.point(version)
        assert (await here.check()).json()["version"] == version


async def test_a_large_answer_is_compressed_for_those_who_can_read_that(here: World) -> None:
    await here.bundle("1.0.1", manifest=files(*map(str, range(160))))
    await here.point("1.0.1")
    plain = await here.http.post("/updates", json=here.info(), headers={"accept-encoding": "identity"})
    async with here.http.stream("POST", "/updates", json=here.info(), headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip; q=0, br", "*;q=0"])
async def test_a_large_answer_is_plain_for_those_who_cannot(here: World, accepted: str) -> None:
    await here.bundle("1.0.1", manifest=files(*map(str, range(160))))
    await here.point("1.0.1")
    reply = await here.http.post("/updates", json=here.info(), headers={"accept-encoding": accepted})
    assert "content-encoding" not in reply.headers


async def test_electron_on_its_built_in_version_is_seen_as_such_however_it_is_spelled(here: World) -> None:
    await here.point(BUILTIN)
    body = (await here.check("electron", version_name="1.2", version_build="1.2")).json()
    assert body["error"] == "already_on_builtin"


async def test_the_check_makes_no_query(strict: Instance, here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await here.bundle("1.0.1", manifest=files("one"))
    await here.point("1.0.1")
    database = strict.app.base.database
    used: list[str] = []
    for verb in ("read", "glance", "scan", "write"):
        monkeypatch.setattr(database, verb, lambda unit, verb=verb: used.append(verb))
    assert (await here.check()).json()["version"] == "1.0.1"
    assert used == []


async def test_the_status_of_updates_can_be_asked(here: World) -> None:
    reply = await here.http.get("/updates")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/ok", "/latency"])
async def test_signs_of_life(here: World, path: str) -> None:
    reply = await here.http.get(path)
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


async def test_what_a_restart_finds_is_answered_alike(here: World) -> None:
    await here.bundle("1.0.1")
    await here.point("1.0.1")
    before = (await here.check()).json()
    await here.instance.app.updates.catalog.load()
    assert (await here.check()).json() == before


async def test_pages_of_any_origin_may_ask(here: World) -> None:
    reply = await here.http.post("/updates", json=here.info(), headers={"origin": "capacitor-electron://-"})
    assert reply.headers["access-control-allow-origin"] == "capacitor-electron://-"


async def test_a_device_is_told_apart_from_none_by_its_app_alone(here: World) -> None:
    """The same device asks for another app: what was set for it in one app does not follow it."""
    await here.channel("beta", None)
    await here.put("beta")
    await here.bundle("1.0.1")
    await here.point("1.0.1")
    assert (await here.check()).json()["error"] == "no_bundle"
    other = replace(here, app=replace(here.app, id="com.example.unknown"))
    assert (await other.check()).json()["error"] == "on_premise_app"

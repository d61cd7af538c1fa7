"""`POST /updates/manifest_size` (protocol sheet §2.5)."""

from typing import Any

import httpx
import pytest

from web.capgo.world import World, digest, files

PATH = "/updates/manifest_size"


@pytest.fixture
async def shop(here: World) -> World:
    await here.bundle("1.0.1", manifest=files("one", "three"))
    await here.point("1.0.1")
    return here


async def sizes(world: World, **changes: Any) -> httpx.Response:
    return await world.http.post(PATH, json=world.info(**{"version": "1.0.1", "version_id": 7, **changes}))


@pytest.mark.parametrize("member", ["manifest", "files"])
async def test_what_an_offer_listed_is_counted(shop: World, member: str) -> None:
    listed = (await shop.check()).json()["manifest"]
    reply = await sizes(shop, **{member: listed})
    assert (reply.status_code, reply.json()) == (
        200,
        {
            "totalSize": 8,
            "knownFiles": 2,
            "unknownFiles": 0,
            "files": [{**listed[0], "size": 3}, {**listed[1], "size": 5}],
        },
    )


async def test_a_part_of_the_files_is_counted_alone(shop: World) -> None:
    listed = (await shop.check()).json()["manifest"]
    assert (await sizes(shop, manifest=listed[:1])).json()["totalSize"] == 3


@pytest.mark.parametrize(
    "changes", [{"file_name": "other.js"}, {"file_hash": digest("other")}, {"file_name": "../f0.js"}]
)
async def test_a_file_that_the_bundle_has_not_is_unknown(shop: World, changes: dict[str, str]) -> None:
    listed = {**(await shop.check()).json()["manifest"][0], **changes}
    body = (await sizes(shop, manifest=[listed])).json()
    assert body == {
        "totalSize": 0,
        "knownFiles": 0,
        "unknownFiles": 1,
        "files": [{**listed, "error": "size_unknown"}],
    }


async def test_files_of_an_unknown_version_are_unknown(shop: World) -> None:
    listed = (await shop.check()).json()["manifest"]
    assert (await sizes(shop, manifest=listed, version="9.9.9")).json()["unknownFiles"] == 2


async def test_without_a_list_all_files_of_the_bundle_are_counted(shop: World) -> None:
    body = (await sizes(shop)).json()
    assert (body["totalSize"], body["files"][0]["download_url"]) == (8, shop.url(digest("one")))


async def test_an_unknown_app_is_answered_as_everywhere(shop: World) -> None:
    body = (await sizes(shop, app_id="com.example.unknown")).json()
    assert (body["error"], body["kind"]) == ("on_premise_app", "blocked")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"manifest": "all"}, "invalid_json_body"),
        ({"manifest": [{"file_name": "f0.js"}]}, "invalid_json_body"),
        ({"device_id": ...}, "missing_device_id"),
        ({"app_id": ...}, "missing_app_id"),
    ],
)
async def test_a_body_that_is_wrong(shop: World, changes: dict[str, Any], code: str) -> None:
    reply = await sizes(shop, **changes)
    assert (reply.status_code, reply.json()["error"], reply.json()["moreInfo"]) == (400, code, {})

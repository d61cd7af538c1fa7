"""`GET /files/{app}/{hash}`: downloads as every client wants them (protocol sheet §2.2, §15; RFC 9110 §13, §14)."""

import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.updates.bundles import store as bundles
from ecrin.updates.bundles.model import File
from ecrin.web.capgo.ranges import Unsatisfiable, part
from web.capgo import world as worlds
from web.capgo.ranges_oracle import expected
from web.capgo.world import World

CONTENT = bytes(range(256)) * 8
NAME = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def stored(world: World, content: bytes = CONTENT) -> str:
    """Keep an object as a push does; return its name."""
    name = hashlib.sha256(content).hexdigest()
    await world.instance.app.updates.objects.put(world.app.id, name, len(content), _chunks(content))
    return name


@pytest.fixture
async def shop(here: World) -> World:
    """An app whose bundle 1.0.1 is the content, as its archive."""
    await stored(here)
    await here.bundle("1.0.1", zip=NAME, zip_size=SIZE, checksum=NAME)
    return here


async def read(world: World, name: str = NAME, method: str = "GET", **fields: str) -> httpx.Response:
    headers = {key.replace("_", "-"): value for key, value in fields.items()}
    return await world.http.request(method, f"/files/{world.app.id}/{name}", headers=headers)


async def test_an_offer_leads_to_its_bytes(shop: World) -> None:
    await shop.point("1.0.1")
    url = (await shop.check()).json()["url"]
    reply = await shop.http.get(url)
    assert (reply.status_code, reply.content) == (200, CONTENT)


async def test_the_fields_of_a_download(shop: World) -> None:
    fields = dict((await read(shop)).headers)
    fields.pop("x-request-id")
    assert fields == {
        "cache-control": "public, max-age=31536000, immutable, no-transform",
        "etag": f'"{NAME}"',
        "accept-ranges": "bytes",
        "content-disposition": "attachment",
        "content-type": "application/octet-stream",
        "content-length": str(SIZE),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }


@pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, deflate, br, zstd", "identity"])
async def test_an_object_is_never_encoded_on_the_way(shop: World, accepted: str) -> None:
    reply = await read(shop, accept_encoding=accepted)
    assert "content-encoding" not in reply.headers
    assert reply.content == CONTENT


async def test_a_file_of_a_manifest_is_read_alike(here: World) -> None:
    name = await stored(here, b"one")
    await here.bundle("1.0.1", zip=None, manifest=(File("f.js", name, name, 3),))
    assert (await read(here, name)).content == b"one"


async def test_head_says_the_same_without_the_bytes(shop: World) -> None:
    whole, head = await read(shop), await read(shop, method="HEAD", range="bytes=0-1")
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k != "x-request-id"} == {
        k: v for k, v in whole.headers.items() if k != "x-request-id"
    }


@pytest.mark.parametrize(
    ("field", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=2000-", 2000, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=0-99999", 0, SIZE),
        ("bytes=-99999", 0, SIZE),
        ("BYTES=1-2", 1, 3),
    ],
)
async def test_a_range_is_sent_alone(shop: World, field: str, start: int, stop: int) -> None:
    reply = await read(shop, range=field)
    assert (reply.status_code, reply.content) == (206, CONTENT[start:stop])
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert reply.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("field", [f"bytes={SIZE}-", "bytes=99999-100000", "bytes=-0"])
async def test_a_range_without_a_byte_is_416(shop: World, field: str) -> None:
    reply = await read(shop, range=field)
    assert (reply.status_code, reply.content) == (416, b"")
    assert reply.headers["content-range"] == f"bytes */{SIZE}"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "field", ["bytes=5-2", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,4-5", "0-1", "bytes=+1-2"]
)
async def test_a_range_that_is_not_understood_means_the_whole(shop: World, field: str) -> None:
    reply = await read(shop, range=field)
    assert (reply.status_code, len(reply.content)) == (200, SIZE)


@pytest.mark.parametrize(
    ("condition", "status"),
    [(f'"{NAME}"', 206), ('"other"', 200), (f'W/"{NAME}"', 200), ("Tue, 01 Jan 2030 00:00:00 GMT", 200)],
)
async def test_a_download_goes_on_only_if_it_is_the_same_content(shop: World, condition: str, status: int) -> None:
    assert (await read(shop, range="bytes=5-9", if_range=condition)).status_code == status


@pytest.mark.parametrize("condition", [f'"{NAME}"', f'W/"{NAME}"', f'"x", "{NAME}"', "*"])
async def test_what_the_client_has_is_not_sent_again(shop: World, condition: str) -> None:
    reply = await read(shop, if_none_match=condition)
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", f'"{NAME}"')
    assert "content-length" not in reply.headers


async def test_other_content_is_sent_to_who_has_something_else(shop: World) -> None:
    assert (await read(shop, if_none_match='"other"')).status_code == 200


async def test_parts_make_the_whole(shop: World) -> None:
    parts = [(await read(shop, range=f"bytes={at}-{at + 99}")).content for at in range(0, SIZE, 100)]
    assert b"".join(parts) == CONTENT


async def test_an_object_that_no_bundle_names_is_not_there(here: World) -> None:
    name = await stored(here)
    await here.instance.app.updates.catalog.refresh(here.app.id)
    assert (await read(here, name)).status_code == 404


async def test_an_object_of_a_deleted_bundle_is_not_there_any_more(shop: World) -> None:
    async def unit(tx: object) -> None:
        await bundles.delete(tx, shop.app.id, "1.0.1", shop.instance.clock.now())  # type: ignore[arg-type]

    await shop.instance.app.base.database.write(unit)
    await shop.instance.app.updates.catalog.refresh(shop.app.id)
    assert (await read(shop)).status_code == 404


async def test_an_app_reads_no_objects_of_another(shop: World) -> None:
    other = await worlds.new_world(shop.instance)
    assert (await read(other)).status_code == 404


async def test_what_is_not_there_is_refused_alike(shop: World) -> None:
    """An app, a name and an object that are not there are the same: nothing (CVE-2026-56316)."""
    paths = [f"/files/{shop.app.id}/{'0' * 64}", f"/files/com.example.unknown/{NAME}", f"/files/{shop.app.id}/x.zip"]
    paths += [f"/files/{shop.app.id}/{NAME.upper()}", f"/files/{shop.app.id}/.."]
    bodies = {(reply.status_code, reply.content) for reply in [await shop.http.get(path) for path in paths]}
    assert len(bodies) == 1
    assert bodies.pop()[0] == 404


async def test_an_object_that_storage_lost_is_404_and_not_a_broken_download(here: World) -> None:
    await here.bundle("1.0.1", zip="b" * 64)
    assert (await read(here, "b" * 64)).status_code == 404


async def test_pages_of_any_origin_may_read(shop: World) -> None:
    assert (await read(shop, origin="null")).headers["access-control-allow-origin"] == "null"


@given(st.integers(0, 50), st.integers(0, 60) | st.none(), st.integers(0, 60) | st.none())
def test_every_range_is_the_slice_that_it_names(size: int, first: int | None, last: int | None) -> None:
    field = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        found: tuple[int, int] | str | None = part(field, "", '"e"', size)
    except Unsatisfiable:
        found = "unsatisfiable"
    assert found == expected(first, last, size)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_range(field: str) -> None:
    try:
        found = part(field, "", '"e"', 10)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= 10

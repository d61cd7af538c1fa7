"""/api/v1/apps/{app}/devices and overrides."""

import uuid
from typing import Any

import pytest

from ecrin.base.encoding import b64url
from ecrin.updates.devices.model import Device, Platform
from ecrin.web.api.devices import DeviceEndpoints
from harness import Instance
from updates.line import Line, line

DEVICE = "00000000-0000-4000-8000-00000000000a"


@pytest.fixture
async def notes(serve: Instance) -> Line:
    return await line(serve, "1.0.0", stable="1.0.0")


def code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json().get("code", "")


async def overrides(instance: Instance, app: Line, **query: Any) -> Any:
    return (await instance.http.get(f"{app.path}/overrides", params=query, headers=instance.bearer)).json()


async def put(instance: Instance, app: Line, device: str, channel: str = "production") -> Any:
    path = f"{app.path}/devices/{device}/channel"
    return await instance.http.put(path, json={"channel": channel}, headers=instance.bearer)


async def test_a_device_is_put_on_a_channel_and_taken_off(serve: Instance, notes: Line) -> None:
    shown = {
        "device_id": DEVICE,
        "channel": "production",
        "self_set": False,
        "set_at": serve.clock.now(),
        "expires_at": None,
    }
    assert (await put(serve, notes, DEVICE.upper())).json() == shown  # as iOS spells it
    assert await overrides(serve, notes) == {"overrides": [shown], "next_cursor": None}

    path = f"{notes.path}/devices/{DEVICE}/channel"
    assert (await serve.http.delete(path, headers=serve.bearer)).status_code == 204
    assert await overrides(serve, notes) == {"overrides": [], "next_cursor": None}
    assert code(await serve.http.delete(path, headers=serve.bearer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("device", "channel", "wanted"),
    [
        ("x", "production", (400, "INVALID_ARGUMENT")),
        (DEVICE[:-1], "production", (400, "INVALID_ARGUMENT")),
        (DEVICE, "nowhere", (404, "CHANNEL_NOT_FOUND")),
        (DEVICE, "", (404, "CHANNEL_NOT_FOUND")),
    ],
)
async def test_what_is_no_device_or_no_channel_is_refused(
    serve: Instance, notes: Line, device: str, channel: str, wanted: tuple[int, str]
) -> None:
    assert code(await put(serve, notes, device, channel)) == wanted


async def test_overrides_come_in_pages(serve: Instance, notes: Line) -> None:
    devices = [str(uuid.UUID(int=n)) for n in range(7)]
    for device in devices:
        await put(serve, notes, device)

    seen, cursor = [], ""
    for _ in range(4):
        page = await overrides(serve, notes, limit=3, cursor=cursor)
        seen.append([override["device_id"] for override in page["overrides"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [devices[:3], devices[3:6], devices[6:]]


async def test_a_page_that_ends_with_the_list_says_so(serve: Instance, notes: Line) -> None:
    await put(serve, notes, DEVICE)
    assert (await overrides(serve, notes, limit=1))["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"limit": ""},
        {"limit": "\u0663"},
        {"cursor": "!"},
        {"cursor": "a"},
        {"cursor": b64url(b"\0")},
        {"cursor": b64url(b"\xff")},
        {"cursor": b64url(b"x" * 257)},
        {"cursor": "\u00e9"},
    ],
)
async def test_a_wrong_page_is_refused(serve: Instance, notes: Line, query: dict[str, str]) -> None:
    reply = await serve.http.get(f"{notes.path}/overrides", params=query, headers=serve.bearer)
    assert code(reply) == (400, "INVALID_ARGUMENT")


class Kept:
    """An inventory of three devices."""

    async def inventory(self, app_id: str, after: str, limit: int) -> list[Device]:
        ids = [str(uuid.UUID(int=n)) for n in range(3)]
        return [_device(app_id, name) for name in ids if name > after][:limit]


def _device(app_id: str, name: str) -> Device:
    text = "1.0.0", "1.0.0", "17", "8.51.0", "ada", "", ""
    return Device(app_id, name, Platform.IOS, *text, is_emulator=False, is_prod=True, seen_at=1)


async def test_devices_are_listed_with_the_channel_that_they_were_put_on(serve: Instance, notes: Line) -> None:
    await put(serve, notes, str(uuid.UUID(int=1)))
    updates = serve.app.updates
    endpoints = DeviceEndpoints(updates.devices, updates.channels, Kept())
    route = next(r for r in endpoints.routes() if r.path.endswith("/devices"))

    class Asked:
        params = {"app": notes.id}
        query = {"limit": "2"}

    reply = await route.handler(Asked())  # type: ignore[arg-type]

    assert b'"next_cursor":"' in reply.body
    assert reply.body.count(b'"channel":"production"') == 1
    assert reply.body.count(b'"channel":null') == 1

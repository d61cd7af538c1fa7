"""What is too large, too deep or too many is refused before it is held or read (attack A7)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from harness import V1, Instance
from web.wire import SECURE_TOKEN, at_project

LIMIT = 64 * 1024


class Wire:
    """A request whose body is handed over in pieces, and a count of those that were taken."""

    def __init__(self, instance: Instance, path: str, pieces: AsyncIterator[bytes], **headers: str) -> None:
        self._app = instance.app.web
        self._pieces = pieces
        self.taken = 0
        self.status = 0
        self.body = b""
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": f"key={instance.project.api_keys[0]}".encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("192.0.2.9", 50000),
        }

    async def send(self) -> "Wire":
        await self._app(self._scope, self._receive, self._send)
        return self

    async def _receive(self) -> dict[str, Any]:
        piece = await anext(self._pieces, b"")
        self.taken += 1
        return {"type": "http.request", "body": piece, "more_body": bool(piece)} if piece is not None else {}

    async def _send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 16 * 1024


async def test_a07_a_body_that_says_it_is_too_large_is_not_even_read(strict: Instance) -> None:
    wire = await Wire(strict, f"{V1}/accounts:signUp", _endless(), **{"content-length": str(LIMIT + 1)}).send()

    assert (wire.status, wire.taken) == (413, 0)


async def test_a07_a_body_that_does_not_say_so_is_read_up_to_the_limit(strict: Instance) -> None:
    wire = await Wire(strict, f"{V1}/accounts:signUp", _endless()).send()

    assert (wire.status, wire.taken) == (413, LIMIT // (16 * 1024) + 1)


@pytest.mark.parametrize("said", ["0", "5", "x", "-1"])
async def test_a07_a_body_that_lies_about_its_size_is_read_up_to_the_limit(strict: Instance, said: str) -> None:
    wire = await Wire(strict, f"{V1}/accounts:signUp", _endless(), **{"content-length": said}).send()

    assert (wire.status, wire.taken) == (413, LIMIT // (16 * 1024) + 1)


async def test_a07_whoever_is_refused_has_no_body_read(strict: Instance) -> None:
    wire = await Wire(strict, at_project(strict, "/accounts:batchCreate"), _endless()).send()

    assert (wire.status, wire.taken) == (400, 0)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
async def test_the_limit_is_exact(strict: Instance, size: int) -> None:
    body = b'{"x": "' + b"y" * (size - 9) + b'"}'

    reply = await strict.http.post(f"{V1}/accounts:signUp", params={"key": strict.project.api_keys[0]}, content=body)

    assert (len(body), reply.status_code) == (size, 200 if size == LIMIT else 413)


async def test_an_import_may_be_larger_than_other_calls(strict: Instance) -> None:
    users = [{"localId": str(i), "customAttributes": '{"a":"' + "x" * 900 + '"}'} for i in range(1000)]

    assert (await strict.admin("batchCreate", {"users": users})).status_code == 200


async def test_a07_two_hundred_parameters_are_read_and_more_are_refused(strict: Instance) -> None:
    key = strict.project.api_keys[0]
    for count, status in ((199, 200), (200, 400), (100_000, 400)):
        query = f"key={key}&" + "&".join(f"p{i}=" for i in range(count))
        reply = await strict.http.post(f"{V1}/accounts:signUp?{query}"[:60_000], json={})
        assert reply.status_code == status


@pytest.mark.parametrize("query", ["key=%ff", "key=%00", "a=%00b", "key=%ed%a0%80"])
async def test_parameters_that_are_no_text_are_refused(strict: Instance, query: str) -> None:
    reply = await strict.http.post(f"{V1}/accounts:signUp?{query}", json={})

    assert reply.status_code == 400


@pytest.mark.parametrize("path", [f"{V1}/accounts:signUp", SECURE_TOKEN])
async def test_a07_json_that_nests_without_end_is_refused(strict: Instance, path: str) -> None:
    for body in (b'{"a":' * 10_000, b'{"a_b":' * 9_000, b"[" * LIMIT, b'{"a":' * 9_999 + b"1" + b"}" * 9_999):
        reply = await strict.http.post(path, params={"key": strict.project.api_keys[0]}, content=body)
        assert reply.status_code in {400}, body[:10]


@pytest.mark.parametrize("length", [16 * 1024 + 1, 60_000])
async def test_a07_a_token_that_is_too_long_is_refused_before_it_is_decoded(strict: Instance, length: int) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9." + "A" * length + ".AA"

    reply = await strict.call("lookup", {"idToken": token})

    assert reply.json()["error"]["message"] == "INVALID_ID_TOKEN"

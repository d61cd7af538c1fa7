"""Bodies that are not held: they come and go in pieces, within the limit, and end when the client does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from ecrin.base.clock import SystemClock
from ecrin.errors import NotFound
from ecrin.web.address import TrustedProxies
from ecrin.web.app import Surface, Web
from ecrin.web.authentication import Authenticator
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.listener import Listener, bind_local, bind_tcp
from ecrin.web.problem import rfc9457
from ecrin.web.routing import OPEN, Route


@dataclass
class Endpoints:
    """GET counts to three, /endless for ever; PUT returns the sizes of the pieces that came, POST the address."""

    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/three", OPEN, self.three),
            Route("GET", "/endless", OPEN, self.endless),
            Route("GET", "/broken", OPEN, self.broken),
            Route("POST", "/address", OPEN, self.address),
            Route("PUT", "/pieces", OPEN, self.pieces, max_body=100_000, stream=True),
        )

    async def three(self, call: Call) -> Reply:
        return Reply(stream=self._parts(3), length=3)

    async def endless(self, call: Call) -> Reply:
        return Reply(stream=self._parts(10**9))

    async def broken(self, call: Call) -> Reply:
        return Reply(stream=self._parts(3, fails=True), length=3)

    async def address(self, call: Call) -> Reply:
        return json_reply({"address": call.address})

    async def pieces(self, call: Call) -> Reply:
        assert call.stream is not None
        return json_reply({"sizes": [len(part) async for part in call.stream]})

    async def _parts(self, count: int, *, fails: bool = False) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(count):
                yield b"x"
                if fails:
                    raise NotFound
                await asyncio.sleep(0.001)
        finally:
            self.closed.set()


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


@pytest.fixture
async def port(endpoints: Endpoints, tmp_path: Path) -> AsyncIterator[int]:
    surface = Surface(endpoints.routes(), rfc9457, lambda raw, _: raw, cors=False)
    unasked = cast("Any", None)  # no request here presents a credential
    web = Web(
        [surface], Authenticator(unasked, unasked, unasked), TrustedProxies(["127.0.0.1"]), SystemClock(), tls=False
    )
    tcp = bind_tcp("127.0.0.1", 0)
    listener = Listener(web, tcp, bind_local(tmp_path / "s"))
    found = tcp.getsockname()[1]
    await listener.start()
    yield found
    await listener.stop()


@pytest.fixture
async def client(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield http


async def test_a_stream_is_sent_whole_with_its_length(client: httpx.AsyncClient) -> None:
    reply = await client.get("/three")
    assert (reply.content, reply.headers["content-length"]) == (b"xxx", "3")


async def test_head_says_the_length_and_leaves_the_stream_alone(
    client: httpx.AsyncClient, endpoints: Endpoints
) -> None:
    reply = await client.head("/three")
    assert (reply.content, reply.headers["content-length"], endpoints.closed.is_set()) == (b"", "3", False)


async def test_a_stream_ends_when_its_client_leaves(client: httpx.AsyncClient, endpoints: Endpoints) -> None:
    async with client.stream("GET", "/endless") as reply:
        async for _ in reply.aiter_raw():
            break
    await asyncio.wait_for(endpoints.closed.wait(), 30)


async def test_a_stream_ends_when_its_client_leaves_that_had_asked_for_more(port: int, endpoints: Endpoints) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\nGET /three HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"x\r\n")
    writer.transport.abort()
    await asyncio.wait_for(endpoints.closed.wait(), 30)


async def test_a21_what_comes_behind_a_body_is_no_header(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /address HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 192.0.2.1\r\n")
    writer.write(b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
    await asyncio.sleep(0.05)  # so that the request is in hand before the rest of it comes
    writer.write(b"0\r\nx-forwarded-for: 203.0.113.9\r\n\r\n")
    reply = await reader.read()
    writer.close()
    assert reply.endswith(b'{"address":"192.0.2.1"}')


@pytest.mark.filterwarnings("ignore")
async def test_a_stream_that_fails_is_cut_and_never_looks_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/broken")


async def test_an_upload_comes_in_pieces(client: httpx.AsyncClient) -> None:
    reply = await client.put("/pieces", content=b"x" * 90_000)
    assert sum(reply.json()["sizes"]) == 90_000


@pytest.mark.parametrize("declared", [True, False])
async def test_an_upload_over_the_limit_is_refused(client: httpx.AsyncClient, declared: bool) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 10_000

    reply = await client.put("/pieces", content=b"x" * 110_000 if declared else body())
    assert (reply.status_code, reply.json()["code"]) == (413, "CONTENT_TOO_LARGE")

"""HTTP/1.1 from the client's side, small enough not to be what is measured: one request at a time, kept alive."""

import asyncio
from collections.abc import Mapping
from typing import Self, cast

import httptools

Address = tuple[str, int]


class UnexpectedReply(Exception):
    """A server did not answer 200: what was measured is not what was meant."""


class Connection(asyncio.Protocol):
    """One connection; `ask` must not be called again before it has returned."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._reply: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, address: Address) -> Self:
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, *address)
        return connection

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body."""
        assert self._transport is not None
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of the reply; raises `UnexpectedReply` unless it is a 200."""
        status, body = await self.exchange(request)
        if status != 200:
            raise UnexpectedReply(f"{status} {body[:300]!r} to {request[:80]!r}")
        return body

    def close(self) -> None:
        """Let the server know that this was all."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        body, self._parts = b"".join(self._parts), []
        if self._reply is not None and not self._reply.done():
            self._reply.set_result((self._parser.get_status_code(), body))


def get(address: Address, path: str) -> bytes:
    """Return a GET request."""
    return f"GET {path} HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\n\r\n".encode()


def post(address: Address, path: str, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a POST request; `kind` is the content type."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\ncontent-type: {kind}\r\n"
        f"content-length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body

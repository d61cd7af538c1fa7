"""HTTP/1.1 as a device needs it: one exchange at a time on a connection that is kept while it holds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Address = tuple[str, int]
TIMEOUT = 20.0  # seconds, as the plugin's responseTimeout


class Reply(NamedTuple):
    """What came back; status 0 stands for nothing at all."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float:
        """Return the seconds that the server asks to wait for."""
        return float(self.headers.get("retry-after", "0"))


NOTHING = Reply(0, {}, b"")


@dataclass(slots=True)
class Connection:
    """One connection to the server."""

    address: Address
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def exchange(self, method: str, path: str, body: bytes = b"") -> Reply:
        """Send a request and return the reply; `NOTHING` when the server cannot be reached or breaks off."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._exchange(method, path, body)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.close()
            return NOTHING

    def close(self) -> None:
        """Close it."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def _exchange(self, method: str, path: str, body: bytes) -> Reply:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {self.address[0]}:{self.address[1]}\r\ncontent-length: {len(body)}\r\n"
        )
        kind = "content-type: application/json\r\n" if body else ""
        self.writer.write(f"{head}{kind}\r\n".encode() + body)
        reply = await self._reply(self.reader)
        if reply.headers.get("connection") == "close":
            self.close()
        return reply

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        return Reply(int(first.split(" ", 2)[1]), headers, body)

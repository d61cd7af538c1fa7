"""HTTP/1.1 on one connection: uvicorn's protocol with bounds (attack A7), and replies that leave in one piece."""

import asyncio
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD = 32 * 1024
MAX_WAITING = 64  # requests of one connection that wait for the replies before theirs
SMALL = 16 * 1024


class JoinedWrites:
    """A transport whose small writes of one turn of the event loop leave together: the head of a reply with its body.

    Each system call for a reply costs as much as parsing the request did.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write a large piece now, a small one at the end of this turn at the latest."""
        if len(data) > SMALL:
            self.flush()
            self._transport.write(data)
            return
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def close(self) -> None:
        """Write what waits, then close."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            data, self._waiting = b"".join(self._waiting), []
            with suppress(RuntimeError):  # uvloop of a connection that went away meanwhile
                self._transport.write(data)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with bounds on what it would collect without end (A7): all but bodies, and whole requests.

    What a client sends as fields behind a body (RFC 9112 §7.1.2) is passed over: nobody may add to a head that has been
    looked at.
    """

    _unused = 0  # bytes since the parser had anything for us; of one read more, it may be less
    _used = False  # whether the parser had something for us in what just came
    _in_head = True
    _large = False  # whether a whole head that is too long could be in what just came
    _served: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let a reply leave in one piece."""
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered, too: uvicorn tells the last one that came on the connection."""
        super().connection_lost(exc)
        if self._served is not None and not self._served.response_complete:
            self._served.disconnected = True
            self._served.message_event.set()

    def eof_received(self) -> None:
        """Write what waits: the transport closes now, and knows only what it was given."""
        self.transport.flush()  # type: ignore[attr-defined]

    def on_message_begin(self) -> None:
        """Start counting."""
        self._unused, self._in_head = 0, True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse a head that came at once and is too long, and one more than may wait for its turn."""
        self._used, self._in_head = True, False
        if self._large and len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            raise ValueError("the head is too long")  # the parser answers 400 to whatever is raised here
        super().on_headers_complete()
        if len(self.pipeline) > MAX_WAITING:
            raise ValueError("too many requests wait")

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, whose size is bounded where it is read."""
        self._used = True
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Refuse a head, or what stands around a body, that comes in pieces and does not end."""
        self._large = self._unused + len(data) > MAX_HEAD
        self._used = False
        super().data_received(data)
        self._unused = 0 if self._used else self._unused + len(data)
        if self._unused > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

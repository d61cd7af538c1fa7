"""Sockets and uvicorn: one listener for clients, one for the owner of the data folder."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ecrin.errors import ConfigurationError
from ecrin.web.app import Web

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 4
BACKLOG = 2048
MAX_HEAD = 32 * 1024
MAX_WAITING = 64  # requests of one connection that wait for the replies before theirs
SMALL = 16 * 1024


def bind_tcp(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one. Raises `ConfigurationError` that names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", hint="Choose another --port."
        ) from None
    return listener


def bind_local(path: Path) -> socket.socket:
    """Return a bound Unix socket that only its owner can use; call it with the data folder locked."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"Cannot make the local socket {path}: {error}.") from None
    finally:
        os.umask(before)
    return listener


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


class Listener:
    """Serves the application on both sockets; the local one answers before the other does."""

    def __init__(
        self, web: Web, tcp: socket.socket, local: socket.socket, tls: tuple[Path, Path] | None = None
    ) -> None:
        self._servers = [
            (uvicorn.Server(_config(web.local_socket, None)), local),
            (uvicorn.Server(_config(web, tls)), tcp),
        ]
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Return once both sockets answer."""
        for server, listener in self._servers:
            server.lifespan = server.config.lifespan_class(server.config)
            await server.startup(sockets=[listener])
            self._loops.append(asyncio.create_task(server.main_loop()))

    async def stop(self) -> None:
        """Take no new connection, let open requests finish for 4 s, then cancel what is still open."""
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._loops)
        await asyncio.gather(*(server.shutdown(sockets=[listener]) for server, listener in self._servers))


def _config(app: Callable[..., Any], tls: tuple[Path, Path] | None) -> uvicorn.Config:
    """Return a loaded configuration; raises `ConfigurationError` that names a certificate or key it cannot use."""
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
        ssl_ciphers="",  # Python's own choice; uvicorn's would leave TLS 1.2 nothing but CBC
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"ECRIN_TLS_CERT and ECRIN_TLS_KEY cannot be used: {error}.") from None
    return config

"""Sockets and uvicorn: one listener for clients, one for the owner of the data folder."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from ecrin.errors import ConfigurationError
from ecrin.web.app import Web
from ecrin.web.protocol import BoundedHttp

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 4
BACKLOG = 2048


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

"""HTTP by httpx: loaded once there is a server to ask, for it takes longer to load than all the rest of a command."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ecrin.cli.connection import Ask, NoServer, Reply, Upload

TIMEOUT_SECONDS = 30


@contextmanager
def asking(url: str, headers: Mapping[str, str], socket: Path | None = None) -> Iterator[Ask]:
    """Give what asks the server at an address, or behind a local socket; asking raises `NoServer`."""
    transport = httpx.HTTPTransport(uds=str(socket)) if socket else None
    with httpx.Client(base_url=url, headers=headers, transport=transport, timeout=TIMEOUT_SECONDS) as client:

        def ask(method: str, path: str, body: Any, query: Mapping[str, Any]) -> Reply:
            try:
                reply = client.request(method, path, params=query, **_body(body))
            except httpx.HTTPError as error:
                raise NoServer(f"The server does not answer ({type(error).__name__}).") from None
            return Reply(reply.status_code, reply.headers.get("date", ""), reply.content)

        yield ask


def _body(body: Any) -> dict[str, Any]:
    """Return what httpx takes: a file as it is read, and anything else as JSON."""
    if not isinstance(body, Upload):
        return {"json": body}
    return {"content": body, "headers": {"content-length": str(body.size), "content-type": "application/octet-stream"}}

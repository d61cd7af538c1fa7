"""A plain ASGI echo: what uvicorn alone can do with requests and replies of a size."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
import uvloop

Message = MutableMapping[str, Any]
SIZE = b"x-reply-size"


async def echo(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Read the body and answer 200 with as many bytes as the header `x-reply-size` asks for."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    size = int(dict(scope["headers"]).get(SIZE, b"15"))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * size})


def serve(port: int) -> None:
    """Serve until SIGTERM."""
    config = uvicorn.Config(
        echo,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())

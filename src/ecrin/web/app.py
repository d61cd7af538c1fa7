"""The ASGI application: from a scope to a `Call`, from a `Reply` to messages, with every check of a request in order.

Order: path, method, caller, size, body, handler. What is not declared in a route table is refused.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec
import structlog

from ecrin.base.clock import Clock
from ecrin.errors import EcrinError, InvalidRequest, NotFound, NotImplementedYet
from ecrin.web import cors
from ecrin.web.access import Locator, authorize, nowhere
from ecrin.web.address import TrustedProxies
from ecrin.web.authentication import Authenticator
from ecrin.web.errors import ContentTooLarge, MethodNotAllowed
from ecrin.web.http import Call, Headers, Reply, parameters
from ecrin.web.problem import ProblemEncoder, rfc9457
from ecrin.web.routing import Route, RouteTable

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Decoder = Callable[[bytes, type], Any]

GOOGLE_HOSTS = frozenset(
    {"identitytoolkit.googleapis.com", "securetoken.googleapis.com", "www.googleapis.com", "oauth2.googleapis.com"}
)
log = structlog.get_logger("ecrin.web")


@dataclass(frozen=True, slots=True)
class Surface:
    """Routes that share a wire shape: how errors look, how bodies are decoded, whether browsers of any origin may."""

    routes: tuple[Route, ...]
    problem: ProblemEncoder
    decode: Decoder
    cors: bool


class _Asked(msgspec.Struct, frozen=True):
    """A request on its way to a handler: nobody has been recognised and nothing decoded yet."""

    scope: Scope
    headers: Headers
    path: str
    id: str
    local: bool

    @property
    def method(self) -> str:
        """Return the method as it was sent."""
        return str(self.scope["method"])


class Web:
    """The application over all surfaces; `local_socket` is the same for the owner of the data folder."""

    def __init__(
        self,
        surfaces: Sequence[Surface],
        authenticator: Authenticator,
        proxies: TrustedProxies,
        clock: Clock,
        *,
        tls: bool,
        locate: Locator = nowhere,
    ) -> None:
        self.table = RouteTable(route for surface in surfaces for route in surface.routes)
        self._surfaces = {id(route): surface for surface in surfaces for route in surface.routes}
        self._floors = {_first(route.path): surface for surface in reversed(surfaces) for route in surface.routes}
        self._elsewhere = Surface((), rfc9457, lambda raw, _: raw, cors=False)
        self._authenticator = authenticator
        self._proxies = proxies
        self._clock = clock
        self._always = _security_headers(tls=tls)
        self._locate = locate
        self._run = secrets.token_hex(4)  # request ids tell runs of the server apart; nobody needs to guess them
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a client."""
        await self._serve(scope, receive, send, local=False)

    async def local_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request on the local socket, whose file only the owner of the instance can open."""
        await self._serve(scope, receive, send, local=True)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, *, local: bool) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        headers: Headers = dict(scope["headers"])
        asked = _Asked(scope, headers, _path(scope, headers), f"{self._run}{next(self._numbers):08x}", local)
        found = self.table.find(asked.method, asked.path)
        surface = self._surfaces[id(found[0])] if found else self._floors.get(_first(asked.path), self._elsewhere)
        try:
            if found is None:
                reply = self._unmatched(asked, surface)
            else:
                reply = await found[0].handler(await self._call(asked, *found, surface.decode, receive))
        except EcrinError as error:
            if error.status >= 500 and not isinstance(error, NotImplementedYet):
                log.warning("refused", code=error.code, detail=str(error), request_id=asked.id)
            reply = surface.problem(error)
        except Exception:
            log.exception("failed", request_id=asked.id)
            reply = surface.problem(EcrinError())
        shared = cors.allowed(headers) if surface.cors else ()
        always = (*self._always, (b"x-request-id", asked.id.encode()), *shared)
        await _send(send, reply, always, asked.method == "HEAD", receive)

    async def _call(
        self, asked: _Asked, route: Route, params: dict[str, str], decode: Decoder, receive: Receive
    ) -> Call:
        """Return the request as its handler sees it, once its caller may make it; raises what refuses it."""
        raw_query = asked.scope["query_string"].decode("latin-1")
        query = parameters(raw_query) if raw_query else {}
        now = self._clock.now()
        caller = await self._authenticator.caller(asked.headers, query, now, local=asked.local)
        project = authorize(route.access, caller, params, self._locate)
        parts = _parts(receive, asked.headers, route.max_body) if route.stream else None
        raw = b"" if parts else await _body(receive, asked.headers, route.max_body)
        return Call(
            method=asked.method,
            path=asked.path,
            params=params,
            query=query,
            raw_query=raw_query,
            headers=asked.headers,
            body=decode(raw, route.body) if route.body else raw,
            caller=caller,
            address=self._address(asked.scope, asked.headers),
            request_id=asked.id,
            now=now,
            verb=route.access.verb,
            project=project,
            stream=parts,
        )

    def _address(self, scope: Scope, headers: Headers) -> str:
        peer: str = scope["client"][0] if scope["client"] else ""
        if b"x-forwarded-for" not in headers:
            return peer
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        return self._proxies.client(peer, forwarded.decode("latin-1"))

    def _unmatched(self, asked: _Asked, surface: Surface) -> Reply:
        """Answer a preflight, or refuse: 405 where the path answers other methods, 404 where it answers none."""
        methods = self.table.methods(asked.path)
        if not methods:
            raise NotFound
        allow = ", ".join(methods).encode()
        if asked.method == "OPTIONS" and surface.cors:
            return Reply(204, headers=cors.preflight(asked.headers, allow))
        problem = surface.problem(MethodNotAllowed())
        return Reply(problem.status, problem.body, problem.content_type, (*problem.headers, (b"allow", allow)))


def _path(scope: Scope, headers: Headers) -> str:
    """Return the path, with the Google host in front where a client reached us under that name (protocol §6.3)."""
    path: str = scope["path"]
    host = headers.get(b"host", b"").lower()
    if b"googleapis" not in host:
        return path
    name = host.decode("latin-1").partition(":")[0]
    return f"/{name}{path}" if name in GOOGLE_HOSTS else path


def _first(path: str) -> str:
    """Return the first segment of a path, by which an unknown path is refused in the shape of its neighbours."""
    return path.split("/", 2)[1] if path.startswith("/") else ""


async def _body(receive: Receive, headers: Headers, most: int) -> bytes:
    """Return the body, most often one message; raises `ContentTooLarge` before more than `most` bytes are held."""
    _refuse_declared(headers, most)
    part, more = _part(await receive(), most)
    parts = [part]
    while more:
        most -= len(part)
        part, more = _part(await receive(), most)
        parts.append(part)
    return b"".join(parts)


async def _parts(receive: Receive, headers: Headers, most: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes; raises `ContentTooLarge` before more than `most` bytes were yielded."""
    _refuse_declared(headers, most)
    more = True
    while more:
        part, more = _part(await receive(), most)
        most -= len(part)
        yield part


def _refuse_declared(headers: Headers, most: int) -> None:
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most:
        raise ContentTooLarge


def _part(message: Any, most: int) -> tuple[bytes, bool]:
    if message["type"] == "http.disconnect":
        raise InvalidRequest("The client went away in the middle of the request.")
    part = message.get("body", b"")
    if len(part) > most:
        raise ContentTooLarge
    return part, message.get("more_body", False)


async def _send(
    send: Send, reply: Reply, always: Sequence[tuple[bytes, bytes]], head_only: bool, receive: Receive
) -> None:
    headers = [(b"cache-control", reply.cache), *always, *reply.headers]
    length = len(reply.body) if reply.stream is None else reply.length
    if reply.status not in {204, 304} and length is not None:
        headers.append((b"content-length", str(length).encode()))
    if reply.body or reply.stream is not None:
        headers.append((b"content-type", reply.content_type))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.stream is not None:
        await _send_parts(send, reply.stream, head_only, receive)
    await send({"type": "http.response.body", "body": b"" if head_only else reply.body})


async def _send_parts(send: Send, parts: AsyncGenerator[bytes, None], head_only: bool, receive: Receive) -> None:
    async with aclosing(parts):
        if head_only:
            return
        gone = asyncio.ensure_future(receive())  # says nothing more until the client leaves
        try:
            async for part in parts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            gone.cancel()


def _security_headers(*, tls: bool) -> tuple[tuple[bytes, bytes], ...]:
    always = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
    return (*always, (b"strict-transport-security", b"max-age=31536000")) if tls else always

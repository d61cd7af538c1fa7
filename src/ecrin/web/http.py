"""The HTTP values that handlers see: a `Call` in, a `Reply` out. No framework shows through."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ecrin.base.clock import Instant
from ecrin.base.origin import Origin
from ecrin.errors import InvalidRequest
from ecrin.governance.callers import Caller, Scope, Verb

JSON = b"application/json; charset=utf-8"
HTML = b"text/html; charset=utf-8"
NO_STORE = (b"cache-control", b"no-store")
MAX_PARAMETERS = 200

Headers = Mapping[bytes, bytes]
encode_json = msgspec.json.Encoder().encode


class Call(msgspec.Struct, frozen=True):
    """One request, after routing, authentication and decoding.

    `body` is the route's request type, or the raw bytes where the route declares none. `query` keeps the last value of
    a repeated parameter; `raw_query` has them all. `verb` is what the route declares that its caller must be able to do
    in the project; unsaid, it is everything. `project` is the one that the path's app belongs to, or "". `stream`
    yields the body as it comes where the route wants that; it raises `ContentTooLarge` where the body goes over the
    route's limit.
    """

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    raw_query: str
    headers: Headers
    body: Any
    caller: Caller
    address: str
    request_id: str
    now: Instant
    verb: Verb = Verb.ALL
    project: str = ""
    stream: AsyncIterator[bytes] | None = None

    @property
    def origin(self) -> Origin:
        """Return who asks and from where, for events and limits."""
        return Origin(self.caller.name, self.address, self.request_id)

    def channel_scope(self, channel: str, verb: Verb) -> Scope:
        """Return the scope that doing something with a channel of the path's app needs."""
        return Scope(self.project, verb, self.params["app"], channel)

    def app_scope(self, verb: Verb) -> Scope:
        """Return the scope that doing something with the path's app needs."""
        return Scope(self.project, verb, self.params["app"])

    def header(self, name: bytes) -> str:
        """Return a header's text, or "" where it is absent; `name` is lower-case."""
        return self.headers.get(name, b"").decode("latin-1")


class Reply(msgspec.Struct, frozen=True):
    """One response. Replies are not to be stored by caches unless `cache` says otherwise (attack A32).

    A body too large to be held comes from `stream`, whose bytes are `length` in all (None: it ends when it ends). It is
    closed when it is over or the client is gone, which is looked at between two parts.
    """

    status: int = 200
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    cache: bytes = b"no-store"
    stream: AsyncGenerator[bytes, None] | None = None
    length: int | None = None


NO_CONTENT = Reply(204)


def json_reply(value: object, status: int = 200, *, cache: bytes = b"no-store") -> Reply:
    """Return a JSON reply of a msgspec-encodable value."""
    return Reply(status, encode_json(value), cache=cache)


def redirect(location: str) -> Reply:
    """Return a 303 to an address that is already checked (RFC 9110 §15.4.4)."""
    return Reply(303, headers=((b"location", location.encode("ascii", "strict")),))


def parameters(text: str) -> dict[str, str]:
    """Return the parameters of a query string or an urlencoded form; of a repeated one the last value.

    Raises `InvalidRequest` for more than 200 of them, for what is not UTF-8, and for a NUL, which no database keeps.
    """
    try:
        pairs = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"))
    except ValueError:
        raise InvalidRequest("The parameters cannot be read.") from None
    if any("\0" in value for value in pairs.values()):
        raise InvalidRequest("The parameters cannot be read.")
    return pairs

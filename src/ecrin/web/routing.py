"""The declared route table: method, path pattern, request type, caller needed, handler. It is data, so tests walk it.

A path matches byte for byte after percent-decoding, or not at all: a trailing slash, `//`, `;x` or another case is
another path, and another path is 404 (attack A33). A place takes the unreserved characters of RFC 3986 §2.3 only, and
`{version}` the plus sign of semantic versions too.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from ecrin.governance.callers import Verb
from ecrin.web.http import Call, Reply

Handler = Callable[[Call], Awaitable[Reply]]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PLACE = re.compile(r"\{(\w+)\}")


class Need(Enum):
    """The least a caller must be."""

    NOTHING = "nothing"  # health, key documents, pages: open to everybody
    PROJECT = "project"  # a web API key, or a credential that covers the project
    CREDENTIAL = "credential"  # a credential whose scope covers the project and the verb
    CREDENTIAL_OF_BODY = "credential-of-body"  # a credential; the project stands in the body, the handler checks it
    APP = "app"  # a credential whose scope covers the app of the path, and its channel where the path names one
    INSTANCE = "instance"  # a credential whose scope covers the whole instance
    LOCAL = "local"  # the local socket alone


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route; there is no default, so that no route is open by omission.

    With `part` a scope within what the path names is enough (a channel of the app, an app of the project): the handler
    then shows and touches nothing but that part.
    """

    need: Need
    verb: Verb = Verb.READ
    part: bool = False


OPEN = Access(Need.NOTHING)
CLIENT_READ = Access(Need.PROJECT, Verb.READ)
CLIENT = Access(Need.PROJECT, Verb.WRITE)
ADMIN_READ = Access(Need.CREDENTIAL, Verb.READ)
ADMIN_WRITE = Access(Need.CREDENTIAL, Verb.WRITE)
APP_READ = Access(Need.APP, Verb.READ)
APP_UPLOAD = Access(Need.APP, Verb.UPLOAD)
APP_WRITE = Access(Need.APP, Verb.WRITE)
APP_ALL = Access(Need.APP, Verb.ALL)
APP_PART_READ = Access(Need.APP, Verb.READ, part=True)
APP_PART_UPLOAD = Access(Need.APP, Verb.UPLOAD, part=True)
APP_PART_WRITE = Access(Need.APP, Verb.WRITE, part=True)
INSTANCE_READ = Access(Need.INSTANCE, Verb.READ)
INSTANCE_ALL = Access(Need.INSTANCE, Verb.ALL)


@dataclass(frozen=True, slots=True)
class Route:
    """One call.

    `body` is the msgspec type of the request body, or None where the handler takes the raw bytes: all of them at once,
    or with `stream` as they come. For the description are `reply` (the msgspec type of what comes with `status`; None:
    there is no body, 204) and `query` (a msgspec type of the parameters).
    """

    method: str
    path: str
    access: Access
    handler: Handler
    body: type | None = None
    max_body: int = 64 * 1024
    stream: bool = False
    reply: type | None = None
    status: int = 200
    query: type | None = None


class RouteTable:
    """Finds the route of a method and a path; exact paths by one dictionary look-up, patterns in order."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._exact = {(r.method, r.path): r for r in self.routes if "{" not in r.path}
        self._patterns = [(r.method, _compile(r.path), r) for r in self.routes if "{" in r.path]
        if len({(r.method, r.path) for r in self.routes}) != len(self.routes):
            raise ValueError("two routes have the same method and path")

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and its path parameters, or None; HEAD is answered by the route of GET."""
        method = "GET" if method == "HEAD" else method
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact, {}
        for wanted, pattern, route in self._patterns:
            if wanted == method and (found := pattern.fullmatch(path)):
                return route, found.groupdict()
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that the path answers, for OPTIONS and 405."""
        return tuple(m for m in METHODS if self.find(m, path))


def _compile(path: str) -> re.Pattern[str]:
    literal = _PLACE.split(path)
    return re.compile("".join(_place(part) if i % 2 else re.escape(part) for i, part in enumerate(literal)))


def _place(name: str) -> str:
    plus = "+" if name == "version" else ""
    return f"(?P<{name}>[A-Za-z0-9._~{plus}-]+)"

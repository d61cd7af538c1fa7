"""To a running server: through the socket in the data folder, or named by ECRIN_URL and ECRIN_TOKEN.

A flag comes before the environment: --data means the server on that folder even where ECRIN_URL is set. The socket
asks for no token, since who may use it owns the folder; so a token without an address is refused, never passed over.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import click

from ecrin import errors
from ecrin.cli.options import Common
from ecrin.errors import ConfigurationError, EcrinError
from ecrin.ops.instance import socket_address
from ecrin.settings import DATA, Settings, refuse_unknown

CLOCKS_AGREE = 2
PIECE = 256 * 1024  # bytes of an upload that are sent at a time
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before an upload is tried again
ALONE = "ECRIN_TOKEN is set without ECRIN_URL. Name its server too, or unset it: the local socket needs no token."
_CODE = re.compile(r"[A-Z][A-Z0-9_]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")


class ServerRefused(EcrinError):
    """The server refused the request."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.code = code  # type: ignore[misc]


class NoServer(EcrinError):
    """No server answers."""

    code = "NO_SERVER"
    hint = "Start one with `ecrin serve`, name its folder with --data, or set ECRIN_URL and ECRIN_TOKEN."


class NotOurServer(EcrinError):
    """What answers is no ecrin server."""

    code = "NOT_OUR_SERVER"
    hint = "Check ECRIN_URL: it is the server's address, without a path."


class Reply(NamedTuple):
    """A reply by HTTP; `date` is the header, or ""."""

    status: int
    date: str
    body: bytes


class Upload:
    """A file as the body of a request; `advance` hears of the bytes as they leave, and of a fresh start as negative."""

    def __init__(self, path: Path, size: int, advance: Callable[[int], None]) -> None:
        self.path, self.size, self._advance = path, size, advance
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        self._advance(-self._sent)
        self._sent = 0
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
                self._sent += len(piece)
                self._advance(len(piece))


Ask = Callable[[str, str, Any, Mapping[str, Any]], Reply]


class Connection:
    """Asks a server; what it refuses is raised as it was said."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._date = 0

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Return the reply's JSON, {} where it has no body; raises `ServerRefused`, `NoServer`, `NotOurServer`."""
        reply = self._ask(method, path, body, {name: value for name, value in query.items() if value is not None})
        found = {} if reply.status == 204 else _json(reply)
        if not 200 <= reply.status < 300:
            raise _refusal(found)
        self._date = _seconds(reply.date)
        return found

    def upload(self, path: str, body: Upload) -> None:
        """PUT a file, again and again for some seconds while the server is away or overloaded; raises as `call`."""
        for wait in (*WAITS, None):
            try:
                reply = self._ask("PUT", path, body, {})
            except NoServer:
                if wait is None:
                    raise
            else:
                if 200 <= reply.status < 300:
                    return
                if wait is None or (reply.status < 500 and reply.status != 429):
                    raise _refusal(_json(reply))
            time.sleep(wait)

    def now(self) -> int:
        """Return the time (s): our clock's if the server agrees to two seconds, otherwise the server's own."""
        ours = int(time.time())
        return ours if abs(ours - self._date) <= CLOCKS_AGREE or not self._date else self._date

    def project(self, wanted: str | None) -> str:
        """Return the project that was named, or the first that the credential is for, as a part of a path."""
        if wanted:
            return segment(wanted)
        found = self.call("GET", "/api/v1/projects")
        names = [project["project_id"] for project in found["projects"]] + found["in_part"]
        if not names:
            raise ConfigurationError("There is no project yet.", hint="Make one: ecrin project create ID")
        return str(names[0])


@contextmanager
def connected(common: Common) -> Iterator[Connection]:
    """Connect to the server that flags or environment name.

    Raises `NoServer`, `ConfigurationError`, and `UsageError` for a token that belongs to no server.
    """
    refuse_unknown(os.environ)
    url = os.environ.get("ECRIN_URL")
    if os.environ.get("ECRIN_TOKEN") and not url:
        raise click.UsageError(ALONE)
    if url and common.data is None:
        with _asking(_checked_url(url), _headers()) as ask:
            yield Connection(ask)
        return
    folder = common.data or Path(os.environ.get("ECRIN_DATA") or DATA)
    path = Settings(data=folder).socket
    if not path.exists():
        raise NoServer(f"No server is running on {folder}.")
    with socket_address(path) as address, _asking("http://ecrin", {}, address) as ask:
        yield Connection(ask)


def _asking(url: str, headers: Mapping[str, str], socket: Path | None = None) -> AbstractContextManager[Ask]:
    from ecrin.cli.asking import asking  # late: most that goes wrong goes wrong before

    return asking(url, headers, socket)


def segment(text: str) -> str:
    """Return text as one segment of a path, whatever is in it; raises `UsageError` for what clients resolve."""
    if text in {"", ".", ".."}:
        raise click.UsageError(f"'{text}' is no name.")
    return quote(text, safe="")


def _headers() -> dict[str, str]:
    token = os.environ.get("ECRIN_TOKEN")
    if not token:
        return {}
    if not _TOKEN.fullmatch(token):
        raise ConfigurationError("ECRIN_TOKEN is no token: it holds blanks or line ends.", hint="Set it anew.")
    return {"authorization": f"Bearer {token}"}


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or parts.path.strip("/") or parts.query:
        raise ConfigurationError("ECRIN_URL must be http(s)://host[:port].", hint="The token goes into ECRIN_TOKEN.")
    return url


def _json(reply: Reply) -> Any:
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotOurServer(f"The answer ({reply.status}) is not one of an ecrin server.")
    return found


def _seconds(date: str) -> int:
    """Return the time of a date header, or 0 where there is none."""
    from email.utils import parsedate_to_datetime

    return int(parsedate_to_datetime(date).timestamp()) if date else 0


def _refusal(body: dict[str, Any]) -> EcrinError:
    """Return what the server said, in either of its two shapes."""
    error = body.get("error")
    if not isinstance(error, dict):
        return ServerRefused(str(body.get("code")), str(body.get("detail")), str(body.get("hint", "")))
    code, _, detail = str(error.get("message")).partition(" : ")
    if not _CODE.fullmatch(code):
        code, detail = str(error.get("status")), str(error.get("message"))
    known = _known().get(code)
    if known is None:
        return ServerRefused(code, detail or code, EcrinError.hint)
    said = f"{known.sentence} ({detail})" if detail and "status" not in error else detail or known.sentence
    return ServerRefused(code, said, known.hint)


def _known() -> dict[str, type[EcrinError]]:
    """Return our errors by code: Google's shape, which sign-in has on the wire, carries no sentence for people."""
    from ecrin.auth import errors as auth
    from ecrin.governance import errors as governance

    found = [value for module in (errors, governance, auth) for value in vars(module).values()]
    return {error.code: error for error in found if isinstance(error, type) and issubclass(error, EcrinError)}

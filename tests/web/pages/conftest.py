"""The pages on the real application, over codes that are held in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import httpx
import pytest
import uvicorn

from ecrin.auth.errors import ExpiredOobCode, InvalidOobCode, WeakPassword
from ecrin.base.clock import Instant, SystemClock
from ecrin.base.origin import Origin
from ecrin.errors import EcrinError
from ecrin.governance.projects.model import Project
from ecrin.ops.mail.mailbox import KeptLetter
from ecrin.web.address import TrustedProxies
from ecrin.web.app import Surface, Web
from ecrin.web.authentication import Authenticator
from ecrin.web.pages.action import ActionPage
from ecrin.web.pages.mailbox import MailboxPage
from ecrin.web.pages.views import problem_page

OWN = "http://127.0.0.1:9099"


@dataclass(frozen=True)
class Info:
    purpose: str
    email: str = "ann@example.org"
    new_email: str | None = None
    project_id: str = "notes"
    continue_url: str | None = None


@dataclass
class Codes:
    """Codes by their text, what was done with them, and an error to answer with instead."""

    known: dict[str, Info] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    inspected: list[str] = field(default_factory=list)
    used: list[tuple[str, str, str]] = field(default_factory=list)
    failure: EcrinError | None = None

    async def inspect(self, code: str) -> Info:
        self.inspected.append(code)
        if code in self.expired:
            raise ExpiredOobCode
        if code not in self.known:
            raise InvalidOobCode
        return self.known[code]

    async def apply(self, code: str, by: Origin) -> Info:
        if self.failure:
            raise self.failure
        info = await self.inspect(code)
        del self.known[code]
        self.used.append((code, "", by.actor))
        return info

    async def reset_password(self, code: str, new_password: str, by: Origin) -> Info:
        if len(new_password) < 8:
            raise WeakPassword
        info = await self.apply(code, by)
        self.used[-1] = (code, new_password, by.actor)
        return info


@dataclass
class OneProject:
    project: Project = field(default_factory=lambda: Project("notes", 100_000_000_001, "Carnet", ("key",), 0))

    def get(self, project_id: str) -> Project:
        assert project_id == self.project.id
        return self.project

    def rename(self, name: str) -> None:
        self.project = replace(self.project, display_name=name)


@dataclass
class Letters:
    kept: list[KeptLetter] = field(default_factory=list)

    async def letters(self, now: Instant) -> Sequence[KeptLetter]:
        return self.kept


@pytest.fixture
def codes() -> Codes:
    return Codes()


@pytest.fixture
def projects() -> OneProject:
    return OneProject()


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def info() -> Callable[..., Info]:
    return Info


@pytest.fixture
def application(codes: Codes, projects: OneProject, letters: Letters) -> Callable[[str], Web]:
    def build(origin: str) -> Web:
        routes = (*ActionPage(codes, projects, [origin]).routes(), *MailboxPage(letters).routes())
        surface = Surface(routes, problem_page, cast("Any", None), cors=False)
        unasked = cast("Any", None)  # no request here presents a credential
        callers = Authenticator(unasked, unasked, unasked)
        return Web([surface], callers, TrustedProxies([]), SystemClock(), tls=False)

    return build


@pytest.fixture
async def browser(application: Callable[[str], Web]) -> AsyncIterator[httpx.AsyncClient]:
    """A client without redirects, on the application itself."""
    transport = httpx.ASGITransport(app=application(OWN))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
        yield client


@pytest.fixture
def served(application: Callable[[str], Web]) -> Iterator[str]:
    """The address of the application on a real socket."""
    config = uvicorn.Config(lambda *_: None, log_level="critical", access_log=False, lifespan="off", loop="asyncio")
    sock = config_socket()
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    config.app = application(address)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
    thread.start()
    yield address
    server.should_exit = True
    thread.join()
    sock.close()


def config_socket() -> Any:
    import socket

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening

"""What the JavaScript scenarios need from the test: the servers to drive, and a desk for mail and operator's work.

A scenario in `scenarios/any` runs in both modes; `scenarios/dev` and `scenarios/serve` hold what only one mode answers.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

SCENARIOS = Path(__file__).with_name("scenarios")
READY = Path(__file__).with_name("node_modules") / ".ready"
AUDIENCE = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"
FIXTURES = {"dev": "dev_server", "serve": "strict_server"}
JSON = dict[str, Any]


class Server(Protocol):
    """The server under test, as the fixtures `dev_server` and `strict_server` give it."""

    origin: str
    api_key: str
    project: str
    admin_token: str
    service_account: JSON

    def codes(self, email: str) -> list[JSON]: ...


class Operator:
    """What the operator of the project does to accounts while an app runs."""

    def __init__(self, server: Server, mode: str) -> None:
        self._server = server
        self._mode = mode

    def revoke(self, uid: str) -> JSON:
        return self._account("update", {"localId": uid, "validSince": str(int(time.time()))})

    def disable(self, uid: str) -> JSON:
        return self._account("update", {"localId": uid, "disableUser": True})

    def remove(self, uid: str) -> JSON:
        return self._account("delete", {"localId": uid})

    def claims(self, uid: str, claims: JSON) -> JSON:
        return self._account("update", {"localId": uid, "customAttributes": json.dumps(claims)})

    def custom_token(self, uid: str, claims: JSON, kind: str) -> JSON:
        """`valid` is what the mode asks for: unsigned in dev, signed by the service account in serve."""
        account = self._server.service_account if self._mode == "serve" else {"client_email": "dev@example.com"}
        email, now = account["client_email"], int(time.time())
        payload = {
            "iss": email,
            "sub": email,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            "uid": uid,
            "claims": claims,
        }
        if kind == "unsigned" or (kind == "valid" and self._mode == "dev"):
            return {"token": jwt.encode(payload, None, algorithm="none")}
        foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key = foreign if kind == "foreign" else account["private_key"]
        return {"token": jwt.encode(payload, key, algorithm="RS256", headers={"kid": account["private_key_id"]})}

    def _account(self, verb: str, body: JSON) -> JSON:
        path = f"/identitytoolkit.googleapis.com/v1/projects/{self._server.project}/accounts:{verb}"
        bearer = {"Authorization": f"Bearer {self._server.admin_token}"}
        answer = httpx.post(self._server.origin + path, json=body, headers=bearer, trust_env=False)
        assert answer.status_code == 200, f"accounts:{verb} answered {answer.status_code} {answer.text}"
        return answer.json()


class Desk:
    """A loopback server in the test's own process: `GET /codes?email=`, `POST /admin/<verb>` and the test's pages."""

    def __init__(self, server: Server, mode: str) -> None:
        self.server = server
        self.operator = Operator(server, mode)
        self.pages: dict[str, tuple[str, bytes]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.answer))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.facts = {"origin": server.origin, "apiKey": server.api_key, "project": server.project}
        self.facts |= {"strict": mode == "serve", "desk": self.url}

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, target: str, body: bytes) -> tuple[str, bytes]:
        """Media type and content for one request; raises KeyError when there is no such page."""
        url = urlsplit(target)
        if url.path == "/codes":
            return dump(self.server.codes(parse_qs(url.query)["email"][0]))
        if url.path.startswith("/admin/"):
            verb = url.path.removeprefix("/admin/").replace("-", "_")
            return dump(getattr(self.operator, verb)(**json.loads(body)))
        return self.pages[url.path]


def dump(value: object) -> tuple[str, bytes]:
    return "application/json", json.dumps(value).encode()


def handler(answer: Callable[[str, bytes], tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    """The request handler that asks `answer`; what that raises becomes the body of a 500, for the scenario to show."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, (kind, content) = 200, answer(self.path, body)
            except Exception as error:  # noqa: BLE001 - shown by the scenario that asked
                status, (kind, content) = 500, ("text/plain", repr(error).encode())
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent: the test shows what matters."""

    return Handler


def cases() -> list[Any]:
    """Every scenario in every mode it belongs to, as (mode, scenario) named after both."""
    files = sorted(SCENARIOS.glob("*/*.mjs"))
    found = [(mode, file) for mode in FIXTURES for file in files if file.parent.name in ("any", mode)]
    return [pytest.param(mode, f"{file.parent.name}/{file.stem}", id=f"{mode}-{file.stem}") for mode, file in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `desk` both modes, and one that asks for `scenario` too every scenario of each."""
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize(("mode", "scenario"), cases())
    elif "desk" in metafunc.fixturenames:
        metafunc.parametrize("mode", list(FIXTURES))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, with the packages of the lock file beside it."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node is missing: `node` is not on the PATH")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"Node 20 or newer is missing: `node` is {version}")
    if not READY.exists():
        pytest.skip("the npm packages are missing: `make test` puts them into tests/clients/js/node_modules")
    return path


@pytest.fixture(scope="module")
def desks(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Desk]]:
    """Gives the desk in front of the server of a mode; it opens, and that server starts, at the first call."""
    with ExitStack() as closing:
        yield cache(lambda mode: closing.enter_context(Desk(request.getfixturevalue(FIXTURES[mode]), mode)))


@pytest.fixture
def desk(desks: Callable[[str], Desk], mode: str) -> Desk:
    """The desk of the mode that the test is about: `desk.facts` is what a scenario is told about the server."""
    return desks(mode)

"""Real server processes for real clients: `ecrin dev` in both token forms, and `ecrin serve` with a mail server."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ecrin.testing.mailbox import SmtpSink

ECRIN = str(Path(sys.executable).with_name("ecrin"))
MODES = {
    "PASSWORD_RESET": "resetPassword",
    "EMAIL_SIGNIN": "signIn",
    "VERIFY_EMAIL": "verifyEmail",
    "VERIFY_AND_CHANGE_EMAIL": "verifyAndChangeEmail",
    "RECOVER_EMAIL": "recoverEmail",
}


@dataclass
class Server:
    """A running server as clients see it."""

    origin: str
    project: str
    api_key: str
    admin_token: str
    sink: SmtpSink | None = None
    service_account: dict[str, Any] = field(default_factory=dict)

    def sign_up(self, email: str | None = None, password: str | None = None) -> dict[str, Any]:
        """Sign up by REST and return the reply."""
        url = f"{self.origin}/identitytoolkit.googleapis.com/v1/accounts:signUp?key={self.api_key}"
        body = {"email": email, "password": password} if email else {}
        reply = httpx.post(url, json=body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def codes(self, email: str) -> list[dict[str, str]]:
        """Return the codes mailed to an address, the newest last."""
        if self.sink is not None:
            return [_code(link) for link in self.sink.links(to=email)]
        listed = httpx.get(f"{self.origin}/emulator/v1/projects/{self.project}/oobCodes").json()["oobCodes"]
        mine = [c for c in listed if c.get("newEmail", c["email"]) == email]
        return [{"mode": MODES[c["requestType"]], "oobCode": c["oobCode"], "link": c["oobLink"]} for c in mine]


def _code(link: str) -> dict[str, str]:
    query = parse_qs(urlsplit(link).query)
    return {"mode": query["mode"][0], "oobCode": query["oobCode"][0], "link": link}


@contextmanager
def _running(data: Path, *arguments: str, **environment: str) -> Iterator[tuple[str, str]]:
    """Run `ecrin ARGUMENTS` on a free port; give its address and its API key."""
    command = [ECRIN, *arguments, "--port", "0", "--data", str(data)]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        banner = ""
        while "Then: " not in banner:
            line = process.stdout.readline()
            if not line:
                assert process.stderr is not None
                raise RuntimeError(banner + process.stderr.read())
            banner += line
        try:
            yield _found(r"listening on +(\S+)", banner), _found(r"API key +(\S+)", banner)
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _found(pattern: str, banner: str) -> str:
    found = re.search(pattern, banner)
    assert found is not None, banner
    return found[1]


@pytest.fixture(scope="session")
def dev_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ecrin dev`: signed tokens, the emulator's routes."""
    with _running(tmp_path_factory.mktemp("dev"), "dev") as (origin, api_key):
        yield Server(origin, "demo-ecrin", api_key, "owner")


@pytest.fixture(scope="session")
def unsigned_dev_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ecrin dev --unsigned-tokens`, for the Node Admin SDK in emulator mode."""
    data = tmp_path_factory.mktemp("unsigned")
    with _running(data, "dev", "--unsigned-tokens") as (origin, api_key):
        yield Server(origin, "demo-ecrin", api_key, "owner")


@pytest.fixture(scope="session")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ecrin serve`, with a real mail server."""
    data = tmp_path_factory.mktemp("strict") / "data"
    with SmtpSink() as sink:
        mail = {"ECRIN_SMTP_URL": sink.url, "ECRIN_MAIL_FROM": "Écrin <auth@example.org>"}
        with _running(data, "serve", **mail) as (origin, api_key):
            operator = (data / "operator-token").read_text().strip()
            made = [ECRIN, "key", "create", "--service-account", "default", "--data", str(data)]
            account = json.loads(subprocess.run(made, check=True, capture_output=True, text=True).stdout)
            yield Server(origin, "default", api_key, operator, sink, account)

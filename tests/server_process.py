"""Real `ecrin` processes: commands that are run, and servers that are started, asked, and ended by signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ECRIN = str(Path(sys.executable).with_name("ecrin"))
STARTS_WITHIN = 60  # seconds; generous, because the machine may be busy with other tests
V1 = "/identitytoolkit.googleapis.com/v1"


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without its ECRIN_* variables, with `more`."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("ECRIN_")}, **more}


def ecrin(*arguments: object, cwd: Path, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [ECRIN, *map(str, arguments)],
        cwd=cwd,
        input=given,
        env=environment(**env),
        capture_output=True,
        text=True,
        check=False,
        timeout=STARTS_WITHIN,
    )


@dataclass
class Server:
    """A server that answers, as its own announcement describes it."""

    process: subprocess.Popen[str]
    data: Path
    log: Path
    facts: dict[str, str]
    http: httpx.Client

    @property
    def url(self) -> str:
        return self.facts["url"]

    @property
    def key(self) -> str:
        return self.facts["api_key"]

    @property
    def operator(self) -> dict[str, str]:
        """The header of the operator whom the first start made."""
        return {"authorization": f"Bearer {(self.data / 'operator-token').read_text().strip()}"}

    def call(self, name: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """POST v1/accounts:NAME as a client of the project."""
        return self.http.post(f"{V1}/accounts:{name}", params={"key": self.key}, json=body or {})

    def sign_up(self, email: str | None = None, password: str = "correct horse") -> dict[str, Any]:
        """Sign up, anonymously without an address, and return the reply."""
        reply = self.call("signUp", {"email": email, "password": password} if email else {})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def refresh(self, token: str) -> httpx.Response:
        """Exchange a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.http.post("/securetoken.googleapis.com/v1/token", params={"key": self.key}, data=form)

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Ask as the operator."""
        return self.http.request(method, path, json=body, headers=self.operator)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STARTS_WITHIN)

    def close(self) -> None:
        """End the process whatever state it is in."""
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def start(data: Path, mode: str = "serve", *arguments: object, under: tuple[str, ...] = (), **env: str) -> Server:
    """Start `ecrin MODE` on a free port and return it once it says that it answers; `under` runs it, like strace."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.with_name(f"{data.name}.log")
    command = [*under, ECRIN, mode, "--json", "--port", "0", "--data", str(data), *map(str, arguments)]
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment(**env))
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.communicate(timeout=STARTS_WITHIN)
        raise AssertionError(f"the server ended with {process.returncode}:\n{log.read_text()}")
    facts = json.loads(line)
    return Server(process, data, log, facts, httpx.Client(base_url=facts["url"], timeout=30, trust_env=False))


@contextmanager
def started(
    data: Path, mode: str = "serve", *arguments: object, under: tuple[str, ...] = (), **env: str
) -> Iterator[Server]:
    """Start a server and end it with the block."""
    server = start(data, mode, *arguments, under=under, **env)
    try:
        yield server
    finally:
        server.close()


def impatient(module: str, constant: str, seconds: float) -> tuple[str, ...]:
    """`under` for a server that waits for something less long than people would have it."""
    run = "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    return sys.executable, "-c", f"import runpy, sys, {module} as m; m.{constant} = {seconds}; {run}"


def refused(data: Path, mode: str = "serve", *arguments: object, **env: str) -> str:
    """Start a server that must refuse to: return what it said."""
    done = ecrin(mode, "--port", 0, "--data", data, *arguments, cwd=data.parent, **env)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def wait_for(path: Path, seconds: float = STARTS_WITHIN) -> None:
    """Return once a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first start, not in use; copy it."""
    data = tmp_path_factory.mktemp("first") / "data"
    with started(data) as server:
        server.end()
    return data


@pytest.fixture
def data(first_start: Path, tmp_path: Path) -> Path:
    """A data folder of this test's own, in which the first start is over; where commands find it by themselves."""
    return shutil.copytree(first_start, tmp_path / "ecrin-data")

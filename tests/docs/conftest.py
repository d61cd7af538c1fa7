"""Pages, their fenced blocks, and a workplace to type them in: a scratch checkout beside a real server.

A comment directly before a block steers it: `not run: REASON`, `run: dev FLAGS` (the server it needs; `serve` by
default), `needs: key store` (a private one is lent to it) and `prints: TEXT` (what its output holds). The blocks of a
page run in order, in one workplace, which is a home of its own too.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from vault.secret_service import SecretServiceDaemon, absent

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "tests/clients/js/node_modules"
RUNNABLE = {"sh", "python", "js"}
# These begin with nothing; reference pages share a server.
GUIDES = {"README.md", "docs/quickstart.md", "docs/clients.md", "docs/updates.md"}
STEPS = 300  # of a tenth of a second: only a server that hangs comes near it
LIMIT = 60  # seconds; only a block that hangs comes near it
_FENCE = re.compile(r"(?P<notes>(?:^<!-- [^\n]* -->\n)*)^```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^```$", re.M | re.S)
_NOTE = re.compile(r"<!-- (not run|run|needs|prints): (.*) -->")
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return self.language in RUNNABLE and "not run" not in self.notes

    @property
    def server(self) -> str:
        return self.notes.get("run", "serve")

    @property
    def needs_key_store(self) -> bool:
        return self.notes.get("needs") == "key store"

    @property
    def missing(self) -> str | None:
        """Why its key store cannot be lent here, or None."""
        return absent() if self.needs_key_store else None

    @property
    def place(self) -> str:
        return f"{self.page if self.page in GUIDES else 'reference'}: {self.server}"

    def __str__(self) -> str:
        return f"{self.page}:{self.line}-{self.language}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [
        Block(
            name, text[: m.start("language")].count("\n") + 1, m["language"], m["text"], dict(_NOTE.findall(m["notes"]))
        )
        for m in _FENCE.finditer(text)
    ]


def all_pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


class Workplace:
    """A folder like a checkout after `make setup`, with a server that was started in it."""

    def __init__(self, folder: Path, command: str) -> None:
        self.folder = folder
        self.missed = ""  # the block of a guide that was skipped: those behind it build on it
        self._command = command
        (folder / ".venv").symlink_to(sys.prefix)
        ours = ("ECRIN_", "FIREBASE_", "GOOGLE_", "PYTEST_", "PYTHON", "XDG_", "DBUS_")
        self._env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._env["HOME"] = str(folder / "home")
        self._lent: dict[str, str] = {}
        self._ends = ExitStack()

    def __enter__(self) -> "Workplace":
        said = (self.folder / "said.txt").open("w")
        command = [".venv/bin/ecrin", *self._command.split(), "--port", "0"]
        self._process = subprocess.Popen(command, cwd=self.folder, env=self._env, stdout=said, stderr=said)
        said.close()
        try:
            self.origin = self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._ends.close()

    def _wait(self) -> str:
        for _ in range(STEPS):
            found = _URL.search(self.said)
            if found and "curl" in self.said:
                return found[0]
            assert self._process.poll() is None, self.said
            time.sleep(0.1)
        raise AssertionError(f"the server does not start: {self.said}")

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text("utf-8")

    def type(self, block: Block) -> str:
        """Run a block as it is written, with its own port and keys in the place of the page's; return the output."""
        run = {"sh": self.shell, "python": self._python, "js": self._node}[block.language]
        self._lent = self._key_store.environment if block.needs_key_store else {}
        return run(self._filled(block.text))

    def shell(self, text: str) -> str:
        fail = 'curl() { command curl --fail-with-body "$@"; }\n'  # as typed, but an HTTP error ends the block
        return self._run(["bash", "-euo", "pipefail", "-c", fail + text])

    def _python(self, text: str) -> str:
        return self._run([".venv/bin/python", "-"], text)

    def _node(self, text: str) -> str:
        module = ["node", "--input-type=module"]
        if not (NODE_MODULES / ".ready").exists():  # `make check` alone: at least it is JavaScript
            return self._run([*module, "--check"], text)
        self._link_packages()
        return self._run(module, text)

    def _link_packages(self) -> None:
        """Give scripts the packages of the lock file; `firebase` is, as published, these names for the parts."""
        here = self.folder / "node_modules"
        if here.exists():
            return
        (here / "firebase").mkdir(parents=True)
        for name in ("@firebase", "firebase-admin", "jose"):
            (here / name).symlink_to(NODE_MODULES / name)
        for part in ("app", "auth"):
            (here / f"firebase/{part}.js").write_text(f"export * from '@firebase/{part}';\n")
        exports = {f"./{part}": f"./{part}.js" for part in ("app", "auth")}
        package = {"name": "firebase", "type": "module", "exports": exports}
        (here / "firebase/package.json").write_text(json.dumps(package))

    def _run(self, command: list[str], text: str = "") -> str:
        env = self._env | self._lent | ({"ECRIN_TOKEN": self._ci_token} if "ECRIN_TOKEN" in command[-1] + text else {})
        done = subprocess.run(
            command, cwd=self.folder, env=env, input=text, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _filled(self, text: str) -> str:
        text = text.replace("127.0.0.1:9099", self.origin.removeprefix("http://"))
        text = text.replace("connect(9099", f"connect({self.origin.rpartition(':')[2]}")
        values = {"API_KEY": "api_key", "OPERATOR_TOKEN": "_operator_token", "ID_TOKEN": "_", "REFRESH_TOKEN": "_"}
        for name, member in values.items():
            if f"YOUR_{name}" in text:
                text = text.replace(f"YOUR_{name}", self._fresh(name) if member == "_" else getattr(self, member))
        return text

    def _fresh(self, name: str) -> str:
        """Return a token of a user who signs up for it."""
        body = {"email": f"{secrets.token_hex(4)}@example.org", "password": secrets.token_urlsafe(12)}
        url = f"{self.origin}/identitytoolkit.googleapis.com/v1/accounts:signUp"
        reply = httpx.post(url, params={"key": self.api_key}, json=body, trust_env=False).raise_for_status().json()
        return str(reply["idToken" if name == "ID_TOKEN" else "refreshToken"])

    def ecrin(self, *arguments: str) -> Any:
        command = [".venv/bin/ecrin", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.folder, env=self._env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    @cached_property
    def _key_store(self) -> SecretServiceDaemon:
        daemon = SecretServiceDaemon()
        self._ends.callback(daemon.close)
        daemon.start()
        return daemon

    @cached_property
    def api_key(self) -> str:
        return str(self.ecrin("project", "show")["api_key"])

    @cached_property
    def _operator_token(self) -> str:
        return (self.folder / "ecrin-data/operator-token").read_text().strip()

    @cached_property
    def _ci_token(self) -> str:
        return str(self.ecrin("token", "create", "--scope", "default:write")["token"])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a `page` every page, one that asks for a `block` every block that runs."""
    if "block" in metafunc.fixturenames:
        english = [page for page in all_pages() if page.parent.name != "fr"]
        found = [block for page in english for block in blocks_of(page) if block.runs]
        cases = [
            pytest.param(b.place, b, id=str(b), marks=pytest.mark.xdist_group("docs"))
            for b in sorted(found, key=lambda b: (b.place, b.page, b.line))
        ]
        metafunc.parametrize(("workplace", "block"), cases, indirect=["workplace"])
    elif "page" in metafunc.fixturenames:
        names = [page.relative_to(ROOT).as_posix() for page in all_pages()]
        metafunc.parametrize("page", [pytest.param(ROOT / name, id=name) for name in names])


@pytest.fixture(scope="session")
def workplaces() -> Iterator[tuple[dict[str, Workplace], ExitStack]]:
    """The workplaces that stand; they go together at the end, whatever order the tests come in."""
    with ExitStack() as stack:
        yield {}, stack


@pytest.fixture
def workplace(
    request: pytest.FixtureRequest,
    workplaces: tuple[dict[str, Workplace], ExitStack],
    tmp_path_factory: pytest.TempPathFactory,
) -> Workplace:
    """A server of one guide's own: what another page did is not there."""
    standing, stack = workplaces
    if request.param not in standing:
        command = request.param.partition(": ")[2]
        standing[request.param] = stack.enter_context(Workplace(tmp_path_factory.mktemp("checkout"), command))
    return standing[request.param]

"""Apps of the unmodified @capgo/electron-updater in plain Node, and an operator who publishes for them."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import uuid4

import pytest

from publishing import Publisher

RUNNER = Path(__file__).with_name("app.mjs")
PACKAGES = Path(__file__).parents[1] / "js" / "node_modules"
NEEDED = ("@capgo/electron-updater", "electron")


class Server(Protocol):
    """The server under test."""

    origin: str
    project: str
    admin_token: str


class App:
    """One launch of an Electron app on a device: a Node process that does what it is told, a line at a time."""

    def __init__(self, node: str, data: Path, version: str, config: dict[str, Any]) -> None:
        self._errors = (data.parent / f"{data.name}.log").open("w+")
        told = json.dumps({"data": str(data), "version": version, "config": config})
        self._process = subprocess.Popen(
            [node, RUNNER, told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self._heard() == {"value": "launched"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.quit()

    def quit(self) -> None:
        """Close the app; the device keeps what it stored."""
        with self._process:
            self._process.stdin.close()
        self._errors.close()

    def say(self, call: str, *arguments: object) -> dict[str, Any]:
        """Return how a call of the updater ended: {"value"} or {"error"}."""
        self._process.stdin.write(json.dumps({"call": call, "with": arguments}) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def get(self, call: str, *arguments: object) -> Any:
        """Return what a call of the updater gave."""
        outcome = self.say(call, *arguments)
        assert "value" in outcome, f"{call} threw {outcome['error']}\n{self.log()}"
        return outcome["value"]

    def events(self) -> list[str]:
        """Return the names of what the updater told the app since the last question."""
        return [event["name"] for event in self.get("events")]

    def running(self) -> str:
        """Return the version that it says it runs."""
        return str(self.get("current")["bundle"]["version"])

    def log(self) -> str:
        """Return what the updater wrote."""
        self._errors.flush()
        return Path(self._errors.name).read_text()

    def _heard(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        assert line, f"the app ended with {self._process.wait()}\n{self.log()}"
        return dict(json.loads(line))


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is missing: `node` is not on the PATH")
    if missing := [name for name in NEEDED if not (PACKAGES / name).exists()]:
        pytest.skip(f"the npm packages {missing} are missing: `make test` puts them into tests/clients/js/node_modules")
    return found


@pytest.fixture
def publisher(node: str, strict_server: Server) -> Iterator[Publisher]:
    """An operator with an app of its own, whose channel `production` has no bundle yet."""
    app_id = f"com.example.t{uuid4().hex[:12]}"
    with Publisher(strict_server.origin, strict_server.admin_token, strict_server.project, app_id) as publisher:
        publisher.create()
        yield publisher


Launch = Callable[..., App]


@pytest.fixture
def launch(node: str, strict_server: Server, publisher: Publisher, tmp_path: Path) -> Launch:
    """Launches the app on a device; `device` names it, `config` is what the developer wrote besides the addresses."""

    def launched(device: str = "device", version: str = "1.0.0", **config: object) -> App:
        urls = {
            "updateUrl": f"{strict_server.origin}/updates",
            "statsUrl": f"{strict_server.origin}/stats",
            "channelUrl": f"{strict_server.origin}/channel_self",
        }
        return App(node, tmp_path / device, version, {"appId": publisher.app_id, "version": version, **urls, **config})

    return launched

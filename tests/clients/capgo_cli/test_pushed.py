"""Bundles of `@capgo/cli`, plain and sealed, published by `ecrin push` and served as they are."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from .conftest import Capgo

ECRIN = str(Path(sys.executable).with_name("ecrin"))
APP = "com.example.capgocli"


class Server(Protocol):
    """The server under test, as the fixture `dev_server` gives it."""

    origin: str
    project: str
    admin_token: str


class Publisher:
    """Publishes to an app on the server as a build machine would."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self._http = http
        self._env = {"PATH": "/usr/bin:/bin", "ECRIN_URL": server.origin, "ECRIN_TOKEN": server.admin_token}
        self._http.post(f"/api/v1/projects/{server.project}/apps", json={"app_id": APP})

    def push(self, path: Path, version: str, *options: object) -> dict[str, Any]:
        """Push and return the bundle as the server shows it."""
        command = [ECRIN, "push", path, "--app", APP, "--version", version, *options]
        done = subprocess.run([*map(str, command)], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(self._http.get(f"/api/v1/apps/{APP}/bundles/{version}").json())

    def stored(self, name: str) -> bytes:
        return self._http.get(f"/files/{APP}/{name}").content


@pytest.fixture
def publisher(dev_server: Server) -> Iterator[Publisher]:
    with httpx.Client(
        base_url=dev_server.origin, headers={"authorization": f"Bearer {dev_server.admin_token}"}, trust_env=False
    ) as http:
        yield Publisher(dev_server, http)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text("<html>")
    (folder / "main.js").write_text("x\n" * 9000)
    return folder


def test_a_zip_of_theirs_is_served_as_it_is(capgo: Capgo, dist: Path, publisher: Publisher) -> None:
    path, checksum = capgo.zip(dist)
    bundle = publisher.push(path, "1.0.0", "--channel", "production")
    assert (bundle["checksum"], publisher.stored(bundle["zip"])) == (checksum, path.read_bytes())
    assert [e["name"] for e in bundle["manifest"]] == ["index.html", "main.js.br"]


def test_a_sealed_zip_of_theirs_is_served_as_it_is(capgo: Capgo, dist: Path, publisher: Publisher) -> None:
    capgo.run("key", "create")
    path, plain = capgo.zip(dist)
    made = capgo.json("bundle", "encrypt", path, plain)
    sealed = capgo.folder / made["filename"]
    said = ("--checksum", made["checksum"], "--iv-session-key", made["ivSessionKey"])
    bundle = publisher.push(sealed, "2.0.0", *said, "--public-key", capgo.folder / ".capgo_key_v2.pub")
    assert (bundle["checksum"], bundle["session_key"]) == (made["checksum"], made["ivSessionKey"])
    assert publisher.stored(bundle["zip"]) == sealed.read_bytes()


def test_what_we_sealed_and_served_they_open(capgo: Capgo, dist: Path, publisher: Publisher) -> None:
    capgo.run("key", "create")
    bundle = publisher.push(dist, "3.0.0", "--encrypt", capgo.folder / ".capgo_key_v2")
    (capgo.folder / "served.zip").write_bytes(publisher.stored(bundle["zip"]))
    capgo.run("bundle", "decrypt", "served.zip", bundle["session_key"], "--checksum", bundle["checksum"])
    plain = publisher.push(dist, "3.0.1")
    assert (capgo.folder / "served.zip_decrypted.zip").read_bytes() == publisher.stored(plain["zip"])
    config = json.loads((capgo.folder / "capacitor.config.json").read_text())
    assert bundle["key_id"] in config["plugins"]["CapacitorUpdater"]["publicKey"].replace("\n", "")

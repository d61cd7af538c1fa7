"""Capgo's wire protocol, and an operator who publishes what the devices of a measurement ask for (by the API)."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from benchmarks.firebase import JSON
from benchmarks.server import Server
from benchmarks.wire import post

APP = "com.example.bench"
PROJECT = "default"
QUOTA = 10_000_000  # events a minute, the most that an app may be allowed


def token(server: Server) -> str:
    """Return the operator's token, which the first start of `ecrin serve` left in its data folder."""
    return (data(server) / "operator-token").read_text().strip()


def data(server: Server) -> Path:
    """Return the data folder of a server of ours."""
    return server.log.parent / "data"


class Operator:
    """Makes an app and what devices follow."""

    def __init__(self, server: Server, app_id: str = APP) -> None:
        self.app_id = app_id
        origin = f"http://{server.address[0]}:{server.address[1]}"
        bearer = {"authorization": f"Bearer {token(server)}"}
        self._http = httpx.Client(base_url=f"{origin}/api/v1", headers=bearer, trust_env=False, timeout=60)

    def __enter__(self) -> "Operator":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the reply of a call; raises where it is refused."""
        reply = self._http.request(method, path, json=body)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return dict(reply.json())

    def create(self) -> None:
        """Create the app, which may send as many events as there are."""
        self.ask("POST", f"/projects/{PROJECT}/apps", {"app_id": self.app_id})
        self.ask("PATCH", f"/apps/{self.app_id}", {"settings": {"stats_per_minute": QUOTA}})

    def put(self, content: bytes) -> str:
        """Add an object; return its name."""
        name = hashlib.sha256(content).hexdigest()
        reply = self._http.put(f"/apps/{self.app_id}/objects/{name}", content=content)
        assert reply.is_success, reply.text
        return name

    def publish(self, version: str, files: Mapping[str, bytes], channel: str, *, manifest: bool = False) -> str:
        """Publish a plain bundle, its channel made if need be; return the name of its archive."""
        packed = self.put(zipped(files))
        listed = [self._entry(name, content) for name, content in files.items()] if manifest else []
        body = {"version": version, "zip": packed, "checksum": packed, "manifest": listed}
        self.ask("POST", f"/apps/{self.app_id}/bundles", {**body, "channel": channel, "create_channel": True})
        return packed

    def change(self, channel: str, **fields: object) -> None:
        """Change a channel."""
        self.ask("PATCH", f"/apps/{self.app_id}/channels/{channel}", fields)

    def stats(self, query: str) -> dict[str, Any]:
        """Return statistics."""
        return self.ask("GET", f"/apps/{self.app_id}/stats/{query}")

    def _entry(self, name: str, content: bytes) -> dict[str, object]:
        made = self.put(content)
        return {"name": name, "hash": made, "object": made, "size": len(content)}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files, as large as they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def page(text: str) -> dict[str, bytes]:
    """Return the smallest app."""
    return {"index.html": f"<h1>{text}</h1>".encode()}


def info(device: int, version: str, channel: str = "") -> dict[str, object]:
    """Return what plugin 8.51 on Android says of device `device`."""
    return {
        "platform": "android",
        "device_id": str(UUID(int=device, version=4)),
        "app_id": APP,
        "custom_id": "",
        "version_build": "1.0.0",
        "version_code": "1",
        "version_os": "15",
        "version_name": version,
        "plugin_version": "8.51.23",
        "is_emulator": False,
        "is_prod": True,
        "install_source": "com.android.vending",
        "defaultChannel": channel,
    }


def check(server: Server, said: Mapping[str, object], headers: Mapping[str, str] | None = None) -> bytes:
    """Return the request of `/updates`."""
    return post(server.address, "/updates", json.dumps(said).encode(), JSON, headers)


def report(server: Server, said: Mapping[str, object], actions: Sequence[str]) -> bytes:
    """Return the request of `/stats` with an array of events."""
    at = time.time_ns() // 10**6
    events = [{**said, "action": action, "old_version_name": "builtin", "timestamp": at} for action in actions]
    return post(server.address, "/stats", json.dumps(events).encode(), JSON)

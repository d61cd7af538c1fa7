"""An operator who publishes, by the API of a running server: apps, small bundles, channels, rollouts."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import httpx

JSON = dict[str, Any]
CHANNEL = "production"


class Publisher:
    """Speaks /api/v1 for one app; every refusal is an error."""

    def __init__(self, origin: str, token: str, project: str, app_id: str) -> None:
        self.app_id = app_id
        self._app = f"/apps/{app_id}"
        self._project = project
        bearer = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{origin}/api/v1", headers=bearer, trust_env=False, timeout=30)

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None) -> JSON:
        """Return the reply of a call, `path` without /api/v1."""
        reply = self._http.request(method, path, json=body) if body is not None else self._http.request(method, path)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return dict(reply.json())

    def create(self) -> None:
        """Create the app, with its channel `production`."""
        self.ask("POST", f"/projects/{self._project}/apps", {"app_id": self.app_id})

    def publish(self, version: str, files: Mapping[str, str], channel: str | None = CHANNEL) -> str:
        """Publish files as a plain bundle and point a channel at it; return the SHA-256 of its zip."""
        packed = zipped(files)
        made = self.put(packed)
        body = {"version": version, "zip": made, "checksum": made, "channel": channel, "create_channel": bool(channel)}
        self.ask("POST", f"{self._app}/bundles", body)
        return made

    def put(self, content: bytes) -> str:
        """Add an object; return its name."""
        name = hashlib.sha256(content).hexdigest()
        reply = self._http.put(f"{self._app}/objects/{name}", content=content)
        assert reply.is_success, reply.text
        return name

    def channel(self, name: str = CHANNEL, **fields: object) -> JSON:
        """Change a channel."""
        return self.ask("PATCH", f"{self._app}/channels/{name}", fields)

    def new_channel(self, name: str, **fields: object) -> JSON:
        """Create a channel."""
        return self.ask("POST", f"{self._app}/channels", {"name": name, **fields})

    def rollout(self, verb: str = "", channel: str = CHANNEL, **said: object) -> JSON:
        """Start a rollout, or move it by a verb (`raise`, `pause` ...)."""
        return self.ask("POST", f"{self._app}/channels/{channel}/rollout{verb and ':'}{verb}", said)

    def rolling(self, channel: str = CHANNEL) -> JSON:
        """Return the rollout of a channel that is under way, and those that have ended."""
        return self.ask("GET", f"{self._app}/channels/{channel}/rollout")

    def stats(self, what: str, **query: str) -> JSON:
        """Return statistics: `summary`, `adoption` ..."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.ask("GET", f"{self._app}/stats/{what}{asked and '?'}{asked}")


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a zip of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()

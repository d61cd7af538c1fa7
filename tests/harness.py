"""An instance in the test's own process: HTTP without sockets, a clock that tests move."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import httpx

from ecrin.assembly import App
from ecrin.governance.projects.model import Project
from ecrin.testing.clock import FakeClock

V1 = "/identitytoolkit.googleapis.com/v1"


@dataclass
class Instance:
    """An instance in this process: HTTP without sockets, a clock that tests move."""

    app: App
    clock: FakeClock
    project: Project
    http: httpx.AsyncClient
    operator: str

    async def call(self, name: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """POST v1/accounts:NAME as a client of the project."""
        path = f"{V1}/accounts:{name}"
        return await self.http.post(path, params={"key": self.project.api_keys[0]}, json=body or {}, headers=headers)

    async def admin(self, name: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """POST v1/projects/P/accounts:NAME (or /accounts for "") as the operator."""
        path = f"{V1}/projects/{self.project.id}/accounts{':' + name if name else ''}"
        return await self.http.post(path, json=body or {}, headers=self.bearer)

    async def refresh(self, token: str, **headers: str) -> httpx.Response:
        """Exchange a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        path = "/securetoken.googleapis.com/v1/token"
        return await self.http.post(path, params={"key": self.project.api_keys[0]}, data=form, headers=headers)

    async def sign_up(self, email: str | None = None, password: str = "correct horse") -> dict[str, Any]:
        """Sign a user up and return the reply."""
        body = {"email": email or f"{secrets.token_hex(6)}@example.org", "password": password}
        reply = await self.call("signUp", body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.operator}"}


Opener = Callable[..., AbstractAsyncContextManager[Instance]]


def message(reply: httpx.Response) -> str:
    """Return the message of Google's error envelope."""
    return str(reply.json()["error"]["message"])

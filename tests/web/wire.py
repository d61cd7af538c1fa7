"""What the tables of this folder share: requests with places for facts, Google's envelope, and callers."""

import base64
import json
import secrets
from dataclasses import replace
from typing import Any

import httpx

from ecrin.base.origin import SYSTEM
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope
from harness import V1, Instance

PASSWORD = "correct horse"
KIND = "identitytoolkit#"
SECURE_TOKEN = "/securetoken.googleapis.com/v1/token"
LEGACY = "/www.googleapis.com/identitytoolkit/v3/relyingparty"
V2 = "/identitytoolkit.googleapis.com/v2"
OAUTH = "/oauth2.googleapis.com/token"
CUSTOM_TOKEN_AUDIENCE = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"

Facts = dict[str, Any]


def filled(value: Any, facts: Facts) -> Any:
    """Return a request in which every text "$name" is that fact."""
    if isinstance(value, str):
        return facts[value[1:]] if value.startswith("$") and value[1:] in facts else value
    if isinstance(value, dict):
        return {name: filled(member, facts) for name, member in value.items()}
    return [filled(member, facts) for member in value] if isinstance(value, list) else value


def refused(code: str) -> tuple[int, dict[str, Any]]:
    """Return the reply that says no with a code of sign-in, exactly as Google's SDKs read it."""
    entry = {"message": code, "reason": "invalid", "domain": "global"}
    return 400, {"error": {"code": 400, "message": code, "errors": [entry]}}


def not_served(reply: httpx.Response) -> bool:
    """Return whether the reply is the 501 of later versions, with our code where the SDKs look for one."""
    error = reply.json()["error"]
    coded = error["message"].startswith("NOT_IMPLEMENTED : ") and error["status"] == "NOT_IMPLEMENTED"
    return reply.status_code == 501 and error["code"] == 501 and coded


def answer(reply: httpx.Response) -> tuple[int, Any]:
    """Return what a client sees."""
    return reply.status_code, reply.json()


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def unsigned(payload: Any) -> str:
    """Return a token that nobody signed."""
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(payload)}."


def custom_token(at: int, **changes: Any) -> str:
    """Return a custom token as the Admin SDKs write it in emulator mode; `at` is in seconds."""
    who = "firebase-auth-emulator@example.com"
    return unsigned(
        {"aud": CUSTOM_TOKEN_AUDIENCE, "iss": who, "sub": who, "iat": at, "exp": at + 3600, "uid": "carol", **changes}
    )


async def another(instance: Instance) -> Instance:
    """Return the same instance seen from one more project."""
    return replace(instance, project=await instance.app.governance.projects.create(f"q-{secrets.token_hex(8)}", SYSTEM))


async def token_with(instance: Instance, *scopes: str, lifetime: int | None = None) -> dict[str, str]:
    """Return the header of a new CI token with these scopes; `lifetime` is in milliseconds."""
    parsed = tuple(Scope.parse(scope) for scope in scopes)
    tokens = instance.app.governance.tokens
    _, text = await tokens.create(TokenKind.CI, secrets.token_hex(4), parsed, lifetime, LOCAL, SYSTEM)
    return bearer(text.reveal())


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"authorization": f"Bearer {token}"}


async def code_for(instance: Instance, request_type: str, email: str, **more: Any) -> str:
    """Return a code that an administrator had made and shown."""
    body = {"requestType": request_type, "email": email, "returnOobLink": True, **more}
    reply = await instance.admin("sendOobCode", body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["oobCode"])


async def look_up(instance: Instance, id_token: str) -> dict[str, Any]:
    """Return the account of an ID token as its client sees it."""
    reply = await instance.call("lookup", {"idToken": id_token})
    assert reply.status_code == 200, reply.text
    return dict(reply.json()["users"][0])


async def found(instance: Instance, local_id: str) -> dict[str, Any]:
    """Return an account as an administrator sees it."""
    reply = await instance.admin("lookup", {"localId": [local_id]})
    return dict(reply.json()["users"][0])


def at_project(instance: Instance, name: str = "") -> str:
    """Return the path of a project's call."""
    return f"{V1}/projects/{instance.project.id}{name}"


def _segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

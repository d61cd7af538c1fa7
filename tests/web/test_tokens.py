"""The exchanges of tokens: the refresh call (protocol sheet §2.2) and the assertion of RFC 7523; a row per request."""

import base64
import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ecrin.base.clock import HOUR, seconds
from ecrin.base.origin import SYSTEM
from harness import Instance
from web.wire import (
    CUSTOM_TOKEN_AUDIENCE,
    OAUTH,
    SECURE_TOKEN,
    Facts,
    another,
    answer,
    at_project,
    bearer,
    claims,
    filled,
    refused,
)

OWN_ADDRESS = "http://127.0.0.1:9099/oauth2.googleapis.com/token"
GOOGLE_ADDRESS = "https://oauth2.googleapis.com/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

REFUSED = [
    ("nothing", {}, "MISSING_GRANT_TYPE"),
    ("no kind of grant", {"refresh_token": "$refreshToken"}, "MISSING_GRANT_TYPE"),
    ("another kind of grant", {"grant_type": "password"}, "INVALID_GRANT_TYPE"),
    ("no token", {"grant_type": "refresh_token"}, "MISSING_REFRESH_TOKEN"),
    ("an empty token", {"grant_type": "refresh_token", "refresh_token": ""}, "MISSING_REFRESH_TOKEN"),
    ("junk", {"grant_type": "refresh_token", "refresh_token": "junk"}, "INVALID_REFRESH_TOKEN"),
    ("an ID token", {"grant_type": "refresh_token", "refresh_token": "$idToken"}, "INVALID_REFRESH_TOKEN"),
]
SHAPES = [
    ("a form", {"data": {"grant_type": "refresh_token", "refresh_token": "$refreshToken"}}),
    ("JSON", {"json": {"grant_type": "refresh_token", "refresh_token": "$refreshToken"}}),
    ("JSON in camelCase", {"json": {"grantType": "refresh_token", "refreshToken": "$refreshToken"}}),
    ("a form with more", {"data": {"grant_type": "refresh_token", "refresh_token": "$refreshToken", "x": "y"}}),
]


async def _post(dev: Instance, **request: Any) -> httpx.Response:
    return await dev.http.post(SECURE_TOKEN, params={"key": dev.project.api_keys[0]}, **request)


@pytest.mark.parametrize("shape", ["data", "json"])
@pytest.mark.parametrize(("case", "body", "code"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_exchange_is_refused(
    desk: Instance, ann: Facts, shape: str, case: str, body: Any, code: str
) -> None:
    assert answer(await _post(desk, **{shape: filled(body, ann)})) == refused(code)


@pytest.mark.parametrize(("case", "request_"), SHAPES, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_refresh_token_is_exchanged(desk: Instance, ann: Facts, case: str, request_: Any) -> None:
    reply = (await _post(desk, **filled(request_, ann))).json()

    assert reply.pop("id_token") == reply.pop("access_token")
    assert reply.pop("refresh_token") != ann["refreshToken"]
    assert reply == {
        "expires_in": "3600",
        "token_type": "Bearer",
        "user_id": ann["localId"],
        "project_id": str(desk.project.number),
    }


async def test_a_refresh_keeps_the_time_of_the_sign_in(dev: Instance, ada: Facts) -> None:
    dev.clock.tick(HOUR)
    fresh = claims((await dev.refresh(ada["refreshToken"])).json()["id_token"])

    assert fresh["auth_time"] == claims(ada["idToken"])["auth_time"]
    assert fresh["iat"] == seconds(dev.clock.now())


async def test_a_disabled_and_a_deleted_user_are_told_apart(dev: Instance, ada: Facts) -> None:
    await dev.admin("update", {"localId": ada["localId"], "disableUser": True})
    disabled = await dev.refresh(ada["refreshToken"])
    await dev.admin("delete", {"localId": ada["localId"]})
    deleted = await dev.refresh(ada["refreshToken"])

    assert answer(disabled) == refused("USER_DISABLED")
    assert answer(deleted) == refused("USER_NOT_FOUND")


@pytest.mark.parametrize("body", [b"%ff=1", b"a=%00", b"{", b"&".join(b"a=1" for _ in range(300))])
async def test_a_body_that_cannot_be_read_is_refused(dev: Instance, body: bytes) -> None:
    reply = await _post(dev, content=body)

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def _signed(private_pem: str, claims_: dict[str, Any]) -> str:
    head = _segment({"alg": "RS256", "typ": "JWT"}) + b"." + _segment(claims_)
    key = serialization.load_pem_private_key(private_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(head, padding.PKCS1v15(), hashes.SHA256())
    return (head + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _segment(value: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


@pytest.fixture
async def account(serve: Instance) -> dict[str, str]:
    """A service account key of the project, as its file has it."""
    key, private_pem = await serve.app.governance.service_accounts.create_key(serve.project.id, SYSTEM)
    return {"client_email": key.email, "private_key": private_pem.reveal()}


def _assertion(serve: Instance, account: dict[str, str], audience: str = OWN_ADDRESS, **changes: Any) -> str:
    now = seconds(serve.clock.now())
    who = account["client_email"]
    return _signed(account["private_key"], {"iss": who, "aud": audience, "iat": now, "exp": now + 3600, **changes})


async def _exchange(serve: Instance, **form: str) -> httpx.Response:
    return await serve.http.post(OAUTH, data=form)


@pytest.mark.parametrize("audience", [OWN_ADDRESS, GOOGLE_ADDRESS])
async def test_an_assertion_is_exchanged_for_an_access_token_that_opens_its_project_alone(
    serve: Instance, account: dict[str, str], audience: str
) -> None:
    reply = await _exchange(serve, grant_type=JWT_BEARER, assertion=_assertion(serve, account, audience))
    token = reply.json().pop("access_token")
    headers = bearer(token)

    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert {**reply.json(), "access_token": ""} == {"access_token": "", "token_type": "Bearer", "expires_in": 3600}
    assert (await serve.http.get(at_project(serve, "/accounts:batchGet"), headers=headers)).status_code == 200
    other = "/identitytoolkit.googleapis.com/v1/projects/another/accounts:batchGet"
    assert (await serve.http.get(other, headers=headers)).status_code == 403


async def test_an_access_token_ends_after_an_hour(serve: Instance, account: dict[str, str]) -> None:
    reply = await _exchange(serve, grant_type=JWT_BEARER, assertion=_assertion(serve, account))
    serve.clock.tick(HOUR)

    headers = bearer(reply.json()["access_token"])

    assert (await serve.http.get(at_project(serve, "/accounts:batchGet"), headers=headers)).status_code == 401


GRANTS_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("too old", {"iat": -7200, "exp": -3600}),
    ("from the future", {"iat": 3600, "exp": 7200}),
    ("for a day", {"exp": 86400}),
    ("for somebody else", {"audience": "https://evil.example/token"}),
    ("for signing in", {"audience": CUSTOM_TOKEN_AUDIENCE}),
    ("of another account", {"iss": "firebase-adminsdk@another.iam.gserviceaccount.com"}),
    ("in another's name", {"sub": "root@example.org"}),
]


@pytest.mark.parametrize(("case", "changes"), GRANTS_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_assertion_is_an_invalid_grant(
    strict: Instance, account: dict[str, str], case: str, changes: dict[str, Any]
) -> None:
    now = seconds(strict.clock.now())
    moved = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}

    reply = await _exchange(strict, grant_type=JWT_BEARER, assertion=_assertion(strict, account, **moved))

    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": JWT_BEARER}, "invalid_request"),
        ({"grant_type": "client_credentials", "assertion": "x"}, "unsupported_grant_type"),
        ({"grant_type": JWT_BEARER, "assertion": "x"}, "invalid_grant"),
        ({"grant_type": JWT_BEARER, "assertion": "x" * 20_000}, "invalid_grant"),
    ],
)
async def test_a_wrong_exchange_of_an_assertion_says_why(serve: Instance, form: dict[str, str], error: str) -> None:
    reply = await _exchange(serve, **form)

    assert (reply.status_code, reply.json()["error"]) == (400, error)
    assert set(reply.json()) == {"error", "error_description"}


async def test_a_revoked_key_exchanges_nothing_and_its_tokens_are_dead(serve: Instance) -> None:
    accounts = serve.app.governance.service_accounts
    key, private_pem = await accounts.create_key(serve.project.id, SYSTEM)
    account = {"client_email": key.email, "private_key": private_pem.reveal()}
    token = (await _exchange(serve, grant_type=JWT_BEARER, assertion=_assertion(serve, account))).json()["access_token"]
    await accounts.revoke_key(serve.project.id, key.id, SYSTEM)

    reply = await _exchange(serve, grant_type=JWT_BEARER, assertion=_assertion(serve, account))
    page = await serve.http.get(at_project(serve, "/accounts:batchGet"), headers=bearer(token))

    assert (reply.json()["error"], page.status_code) == ("invalid_grant", 401)


async def test_serve_signs_in_the_user_that_a_service_account_vouches_for(
    serve: Instance, account: dict[str, str]
) -> None:
    token = _assertion(serve, account, CUSTOM_TOKEN_AUDIENCE, sub=account["client_email"], uid="carol")

    reply = await serve.call("signInWithCustomToken", {"token": token})

    assert claims(reply.json()["idToken"])["sub"] == "carol"


async def test_a08_a_custom_token_of_another_project_is_refused(serve: Instance, account: dict[str, str]) -> None:
    token = _assertion(serve, account, CUSTOM_TOKEN_AUDIENCE, sub=account["client_email"], uid="carol")

    reply = await (await another(serve)).call("signInWithCustomToken", {"token": token})

    assert answer(reply) == refused("CREDENTIAL_MISMATCH")

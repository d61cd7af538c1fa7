"""The token endpoint of service accounts (RFC 7523 §2.1, §3) and the access tokens it gives (RFC 6749)."""

from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from auth.forging import JWT_BEARER, STRANGER, Backend, hs256, none
from auth.sharing import own_project, rows
from ecrin.auth.tokens.rules import CUSTOM_TOKEN_AUDIENCE
from ecrin.base.clock import HOUR
from ecrin.base.origin import SYSTEM
from ecrin.governance.serviceaccounts.model import TOKEN_PATH, email_of, key_file
from ecrin.testing.clock import START
from harness import V1, Instance

GOOGLE = "https://oauth2.googleapis.com/token"


@pytest.fixture
async def backend(serve: Instance) -> Backend:
    return await Backend.of(serve)


@pytest.fixture(scope="session")
async def shared_backend(shared_serve: Instance) -> Backend:
    """One backend for the tests that change nothing."""
    return await Backend.of(await own_project(shared_serve))


async def exchange(instance: Instance, token: str, grant: str = JWT_BEARER) -> httpx.Response:
    return await instance.http.post(TOKEN_PATH, data={"grant_type": grant, "assertion": token})


async def reads(instance: Instance, token: str) -> int:
    path = f"{V1}/projects/{instance.project.id}/accounts:batchGet"
    return (await instance.http.get(path, headers={"authorization": f"Bearer {token}"})).status_code


# ---- good


@pytest.mark.parametrize("fields", [{}, {"aud": GOOGLE}, {"sub": None}, {"scope": "https://www.googleapis.com/auth/x"}])
async def test_an_assertion_is_exchanged_for_an_access_token(shared_backend: Backend, fields: dict[str, Any]) -> None:
    reply = await exchange(shared_backend.instance, shared_backend.assertion(**fields))

    assert reply.status_code == 200
    assert (reply.json()["token_type"], reply.json()["expires_in"]) == ("Bearer", 3600)
    assert await reads(shared_backend.instance, reply.json()["access_token"]) == 200


# ---- the table of RFC 7523 §3


@pytest.mark.parametrize(
    "fields",
    [
        {"aud": "https://example.org/token"},
        {"aud": None},
        {"aud": ""},
        {"aud": [GOOGLE, "https://example.org"]},
        {"aud": CUSTOM_TOKEN_AUDIENCE},
        {"iss": None},
        {"iss": "somebody@example.org"},
        {"iss": email_of("another-project")},
        {"sub": "somebody@example.org"},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": START // 1000 + 3661},
        {"exp": START // 1000 + 10 * 365 * 86400},
        {"exp": START // 1000 - 60, "iat": START // 1000 - 3600},
        {"iat": START // 1000 + 61},
        {"nbf": START // 1000 + 61},
    ],
)
async def test_an_assertion_that_says_something_else_is_an_invalid_grant(
    shared_backend: Backend, fields: dict[str, Any]
) -> None:
    shared_backend.instance.clock.at = START
    reply = await exchange(shared_backend.instance, shared_backend.assertion(**fields))

    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")


async def test_an_assertion_of_another_key_is_an_invalid_grant(shared_backend: Backend) -> None:
    key, instance = shared_backend.key, shared_backend.instance
    good = shared_backend.assertion()
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = [
        jwt.encode(claims, STRANGER, algorithm="RS256"),
        jwt.encode(claims, STRANGER, algorithm="RS256", headers={"kid": key.id}),
        jwt.encode(claims, shared_backend.private, algorithm="RS384"),
        hs256({"alg": "HS256", "typ": "JWT"}, claims, key.public),
        none({"alg": "none"}, claims),
        good.rpartition(".")[0] + ".",
        good + "A",
        "x",
    ]

    replies = [await exchange(instance, token) for token in forged]

    assert {(r.status_code, r.json()["error"]) for r in replies} == {(400, "invalid_grant")}


async def test_an_assertion_in_the_name_of_another_projects_account_is_an_invalid_grant(
    shared_backend: Backend, serve: Instance
) -> None:
    key, pem = await serve.app.governance.service_accounts.create_key(serve.project.id, SYSTEM)
    private = load_pem_private_key(pem.reveal().encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    own, name = Backend(serve, key, private), {"iss": shared_backend.key.email, "sub": shared_backend.key.email}

    replies = [await exchange(serve, own.assertion(**fields)) for fields in ({}, name)]

    assert [r.json().get("error") for r in replies] == [None, "invalid_grant"]


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, "invalid_request"),
        ({"assertion": "x"}, "invalid_request"),
        ({"grant_type": JWT_BEARER}, "invalid_request"),
        ({"grant_type": JWT_BEARER, "assertion": ""}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "x", "password": "y"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
async def test_another_grant_is_not_served(serve: Instance, form: dict[str, str], refusal: str) -> None:
    reply = await serve.http.post(TOKEN_PATH, data=form)
    assert (reply.status_code, reply.json()["error"]) == (400, refusal)


# ---- access tokens


async def test_an_access_token_is_good_for_an_hour(backend: Backend) -> None:
    token = await backend.access_token()
    backend.instance.clock.tick(HOUR - 1)
    before = await reads(backend.instance, token)
    backend.instance.clock.tick(1)

    assert (before, await reads(backend.instance, token)) == (200, 401)


async def test_an_access_token_dies_with_its_key(backend: Backend) -> None:
    token = await backend.access_token()
    path = f"/api/v1/projects/{backend.instance.project.id}/service-account-keys/{backend.key.id}"
    await backend.instance.http.delete(path, headers=backend.instance.bearer)

    assert await reads(backend.instance, token) == 401
    assert (await exchange(backend.instance, backend.assertion())).json()["error"] == "invalid_grant"


async def test_the_other_keys_of_a_service_account_go_on(backend: Backend) -> None:
    other = await Backend.of(backend.instance)
    service_accounts = backend.instance.app.governance.service_accounts
    await service_accounts.revoke_key(backend.instance.project.id, backend.key.id, SYSTEM)

    assert (await exchange(other.instance, other.assertion())).status_code == 200


async def test_a34_an_access_token_opens_its_own_project_alone(backend: Backend, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    token = await backend.access_token()
    headers = {"authorization": f"Bearer {token}"}

    assert [await reads(backend.instance, token), await reads(other, token)] == [200, 403]
    assert (await other.http.get("/api/v1/keys", headers=headers)).status_code == 403


async def test_a35_a_token_made_by_an_access_token_ends_with_it(backend: Backend) -> None:
    token = await backend.access_token()
    body = {"scopes": [f"{backend.instance.project.id}:all"], "expires_in_days": None}
    made = await backend.instance.http.post("/api/v1/tokens", json=body, headers={"authorization": f"Bearer {token}"})
    backend.instance.clock.tick(HOUR)

    assert await reads(backend.instance, made.json()["token"]) == 401


async def test_a9_an_access_token_has_one_spelling(backend: Backend) -> None:
    token = await backend.access_token()
    others = [token[:-1], token + "A", token + "=", token.swapcase(), token[:10] + "_" + token[11:]]

    assert {await reads(backend.instance, other) for other in others if other != token} == {401}


# ---- keys


async def test_the_private_half_of_a_key_is_handed_out_once_and_not_kept(backend: Backend) -> None:
    (row,) = await rows(backend.instance, "service_account_keys", "id = :i", i=backend.key.id)
    assert row["public"] == backend.key.public
    assert row.keys() == {"id", "project_id", "email", "public", "created_at", "revoked_at"}


async def test_a_key_of_another_project_is_not_there_to_be_revoked(backend: Backend, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    path = f"/api/v1/projects/{other.project.id}/service-account-keys/{backend.key.id}"

    assert (await other.http.delete(path, headers=other.bearer)).status_code == 404
    assert (await exchange(backend.instance, backend.assertion())).status_code == 200


async def test_a_key_and_the_file_of_its_private_half_belong_together(serve: Instance) -> None:
    key, pem = await serve.app.governance.service_accounts.create_key(serve.project.id, SYSTEM)
    file = key_file(key, pem.reveal(), "https://auth.example.org")
    private = load_pem_private_key(file["private_key"].encode(), None)

    assert private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key.public
    assert file["token_uri"] == "https://auth.example.org/oauth2.googleapis.com/token"
    assert (file["type"], file["client_email"]) == ("service_account", email_of(serve.project.id))
    assert file["private_key_id"] == key.id

"""Sign-in by custom token: what a backend may vouch for, and what is refused with which code (protocol sheet §2.4)."""

import json
from typing import Any

import jwt
import pytest

from auth.forging import STRANGER, Backend, claims_of, hs256, none, segment
from auth.sharing import own_project, rows
from ecrin.auth.accounts.rules import RESERVED_CLAIMS
from ecrin.auth.tokens.rules import CUSTOM_TOKEN_AUDIENCE
from ecrin.base.origin import SYSTEM
from harness import Instance, message


@pytest.fixture
async def backend(serve: Instance) -> Backend:
    return await Backend.of(serve)


async def sign_in(instance: Instance, token: str) -> str:
    reply = await instance.call("signInWithCustomToken", {"token": token})
    return "OK" if reply.status_code == 200 else message(reply)


async def code(instance: Instance, token: str) -> str:
    return (await sign_in(instance, token)).partition(" : ")[0]


# ---- what is good


async def test_a_custom_token_signs_in_a_user_who_is_made_on_first_use(backend: Backend) -> None:
    replies = [
        (await backend.instance.call("signInWithCustomToken", {"token": backend.custom_token()})).json()
        for _ in range(2)
    ]

    assert [r["isNewUser"] for r in replies] == [True, False]
    claims = claims_of(replies[0]["idToken"])
    assert (claims["sub"], claims["firebase"]["sign_in_provider"]) == ("ann", "custom")


async def test_its_claims_are_in_the_id_token_and_stay_there_after_a_refresh(backend: Backend) -> None:
    token = backend.custom_token(claims={"role": "admin", "deep": {"a": [1, None]}})
    reply = (await backend.instance.call("signInWithCustomToken", {"token": token})).json()
    again = (await backend.instance.refresh(reply["refreshToken"])).json()

    for found in (claims_of(reply["idToken"]), claims_of(again["id_token"])):
        assert (found["role"], found["deep"]) == ("admin", {"a": [1, None]})


async def test_its_claims_belong_to_the_session_and_not_to_the_account(backend: Backend) -> None:
    await sign_in(backend.instance, backend.custom_token(claims={"role": "admin"}))
    plain = (await backend.instance.call("signInWithCustomToken", {"token": backend.custom_token()})).json()

    assert "role" not in claims_of(plain["idToken"])


async def test_a_token_that_names_no_key_is_verified_by_the_keys_of_its_issuer(backend: Backend) -> None:
    await Backend.of(backend.instance)

    assert (
        await sign_in(backend.instance, jwt.encode(backend.custom_claims(), backend.private, algorithm="RS256")) == "OK"
    )


@pytest.mark.parametrize(
    "fields", [{"sub": None}, {"uid": "a" * 128}, {"uid": "é %_'"}, {"uid": None, "user_id": "ann"}]
)
async def test_other_forms_that_are_good(backend: Backend, fields: dict[str, Any]) -> None:
    assert await sign_in(backend.instance, backend.custom_token(**fields)) == "OK"


# ---- the table of refusals


async def test_no_token_is_not_a_bad_one(serve: Instance) -> None:
    answers = [
        message(await serve.call("signInWithCustomToken", body)) for body in ({}, {"token": ""}, {"token": None})
    ]
    assert set(answers) == {"MISSING_CUSTOM_TOKEN"}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"uid": None}, "MISSING_IDENTIFIER"),
        ({"uid": ""}, "MISSING_IDENTIFIER"),
        ({"uid": 7}, "INVALID_CUSTOM_TOKEN"),
        ({"uid": "a" * 129}, "INVALID_CUSTOM_TOKEN"),
        ({"uid": "a\nb"}, "INVALID_CUSTOM_TOKEN"),
        ({"claims": []}, "INVALID_CLAIMS"),
        ({"claims": "admin"}, "INVALID_CLAIMS"),
        ({"claims": {"sub": "eve"}}, "FORBIDDEN_CLAIM"),
        ({"aud": "https://example.org"}, "INVALID_CUSTOM_TOKEN"),
        ({"aud": None}, "INVALID_CUSTOM_TOKEN"),
        ({"aud": [CUSTOM_TOKEN_AUDIENCE, "https://example.org"]}, "INVALID_CUSTOM_TOKEN"),
        ({"iss": "firebase-adminsdk@other.iam.gserviceaccount.com"}, "INVALID_CUSTOM_TOKEN"),
        ({"iss": None}, "INVALID_CUSTOM_TOKEN"),
        ({"sub": "somebody@example.org"}, "INVALID_CUSTOM_TOKEN"),
        ({"exp": None}, "INVALID_CUSTOM_TOKEN"),
        ({"iat": None}, "INVALID_CUSTOM_TOKEN"),
    ],
)
async def test_a_custom_token_that_says_something_else_is_refused(
    backend: Backend, fields: dict[str, Any], refusal: str
) -> None:
    assert await code(backend.instance, backend.custom_token(**fields)) == refusal
    assert await rows(backend.instance, "accounts", "project_id = :p", p=backend.instance.project.id) == []


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
async def test_a_reserved_claim_is_refused_by_its_name(shared_backend: Backend, name: str) -> None:
    answer = await sign_in(shared_backend.instance, shared_backend.custom_token(claims={name: 1}))
    assert answer == f"FORBIDDEN_CLAIM : {name}"


@pytest.mark.parametrize(
    ("issued", "expires", "answer"),
    [
        (0, 3600, "OK"),
        (0, 3660, "OK"),
        (0, 3661, "INVALID_CUSTOM_TOKEN"),
        (-3600, 1, "OK"),
        (-3660, 0, "OK"),
        (-3659, -59, "OK"),
        (-3660, -60, "INVALID_CUSTOM_TOKEN"),
        (60, 3600, "OK"),
        (61, 3600, "INVALID_CUSTOM_TOKEN"),
        (-86400 * 365, 60, "INVALID_CUSTOM_TOKEN"),
    ],
)
async def test_a_custom_token_is_good_for_an_hour_at_most(
    shared_backend: Backend, issued: int, expires: int, answer: str
) -> None:
    now = shared_backend.instance.clock.now() // 1000
    token = shared_backend.custom_token(iat=now + issued, exp=now + expires)
    assert await code(shared_backend.instance, token) == answer


async def test_a5_a_custom_token_that_the_key_did_not_sign_is_refused(backend: Backend) -> None:
    claims, kid = backend.custom_claims(), backend.key.id
    good = backend.custom_token()
    forged = [
        none({"alg": "none", "typ": "JWT"}, claims),
        none({"alg": "None", "typ": "JWT"}, claims),
        json.dumps(claims),
        '{"uid":"ann"}',
        jwt.encode(claims, STRANGER, algorithm="RS256", headers={"kid": kid}),
        jwt.encode(claims, STRANGER, algorithm="RS256"),
        jwt.encode(claims, backend.private, algorithm="RS512", headers={"kid": kid}),
        jwt.encode(claims, backend.private, algorithm="RS256", headers={"kid": "another"}),
        hs256({"alg": "HS256", "typ": "JWT", "kid": kid}, claims, backend.key.public),
        hs256({"alg": "RS256", "typ": "JWT", "kid": kid}, claims, backend.key.public),
        f"{good.rpartition('.')[0]}.",
        f"{good.split('.')[0]}.{segment(claims | {'uid': 'eve'})}.{good.split('.')[2]}",
        "x",
        "a.b.c",
        "{",
        "[]",
    ]

    assert {await code(backend.instance, token) for token in forged} == {"INVALID_CUSTOM_TOKEN"}


async def test_a8_the_token_of_another_project_is_a_mismatch(backend: Backend, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    assert await code(other, backend.custom_token()) == "CREDENTIAL_MISMATCH"


async def test_a8_an_assertion_is_no_custom_token(backend: Backend) -> None:
    token = backend.assertion(uid="ann")
    assert await code(backend.instance, token) == "INVALID_CUSTOM_TOKEN"


async def test_a_revoked_key_signs_nobody_in(backend: Backend) -> None:
    service_accounts = backend.instance.app.governance.service_accounts
    await service_accounts.revoke_key(backend.instance.project.id, backend.key.id, SYSTEM)

    assert await code(backend.instance, backend.custom_token()) == "INVALID_CUSTOM_TOKEN"


async def test_a_disabled_user_is_not_signed_in(backend: Backend) -> None:
    await sign_in(backend.instance, backend.custom_token())
    await backend.instance.admin("update", {"localId": "ann", "disableUser": True})

    assert await code(backend.instance, backend.custom_token()) == "USER_DISABLED"


async def test_a_tenant_is_not_served_yet(backend: Backend) -> None:
    reply = await backend.instance.call("signInWithCustomToken", {"token": backend.custom_token(), "tenantId": "t"})
    assert reply.status_code == 501


# ---- dev takes what the emulator takes


@pytest.mark.parametrize("form", ["bare", "none"])
async def test_dev_takes_tokens_that_nobody_signed(dev: Instance, form: str) -> None:
    claims = {"uid": "ann", "aud": CUSTOM_TOKEN_AUDIENCE, "claims": {"role": "admin"}}
    token = json.dumps(claims) if form == "bare" else none({"alg": "none", "typ": "JWT"}, claims)

    reply = await dev.call("signInWithCustomToken", {"token": token})

    assert claims_of(reply.json()["idToken"])["role"] == "admin"


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ('{"uid":', "INVALID_CUSTOM_TOKEN"),
        ("{}", "MISSING_IDENTIFIER"),
        ('{"uid":"a","uid":"b"}', "INVALID_CUSTOM_TOKEN"),
        ('{"uid":"a","claims":{"sub":"b"}}', "FORBIDDEN_CLAIM"),
        (none({"alg": "none"}, {"uid": "ann", "aud": "https://example.org"}), "INVALID_CUSTOM_TOKEN"),
        (none({"alg": "none"}, {"uid": "ann"}, "AAAA"), "INVALID_CUSTOM_TOKEN"),
    ],
)
async def test_dev_refuses_what_the_emulator_refuses(dev: Instance, token: str, refusal: str) -> None:
    assert await code(dev, token) == refusal


@pytest.fixture(scope="session")
async def shared_backend(shared_serve: Instance) -> Backend:
    """One backend for the tests that change nothing."""
    return await Backend.of(await own_project(shared_serve))

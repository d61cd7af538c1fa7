"""Tokens that are forged, too large, or presented in another place than their own (A5, A7, A8)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth.forging import STRANGER, Backend, claims_of, es256, header_of, hs256, none, private_key, ps256, rs256, segment
from auth.sharing import own_project
from ecrin.storage.keyring.model import Purpose
from harness import V1, Instance, message


async def lookup(instance: Instance, token: str) -> tuple[int, str]:
    reply = await instance.call("lookup", {"idToken": token})
    return reply.status_code, message(reply) if reply.status_code != 200 else "OK"


REFUSED = (400, "INVALID_ID_TOKEN")


@pytest.fixture
async def token(serve: Instance) -> str:
    """A good ID token of a user of `serve`."""
    return str((await serve.sign_up("ann@example.org"))["idToken"])


async def test_the_forger_of_these_tests_makes_good_tokens_if_nothing_is_changed(serve: Instance, token: str) -> None:
    own = private_key(serve, Purpose.ID_TOKEN)
    assert await lookup(serve, rs256(header_of(token), claims_of(token), own)) == (200, "OK")


# ---- A5


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", " none", "none\n", ""])
async def test_a5_an_unsigned_token_is_refused_in_every_spelling(serve: Instance, token: str, name: str) -> None:
    header, claims, signature = header_of(token) | {"alg": name}, claims_of(token), token.split(".")[2]

    answers = {await lookup(serve, none(header, claims, s)) for s in ("", signature, "AA")}

    assert answers == {REFUSED}


async def test_a5_our_public_key_is_no_hmac_secret(serve: Instance, token: str) -> None:
    public = private_key(serve, Purpose.ID_TOKEN).public_key()
    document = (await serve.http.get("/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com")).json()
    certificates = (await serve.http.get("/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com")).json()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        json.dumps(document["keys"][0]).encode(),
        json.dumps(document["keys"][0], separators=(",", ":")).encode(),
        next(iter(certificates.values())).encode(),
        b"",
    ]
    header, claims = header_of(token), claims_of(token)

    answers = [
        await lookup(serve, hs256(header | {"alg": alg}, claims, s)) for s in secrets for alg in ("HS256", "RS256")
    ]

    assert set(answers) == {REFUSED}


@pytest.mark.parametrize(
    "alg", ["RS384", "RS512", "PS256", "ES256", "HS256", "EdDSA", "rs256", "RS256 ", "RSA1_5", "dir"]
)
async def test_a5_the_algorithm_is_that_of_the_key_and_not_that_of_the_header(
    serve: Instance, token: str, alg: str
) -> None:
    own, header, claims = private_key(serve, Purpose.ID_TOKEN), header_of(token) | {"alg": alg}, claims_of(token)

    answers = {await lookup(serve, sign(header, claims, own)) for sign in (rs256, ps256)}

    assert answers == {REFUSED}


async def test_a5_a_token_signed_by_a_stranger_is_refused(serve: Instance, token: str) -> None:
    header, claims = header_of(token), claims_of(token)

    answers = [await lookup(serve, t) for t in (rs256(header, claims, STRANGER), es256(header, claims))]

    assert set(answers) == {REFUSED}


@pytest.fixture
async def bait() -> AsyncIterator[tuple[str, list[int]]]:
    """An address that a fetch would go to, and the connections that came."""
    came: list[int] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json", came


async def test_a5_a_header_that_brings_or_names_a_key_is_refused_and_nothing_is_fetched(
    serve: Instance, token: str, bait: tuple[str, list[int]]
) -> None:
    address, came = bait
    own, header, claims = private_key(serve, Purpose.ID_TOKEN), header_of(token), claims_of(token)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    members: list[dict[str, Any]] = [
        {"jwk": jwk},
        {"jku": address},
        {"x5u": address},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
        {"url": address},
        {"kid": address, "jku": address},
    ]

    answers = [await lookup(serve, rs256(header | m, claims, key)) for m in members for key in (own, STRANGER)]

    assert set(answers) == {REFUSED}
    assert came == []


async def test_a5_a_key_id_is_a_name_and_nothing_else(serve: Instance, token: str) -> None:
    own, header, claims = private_key(serve, Purpose.ID_TOKEN), header_of(token), claims_of(token)
    names = [
        "", "../../../dev/null", "/etc/passwd", "' OR '1'='1", "x\x00", f"{header['kid']}\x00", header["kid"].upper(),
        "é", "k" * 257, None, 7, [header["kid"]], {"kid": header["kid"]}, True,
    ]  # fmt: skip

    answers = [await lookup(serve, rs256(header | {"kid": name}, claims, own)) for name in names]
    without = {name: value for name, value in header.items() if name != "kid"}
    answers.append(await lookup(serve, rs256(without, claims, own)))

    assert set(answers) == {REFUSED}


async def test_a5_a_token_that_two_parsers_read_differently_is_refused(serve: Instance, token: str) -> None:
    own, header, claims = private_key(serve, Purpose.ID_TOKEN), header_of(token), claims_of(token)
    head, body = (json.dumps(part, separators=(",", ":")) for part in (header, claims))
    forms = [
        (f'{{"alg":"none",{head[1:]}'.encode(), body.encode()),
        (f'{head[:-1]},"alg":"RS256"}}'.encode(), body.encode()),
        (head.encode(), f'{body[:-1]},"sub":"somebody else"}}'.encode()),
        (head.encode(), f'{body[:-1]},"exp":NaN}}'.encode()),
        (head.encode(), f'{body[:-1]},"x":"\\ud800"}}'.encode()),
        (head.encode(), f'{body[:-1]},"x":1e999}}'.encode()),
        (head.encode(), body.encode() + b"{}"),
        (head.encode(), b"\xef\xbb\xbf" + body.encode()),
        (head.encode(), body.encode("utf-16")),
        (head.encode(), f"[{body}]".encode()),
        (f"[{head}]".encode(), body.encode()),
        (head.encode(), b"null"),
        (b"", body.encode()),
    ]

    answers = [await lookup(serve, rs256(h, c, own)) for h, c in forms]

    assert set(answers) == {REFUSED}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"auth_time": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": ["ann"]},
        {"auth_time": "1"},
        {"firebase": None},
        {"firebase": "password"},
        {"firebase": {}},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 1e308},
        {"iat": -1},
        {"nbf": 9_999_999_999},
        {"iss": "https://securetoken.google.com/"},
        {"iss": ["https://securetoken.google.com/"]},
    ],
)
async def test_a5_a_token_of_ours_without_what_it_must_say_is_refused(
    serve: Instance, token: str, changes: dict[str, Any]
) -> None:
    claims = {name: value for name, value in (claims_of(token) | changes).items() if value is not None}

    forged = rs256(header_of(token), claims, private_key(serve, Purpose.ID_TOKEN))

    assert await lookup(serve, forged) in {REFUSED, (400, "USER_NOT_FOUND")}


# ---- A7


async def test_a7_a_token_over_its_size_is_refused(serve: Instance, token: str) -> None:
    own, header, claims = private_key(serve, Purpose.ID_TOKEN), header_of(token), claims_of(token)
    deep: Any = b"[" * 20_000 + b"]" * 20_000
    forms = [
        rs256(header | {"kid": "k" * 12_000}, claims, own),
        rs256(header, claims | {"x": "y" * 13_000}, own),
        rs256(deep[:200] + deep[-200:], claims, own),
        rs256(header, deep, own),
        "." * 20_000,
        "a" * 60_000,
        f"{segment({'alg': 'dir', 'enc': 'A256GCM', 'zip': 'DEF'})}..AAAA.AAAA.AAAA",
    ]

    assert {await lookup(serve, form) for form in forms} == {REFUSED}


async def test_a7_a_body_of_10_mb_is_refused_by_its_size(serve: Instance) -> None:
    reply = await serve.call("lookup", {"idToken": "a" * 10_000_000})
    assert reply.status_code == 413


async def test_a7_a_body_without_a_declared_length_is_not_read_to_its_end(serve: Instance) -> None:
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for chunk in range(1000):
            sent.append(chunk)
            yield b" " * 65536

    reply = await serve.http.post(f"{V1}/accounts:lookup", params={"key": serve.project.api_keys[0]}, content=endless())

    assert reply.status_code == 413
    assert len(sent) <= 3


@pytest.mark.parametrize("shape", ["[", '{"a":', '{"idToken":['])
async def test_a7_a_body_nested_deeply_is_refused(serve: Instance, shape: str) -> None:
    body = shape * (60_000 // len(shape))
    reply = await serve.http.post(f"{V1}/accounts:lookup", params={"key": serve.project.api_keys[0]}, content=body)
    assert reply.status_code == 400


# ---- A8


async def every_token(instance: Instance) -> dict[str, str]:
    """One good token of every kind that there is."""
    user = await instance.sign_up("ann@example.org")
    await instance.sign_up()
    cookie = await instance.http.post(
        f"{V1}/projects/{instance.project.id}:createSessionCookie",
        json={"idToken": user["idToken"]},
        headers=instance.bearer,
    )
    wanted = {"requestType": "PASSWORD_RESET", "email": "ann@example.org", "returnOobLink": True}
    code = await instance.admin("sendOobCode", wanted)
    page = await instance.http.get(
        f"{V1}/projects/{instance.project.id}/accounts:batchGet", params={"maxResults": 1}, headers=instance.bearer
    )
    backend = await Backend.of(instance)
    return {
        "id token": user["idToken"],
        "refresh token": user["refreshToken"],
        "session cookie": cookie.json()["sessionCookie"],
        "code": code.json()["oobCode"],
        "page token": page.json()["nextPageToken"],
        "access token": await backend.access_token(),
        "operator token": instance.operator,
        "custom token": backend.custom_token(uid="bob"),
        "api key": instance.project.api_keys[0],
    }


async def present_everywhere(instance: Instance, token: str) -> set[str]:
    """The places where a token is taken for good."""
    admin = f"{V1}/projects/{instance.project.id}"
    page = {"nextPageToken": token}
    bearer = {"authorization": f"Bearer {token}"}
    replies = {
        "bearer": await instance.http.get(f"{admin}/accounts:batchGet", headers=bearer),
        "bearer of our api": await instance.http.get("/api/v1/projects", headers=bearer),
        "page": await instance.http.get(f"{admin}/accounts:batchGet", params=page, headers=instance.bearer),
        "lookup": await instance.call("lookup", {"idToken": token}),
        "update": await instance.call("update", {"idToken": token, "displayName": "Eve"}),
        "cookie": await instance.http.post(
            f"{admin}:createSessionCookie", json={"idToken": token}, headers=instance.bearer
        ),
        "mail": await instance.call("sendOobCode", {"idToken": token, "requestType": "VERIFY_EMAIL"}),
        "refresh": await instance.refresh(token),
        "custom": await instance.call("signInWithCustomToken", {"token": token}),
        "inspect": await instance.call("resetPassword", {"oobCode": token}),
        "apply": await instance.call("update", {"oobCode": token}),
        "link": await instance.call("signInWithEmailLink", {"oobCode": token, "email": "ann@example.org"}),
        "key": await instance.http.post(f"{V1}/accounts:signUp", params={"key": token}, json={}),
    }
    assert all(r.status_code < 500 for r in replies.values())
    return {place for place, reply in replies.items() if reply.status_code == 200}


PLACES = {
    "id token": {"lookup", "update", "cookie"},
    "refresh token": {"refresh"},
    "session cookie": set(),
    "code": {"inspect"},
    "page token": {"page"},
    "access token": {"bearer", "bearer of our api"},
    "operator token": {"bearer", "bearer of our api"},
    "custom token": {"custom"},
    "api key": {"key"},
}


async def test_a8_a_token_is_good_in_its_own_place_and_nowhere_else(serve: Instance) -> None:
    tokens = await every_token(serve)

    found = {kind: await present_everywhere(serve, token) for kind, token in tokens.items()}

    assert found == PLACES


async def test_a8_a_token_of_another_project_is_good_nowhere(serve: Instance, shared_serve: Instance) -> None:
    tokens = await every_token(serve)
    other = await own_project(shared_serve)
    of_projects = {kind: token for kind, token in tokens.items() if kind not in {"operator token", "api key"}}

    found = {kind: await present_everywhere(other, token) for kind, token in of_projects.items()}

    # A service account may ask which projects it may see: its own.
    assert found == {kind: set() for kind in of_projects} | {"access token": {"bearer of our api"}}


@pytest.mark.parametrize("changed", ["aud", "iss", "both"])
async def test_a8_issuer_and_audience_must_both_name_the_project(
    serve: Instance, shared_serve: Instance, token: str, changed: str
) -> None:
    other = (await own_project(shared_serve)).project.id
    claims = claims_of(token)
    if changed in {"aud", "both"}:
        claims["aud"] = other
    if changed in {"iss", "both"}:
        claims["iss"] = f"https://securetoken.google.com/{other}"

    forged = rs256(header_of(token), claims, private_key(serve, Purpose.ID_TOKEN))

    assert await lookup(serve, forged) == REFUSED


async def test_a8_an_id_token_signed_by_the_key_of_session_cookies_is_refused(serve: Instance, token: str) -> None:
    own = private_key(serve, Purpose.SESSION_COOKIE)
    kids = [k.id for k, _ in serve.app.base.keyring.inventory() if k.purpose in {"id-token", "session-cookie"}]

    answers = {await lookup(serve, rs256(header_of(token) | {"kid": kid}, claims_of(token), own)) for kid in kids}

    assert answers == {REFUSED}

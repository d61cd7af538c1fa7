"""The public documents (protocol sheet §5.3, §6.3), the legacy names (§1.1) and what belongs to later versions."""

import re
from typing import Any

import jwt
import pytest
from cryptography.x509 import load_pem_x509_certificate

from ecrin.web.identitytoolkit import later
from harness import V1, Instance
from web.wire import LEGACY, V2, Facts, answer, at_project, bearer, filled, not_served

SECURE_TOKEN = "securetoken@system.gserviceaccount.com"
ID_TOKEN_CERTIFICATES = f"/robot/v1/metadata/x509/{SECURE_TOKEN}"
ID_TOKEN_KEYS = f"/service_accounts/v1/jwk/{SECURE_TOKEN}"
COOKIE_CERTIFICATES = "/identitytoolkit/v3/relyingparty/publicKeys"
COOKIE_KEYS = f"{V1}/sessionCookiePublicKeys"
CERTIFICATES = [
    ID_TOKEN_CERTIFICATES,
    f"/www.googleapis.com{ID_TOKEN_CERTIFICATES}",
    COOKIE_CERTIFICATES,
    f"/www.googleapis.com{COOKIE_CERTIFICATES}",
    f"{V1}/publicKeys",
]
KEYS = [ID_TOKEN_KEYS, f"/www.googleapis.com{ID_TOKEN_KEYS}", COOKIE_KEYS]


def _max_age(header: str) -> int:
    found = re.search(r"max-age=(\d+)", header)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("path", CERTIFICATES)
async def test_certificates_are_open_to_everybody_and_may_be_kept_for_a_while(serve: Instance, path: str) -> None:
    reply = await serve.http.get(path)

    assert _max_age(reply.headers["cache-control"]) > 0
    assert reply.json()
    assert all(load_pem_x509_certificate(pem.encode()) for pem in reply.json().values())


@pytest.mark.parametrize("path", KEYS)
async def test_key_sets_hold_public_rsa_keys_with_distinct_names(serve: Instance, path: str) -> None:
    reply = await serve.http.get(path)
    keys = reply.json()["keys"]

    assert _max_age(reply.headers["cache-control"]) > 0
    assert all(set(key) == {"kty", "alg", "use", "kid", "n", "e"} for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys) > 0


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("www.googleapis.com", ID_TOKEN_CERTIFICATES),
        ("www.googleapis.com", COOKIE_CERTIFICATES),
        ("WWW.GoogleAPIs.com:443", ID_TOKEN_CERTIFICATES),
        ("identitytoolkit.googleapis.com", "/v1/sessionCookiePublicKeys"),
    ],
)
async def test_a_client_that_reaches_us_under_googles_name_finds_the_same(
    serve: Instance, host: str, path: str
) -> None:
    assert (await serve.http.get(path, headers={"host": host})).status_code == 200


async def test_an_admin_sdk_that_reaches_us_under_googles_name_finds_its_calls(serve: Instance) -> None:
    path = f"/v1/projects/{serve.project.id}/accounts:lookup"
    headers = {"host": "identitytoolkit.googleapis.com", **serve.bearer}

    assert (await serve.http.post(path, json={"localId": ["x"]}, headers=headers)).status_code == 200


async def test_googles_name_in_the_host_opens_no_other_path(serve: Instance) -> None:
    reply = await serve.http.get("/api/v1/projects", headers={"host": "www.googleapis.com", **serve.bearer})

    assert reply.status_code == 404


@pytest.mark.parametrize(("keys", "kind"), [(ID_TOKEN_KEYS, "id"), (COOKIE_KEYS, "cookie")])
async def test_a_token_verifies_by_the_document_of_its_own_kind_alone(serve: Instance, keys: str, kind: str) -> None:
    user = await serve.sign_up()
    body = {"idToken": user["idToken"]}
    cookie = await serve.http.post(at_project(serve, ":createSessionCookie"), json=body, headers=serve.bearer)
    tokens = {"id": user["idToken"], "cookie": cookie.json()["sessionCookie"]}
    document = jwt.PyJWKSet.from_dict((await serve.http.get(keys)).json())

    for name, token in tokens.items():
        kid = jwt.get_unverified_header(token)["kid"]
        assert (kid in {key.key_id for key in document.keys}) == (name == kind)
    key = document[jwt.get_unverified_header(tokens[kind])["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(tokens[kind], key, ["RS256"], audience=serve.project.id, options=options)["sub"]


async def test_the_public_configuration_names_the_project_by_its_number(serve: Instance) -> None:
    for path in (f"{V1}/projects", f"{LEGACY}/getProjectConfig"):
        reply = await serve.http.get(path, params={"key": serve.project.api_keys[0]})
        wanted = {"projectId": str(serve.project.number), "authorizedDomains": ["localhost", "127.0.0.1"]}
        assert answer(reply) == (200, wanted)


@pytest.mark.parametrize("mode", ["serve", "dev"])
async def test_the_password_policy_says_what_is_enforced(mode: str, serve: Instance, dev: Instance) -> None:
    instance, minimum = (serve, 8) if mode == "serve" else (dev, 6)

    policy = (await instance.http.get(f"{V2}/passwordPolicy", params={"key": instance.project.api_keys[0]})).json()

    assert policy["customStrengthOptions"] == {"minPasswordLength": minimum, "maxPasswordLength": 4096}
    assert (policy["enforcementState"], policy["forceUpgradeOnSignin"], policy["schemaVersion"]) == (
        "ENFORCE",
        False,
        1,
    )
    assert "!" in policy["allowedNonAlphanumericCharacters"]


async def test_no_captcha_is_asked_for(serve: Instance) -> None:
    query = {"key": serve.project.api_keys[0], "clientType": "CLIENT_TYPE_WEB", "version": "RECAPTCHA_ENTERPRISE"}
    states = (await serve.http.get(f"{V2}/recaptchaConfig", params=query)).json()["recaptchaEnforcementState"]

    assert {state["provider"]: state["enforcementState"] for state in states} == {
        "EMAIL_PASSWORD_PROVIDER": "OFF",
        "PHONE_PROVIDER": "OFF",
    }


@pytest.mark.parametrize("path", [f"{V1}/projects", f"{V2}/passwordPolicy", f"{V2}/recaptchaConfig"])
async def test_a_tenant_has_no_documents_yet(serve: Instance, path: str) -> None:
    query = {"key": serve.project.api_keys[0], "tenantId": "t"}

    assert not_served(await serve.http.get(path, params=query))


LEGACY_CALLS: list[tuple[str, Facts, set[str]]] = [
    ("createAuthUri", {"identifier": "$email", "continueUri": "http://localhost"}, {"registered", "sessionId"}),
    ("getAccountInfo", {"idToken": "$idToken"}, {"users"}),
    ("getOobConfirmationCode", {"requestType": "PASSWORD_RESET", "email": "$email"}, {"email"}),
    ("setAccountInfo", {"idToken": "$idToken", "displayName": "A"}, {"displayName", "providerUserInfo"}),
    ("signupNewUser", {}, {"idToken", "refreshToken"}),
    ("verifyPassword", {"email": "$email", "password": "$password"}, {"idToken", "registered"}),
    ("verifyCustomToken", {"token": '{"uid":"carol"}'}, {"idToken", "isNewUser"}),
    ("deleteAccount", {"idToken": "$idToken"}, {"kind"}),
]


async def test_the_legacy_names_are_the_same_calls(dev: Instance, ada: Facts) -> None:
    for name, body, members in LEGACY_CALLS:
        query = {"key": dev.project.api_keys[0]}
        reply = await dev.http.post(f"{LEGACY}/{name}", params=query, json=filled(body, ada))
        assert reply.status_code == 200, reply.text
        assert members <= set(reply.json())


@pytest.mark.parametrize(
    ("name", "code"), [("emailLinkSignin", "MISSING_EMAIL"), ("resetPassword", "MISSING_OOB_CODE")]
)
async def test_the_legacy_names_refuse_alike(dev: Instance, name: str, code: str) -> None:
    reply = await dev.http.post(f"{LEGACY}/{name}", params={"key": dev.project.api_keys[0]}, json={})

    assert reply.json()["error"]["message"] == code


LATER_LEGACY = ["sendVerificationCode", "verifyAssertion", "verifyPhoneNumber", "signOutUser"]


async def test_every_call_of_a_later_version_answers_501_with_our_code(dev: Instance) -> None:
    routes = [route for route in dev.app.web.table.routes if route.handler is later.later]

    for route in routes:
        path = re.sub(r"\{\w+\}", "x", route.path.replace("{project}", dev.project.id))
        reply = await dev.http.request(route.method, path, headers=dev.bearer)
        assert not_served(reply), (route, reply.text)

    assert len(routes) == 75


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", f"{LEGACY}/{name}") for name in LATER_LEGACY),
        ("POST", f"{V1}/accounts:signInWithIdp"),
        ("POST", f"{V1}/accounts:signInWithPhoneNumber"),
        ("POST", f"{V2}/accounts/mfaEnrollment:start"),
        ("POST", f"{V2}/accounts/passkeySignIn:finalize"),
        ("POST", f"{V2}/accounts:revokeToken"),
        ("GET", f"{V1}/recaptchaParams"),
        ("GET", f"{V2}/defaultSupportedIdps"),
        ("POST", f"{V1}/projects/%s/tenants/t/accounts"),
        ("POST", f"{V1}/projects/%s/tenants/t/accounts:lookup"),
        ("GET", f"{V1}/projects/%s/tenants/t/accounts:batchGet"),
        ("POST", f"{V1}/projects/%s/tenants/t:createSessionCookie"),
        ("GET", f"{V2}/projects/%s/config"),
        ("PATCH", f"{V2}/projects/%s/config"),
        ("POST", f"{V2}/projects/%s/tenants"),
        ("PATCH", f"{V2}/projects/%s/tenants/t"),
        ("POST", f"{V2}/projects/%s/oauthIdpConfigs"),
        ("DELETE", f"{V2}/projects/%s/tenants/t/inboundSamlConfigs/saml.x"),
    ],
)
async def test_the_calls_of_the_sheet_that_belong_to_later_versions_are_known(
    dev: Instance, method: str, path: str
) -> None:
    path = path % dev.project.id if "%s" in path else path

    assert not_served(await dev.http.request(method, path, headers=dev.bearer))


async def test_a_later_call_of_an_administrator_is_not_even_known_to_a_client(dev: Instance) -> None:
    path = f"{V2}/projects/{dev.project.id}/config"

    assert (await dev.http.get(path, params={"key": dev.project.api_keys[0]})).status_code == 400
    assert (await dev.http.get(path)).status_code == 403
    assert (await dev.http.get(path, headers=bearer("x"))).status_code == 401

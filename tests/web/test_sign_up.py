"""accounts:signUp (protocol sheet §3): a row per request shape."""

from typing import Any

import pytest

from harness import Instance
from web.wire import KIND, PASSWORD, Facts, answer, claims, filled, found, look_up, not_served, refused

EMAIL = "bob@example.org"
WEAK = "WEAK_PASSWORD : Password should be at least 6 characters"
ADMIN_ONLY = "INSUFFICIENT_PERMISSION : Only authenticated requests can specify target_project_id."

REFUSED = [
    ("no password", {"email": EMAIL}, "MISSING_PASSWORD"),
    ("an empty password", {"email": EMAIL, "password": ""}, "MISSING_PASSWORD"),
    ("no address", {"password": PASSWORD}, "MISSING_EMAIL"),
    ("an empty address", {"email": "", "password": PASSWORD}, "MISSING_EMAIL"),
    ("both empty, which is not anonymous", {"email": "", "password": ""}, "MISSING_EMAIL"),
    ("no address at all", {"email": "bob", "password": PASSWORD}, "INVALID_EMAIL"),
    ("an address in use", {"email": "$email", "password": PASSWORD}, "EMAIL_EXISTS"),
    ("an address in use, in capitals", {"email": "ADA@EXAMPLE.ORG", "password": PASSWORD}, "EMAIL_EXISTS"),
    ("five characters", {"email": EMAIL, "password": "abcde"}, WEAK),
    ("an id of one's own", {"localId": "me"}, "UNEXPECTED_PARAMETER : User ID"),
    ("another project", {"targetProjectId": "other"}, ADMIN_ONLY),
    ("linking with a bad token", {"idToken": "x", "email": EMAIL, "password": PASSWORD}, "INVALID_ID_TOKEN"),
    ("linking without an address", {"idToken": "$idToken", "password": PASSWORD}, "MISSING_EMAIL"),
    ("linking without a password", {"idToken": "$idToken", "email": EMAIL}, "MISSING_PASSWORD"),
    ("linking a weak password", {"idToken": "$idToken", "email": EMAIL, "password": "abc"}, WEAK),
]
ANONYMOUS = [
    ("nothing", {}),
    ("what the SDK sends", {"returnSecureToken": True, "clientType": "CLIENT_TYPE_WEB"}),
    ("the same in snake_case", {"return_secure_token": True, "client_type": "CLIENT_TYPE_WEB"}),
    ("nulls", {"email": None, "password": None, "tenantId": None}),
    ("members that nobody knows", {"nope": {"a": [1]}, "alsoNot": "x"}),
]
LATER = [
    ("a tenant", {"tenantId": "t1"}),
    ("a phone number", {"phoneNumber": "+15555550100"}),
    ("a second factor", {"email": EMAIL, "password": PASSWORD, "mfaInfo": [{"phoneInfo": "+15555550100"}]}),
]


@pytest.mark.parametrize(("case", "body", "code"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_sign_up_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("signUp", filled(body, ann))) == refused(code)


@pytest.mark.parametrize(("case", "body"), ANONYMOUS, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_anonymous_sign_up_has_tokens_and_no_name(desk: Instance, case: str, body: Any) -> None:
    reply = (await desk.call("signUp", body)).json()

    assert set(reply) == {"kind", "localId", "idToken", "refreshToken", "expiresIn"}
    assert (reply["kind"], reply["expiresIn"]) == (f"{KIND}SignupNewUserResponse", "3600")
    assert claims(reply["idToken"])["provider_id"] == "anonymous"


@pytest.mark.parametrize(("case", "body"), LATER, ids=lambda v: v if isinstance(v, str) else "")
async def test_what_belongs_to_a_later_version_is_not_served(desk: Instance, case: str, body: Any) -> None:
    assert not_served(await desk.call("signUp", body))


async def test_a_sign_up_with_a_password_names_the_account(dev: Instance) -> None:
    reply = (await dev.call("signUp", {"email": "BOB@example.org", "password": PASSWORD, "displayName": "Bob"})).json()

    assert set(reply) == {"kind", "localId", "email", "displayName", "idToken", "refreshToken", "expiresIn"}
    assert (reply["email"], reply["displayName"]) == (EMAIL, "Bob")
    assert claims(reply["idToken"])["firebase"] == {"identities": {"email": [EMAIL]}, "sign_in_provider": "password"}


async def test_a18_a_client_cannot_sign_up_verified_or_disabled_or_with_claims(dev: Instance) -> None:
    wish = {"emailVerified": True, "disabled": True, "customAttributes": '{"admin":true}', "validSince": "1"}
    reply = (await dev.call("signUp", {"email": EMAIL, "password": PASSWORD, **wish})).json()

    user = await look_up(dev, reply["idToken"])

    assert (user["emailVerified"], user["disabled"]) == (False, False)
    assert "customAttributes" not in user
    assert "validSince" not in user


async def test_linking_a_password_keeps_the_anonymous_account_and_names_it(dev: Instance) -> None:
    guest = (await dev.call("signUp", {})).json()

    reply = (await dev.call("signUp", {"idToken": guest["idToken"], "email": EMAIL, "password": PASSWORD})).json()

    assert reply["localId"] == guest["localId"]
    assert claims(reply["idToken"])["firebase"]["sign_in_provider"] == "password"


async def test_linking_an_address_in_use_is_refused(dev: Instance, ada: Facts) -> None:
    guest = (await dev.call("signUp", {})).json()
    body = {"idToken": guest["idToken"], "email": ada["email"], "password": PASSWORD}

    assert answer(await dev.call("signUp", body)) == refused("EMAIL_EXISTS")


@pytest.mark.parametrize(
    ("setting", "body", "code"),
    [
        ("anonymous_enabled", {}, "ADMIN_ONLY_OPERATION"),
        ("sign_up_enabled", {}, "ADMIN_ONLY_OPERATION"),
        ("sign_up_enabled", {"email": EMAIL, "password": PASSWORD}, "ADMIN_ONLY_OPERATION"),
        ("password_enabled", {"email": EMAIL, "password": PASSWORD}, "PASSWORD_LOGIN_DISABLED"),
    ],
)
async def test_what_a_project_has_switched_off_is_refused(dev: Instance, setting: str, body: Any, code: str) -> None:
    await dev.http.patch(f"/api/v1/projects/{dev.project.id}", json={"settings": {setting: False}}, headers=dev.bearer)

    assert answer(await dev.call("signUp", body)) == refused(code)


async def test_serve_asks_for_eight_characters(serve: Instance) -> None:
    code = "WEAK_PASSWORD : Password should be at least 8 characters"

    assert answer(await serve.call("signUp", {"email": EMAIL, "password": "seven77"})) == refused(code)


async def test_an_administrator_who_presents_an_id_token_links_a_password_to_its_account(dev: Instance) -> None:
    guest = (await dev.call("signUp", {})).json()
    body = {"idToken": guest["idToken"], "email": EMAIL, "password": PASSWORD, "targetProjectId": dev.project.id}

    reply = await dev.http.post("/identitytoolkit.googleapis.com/v1/accounts:signUp", json=body, headers=dev.bearer)

    assert reply.json()["localId"] == guest["localId"]


ADMIN_REFUSED = [
    ("an id in use", {"localId": "$localId"}, "DUPLICATE_LOCAL_ID"),
    ("an address in use", {"email": "$email"}, "EMAIL_EXISTS"),
    ("a number that is none", {"phoneNumber": "12"}, "INVALID_PHONE_NUMBER : Invalid format."),
    ("a weak password", {"email": EMAIL, "password": "abc"}, WEAK),
    ("an id too long", {"localId": "x" * 129}, "INVALID_LOCAL_ID"),
    ("a name too long", {"displayName": "x" * 257}, "INVALID_DISPLAY_NAME"),
    ("a photo that runs", {"photoUrl": "javascript:alert(1)"}, "INVALID_PHOTO_URL"),
    ("an ID token", {"idToken": "$idToken"}, "UNEXPECTED_PARAMETER : ID token"),
]


@pytest.mark.parametrize(("case", "body", "code"), ADMIN_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_administrator_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.admin("", filled(body, ann))) == refused(code)


async def test_an_administrator_creates_an_account_as_told_and_gets_no_tokens(dev: Instance) -> None:
    told = {
        "localId": "bob",
        "email": EMAIL,
        "emailVerified": True,
        "displayName": "Bob",
        "photoUrl": "https://example.org/bob.png",
        "phoneNumber": "+15555550100",
        "disabled": True,
    }
    reply = await dev.admin("", {**told, "password": PASSWORD})

    user = await found(dev, "bob")

    assert reply.json() == {
        "kind": f"{KIND}SignupNewUserResponse",
        "localId": "bob",
        "email": EMAIL,
        "displayName": "Bob",
    }
    assert {name: user[name] for name in told} == told
    assert "lastLoginAt" not in user


async def test_a_number_in_use_is_refused(dev: Instance) -> None:
    await dev.admin("", {"phoneNumber": "+15555550100"})

    assert answer(await dev.admin("", {"phoneNumber": "+15555550100"})) == refused("PHONE_NUMBER_EXISTS")


async def test_a_second_factor_given_by_an_administrator_is_not_served(dev: Instance) -> None:
    assert not_served(await dev.admin("", {"email": EMAIL, "mfaInfo": [{"phoneInfo": "+15555550100"}]}))

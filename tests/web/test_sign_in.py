"""The sign-ins (protocol sheet §2.4, §3): password, custom token, e-mail link, createAuthUri; a row per request."""

from typing import Any

import pytest

from ecrin.base.clock import HOUR, seconds
from harness import Instance
from web.wire import (
    KIND,
    PASSWORD,
    Facts,
    answer,
    claims,
    code_for,
    custom_token,
    filled,
    look_up,
    not_served,
    refused,
    unsigned,
)

BOB = "bob@example.org"
HOME = "http://localhost/home"

PASSWORD_REFUSED = [
    ("no address", {"password": PASSWORD}, "MISSING_EMAIL"),
    ("no password", {"email": "$email"}, "MISSING_PASSWORD"),
    ("no address at all", {"email": "ada", "password": PASSWORD}, "INVALID_EMAIL"),
    ("an unknown address", {"email": BOB, "password": PASSWORD}, "EMAIL_NOT_FOUND"),
    ("a wrong password", {"email": "$email", "password": "wrong horse"}, "INVALID_PASSWORD"),
]
PROTECTED = [
    ("an unknown address", {"email": BOB, "password": PASSWORD}),
    ("a wrong password", {"email": "ada@example.org", "password": "wrong horse"}),
]


@pytest.mark.parametrize(("case", "body", "code"), PASSWORD_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_sign_in_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("signInWithPassword", filled(body, ann))) == refused(code)


@pytest.mark.parametrize(("case", "body"), PROTECTED, ids=lambda v: v if isinstance(v, str) else "")
async def test_serve_does_not_tell_whose_address_is_known(strict: Instance, case: str, body: Any) -> None:
    await strict.sign_up("ada@example.org", PASSWORD)

    assert answer(await strict.call("signInWithPassword", body)) == refused("INVALID_LOGIN_CREDENTIALS")


@pytest.mark.parametrize("asked", [{}, {"returnSecureToken": True}, {"returnSecureToken": False}])
async def test_a_password_signs_in_whatever_the_spelling_of_the_address(
    dev: Instance, ada: Facts, asked: dict[str, bool]
) -> None:
    body = {"email": " ADA@Example.org", "password": PASSWORD, **asked}
    reply = (await dev.call("signInWithPassword", body)).json()

    tokens = {"idToken", "refreshToken", "expiresIn"}
    assert set(reply) == {"kind", "localId", "email", "displayName", "registered"} | tokens
    assert reply["kind"] == f"{KIND}VerifyPasswordResponse"
    assert (reply["localId"], reply["email"], reply["registered"]) == (ada["localId"], "ada@example.org", True)


async def test_a_disabled_user_is_told_so_with_the_right_password(dev: Instance, ada: Facts) -> None:
    await dev.admin("update", {"localId": ada["localId"], "disableUser": True})
    body = {"email": ada["email"], "password": PASSWORD}

    assert answer(await dev.call("signInWithPassword", body)) == refused("USER_DISABLED")


async def test_the_hundred_and_first_failure_in_a_row_finds_the_password_suspended(dev: Instance, ada: Facts) -> None:
    body = {"email": ada["email"], "password": "wrong horse"}
    for _ in range(100):
        await dev.call("signInWithPassword", body)

    assert answer(await dev.call("signInWithPassword", body)) == refused("TOO_MANY_ATTEMPTS_TRY_LATER")


@pytest.mark.parametrize("more", [{"idToken": "x"}, {"pendingIdToken": "x"}, {"tenantId": "t"}])
async def test_linking_by_signing_in_is_not_served(dev: Instance, ada: Facts, more: dict[str, str]) -> None:
    assert not_served(await dev.call("signInWithPassword", {"email": ada["email"], "password": PASSWORD, **more}))


CUSTOM_REFUSED = [
    ("none", None, "MISSING_CUSTOM_TOKEN"),
    ("an empty one", "", "MISSING_CUSTOM_TOKEN"),
    ("no uid", {"uid": None}, "MISSING_IDENTIFIER"),
    ("an empty uid", {"uid": ""}, "MISSING_IDENTIFIER"),
    ("a claim that tokens need", {"claims": {"iss": "me"}}, "FORBIDDEN_CLAIM : iss"),
    ("claims that are no object", {"claims": ["a"]}, "INVALID_CLAIMS"),
]
CUSTOM_INVALID = [
    ("junk", "not a token"),
    ("half a JSON text", "{"),
    ("an ID token's audience", {"aud": "demo-ecrin"}),
    ("a uid that is a number", {"uid": 5}),
    ("a uid too long", {"uid": "x" * 129}),
]


def _token(dev: Instance, given: Any) -> Any:
    return custom_token(seconds(dev.clock.now()), **given) if isinstance(given, dict) else given


@pytest.mark.parametrize(("case", "given", "code"), CUSTOM_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_custom_token_is_refused(desk: Instance, case: str, given: Any, code: str) -> None:
    assert answer(await desk.call("signInWithCustomToken", {"token": _token(desk, given)})) == refused(code)


@pytest.mark.parametrize(("case", "given"), CUSTOM_INVALID, ids=lambda v: v if isinstance(v, str) else "")
async def test_what_is_no_custom_token_is_named_so(desk: Instance, case: str, given: Any) -> None:
    reply = await desk.call("signInWithCustomToken", {"token": _token(desk, given)})

    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("INVALID_CUSTOM_TOKEN : ")


@pytest.mark.parametrize("given", [{}, '{"uid": "carol"}'], ids=["unsigned", "bare JSON"])
async def test_dev_signs_in_the_user_that_an_unsigned_custom_token_names(dev: Instance, given: Any) -> None:
    first = (await dev.call("signInWithCustomToken", {"token": _token(dev, given)})).json()
    second = (await dev.call("signInWithCustomToken", {"token": _token(dev, given)})).json()

    assert set(first) == {"kind", "isNewUser", "idToken", "refreshToken", "expiresIn"}
    assert (first["kind"], first["isNewUser"], second["isNewUser"]) == (f"{KIND}VerifyCustomTokenResponse", True, False)
    assert (claims(second["idToken"])["sub"], claims(second["idToken"])["firebase"]["sign_in_provider"]) == (
        "carol",
        "custom",
    )


async def test_the_claims_of_a_custom_token_are_in_the_id_token_and_the_refreshed_one(dev: Instance) -> None:
    token = _token(dev, {"claims": {"role": "editor"}})
    tokens = (await dev.call("signInWithCustomToken", {"token": token})).json()

    refreshed = (await dev.refresh(tokens["refreshToken"])).json()

    assert claims(tokens["idToken"])["role"] == "editor"
    assert claims(refreshed["id_token"])["role"] == "editor"


@pytest.mark.parametrize("given", [unsigned({"uid": "carol"}), '{"uid": "carol"}'], ids=["unsigned", "bare JSON"])
async def test_a08_serve_refuses_a_custom_token_that_nobody_signed(serve: Instance, given: str) -> None:
    reply = await serve.call("signInWithCustomToken", {"token": given})

    assert reply.json()["error"]["message"].startswith("INVALID_CUSTOM_TOKEN : ")


async def test_the_user_of_a_tenant_is_not_taken_for_one_of_the_projects_own(dev: Instance) -> None:
    assert not_served(await dev.call("signInWithCustomToken", {"token": _token(dev, {"tenant_id": "t"})}))
    assert (await dev.admin("lookup", {"localId": ["carol"]})).json().get("users") is None


async def test_a_disabled_user_does_not_sign_in_by_custom_token(dev: Instance) -> None:
    await dev.admin("", {"localId": "carol", "disabled": True})

    assert answer(await dev.call("signInWithCustomToken", {"token": _token(dev, {})})) == refused("USER_DISABLED")


async def test_a_new_user_signs_in_by_the_link_of_a_mail_and_is_verified(dev: Instance) -> None:
    code = await code_for(dev, "EMAIL_SIGNIN", BOB, continueUrl=HOME)

    reply = (await dev.call("signInWithEmailLink", {"email": BOB, "oobCode": code})).json()
    user = await look_up(dev, reply["idToken"])

    assert set(reply) == {"kind", "email", "localId", "isNewUser", "idToken", "refreshToken", "expiresIn"}
    assert (reply["kind"], reply["isNewUser"]) == (f"{KIND}EmailLinkSigninResponse", True)
    assert (user["emailVerified"], user["emailLinkSignin"]) == (True, True)
    assert claims(reply["idToken"])["firebase"]["sign_in_provider"] == "password"


async def test_a_link_gives_its_address_to_the_user_who_is_signed_in(dev: Instance) -> None:
    guest = (await dev.call("signUp", {})).json()
    code = await code_for(dev, "EMAIL_SIGNIN", BOB, continueUrl=HOME)

    body = {"email": BOB, "oobCode": code, "idToken": guest["idToken"]}
    reply = (await dev.call("signInWithEmailLink", body)).json()

    assert (reply["localId"], reply["isNewUser"]) == (guest["localId"], False)


LINK_REFUSED = [
    ("nothing", {}, "MISSING_EMAIL"),
    ("no address", {"oobCode": "$code"}, "MISSING_EMAIL"),
    ("no code", {"email": BOB}, "MISSING_OOB_CODE"),
    ("another code", {"email": BOB, "oobCode": "junk"}, "INVALID_OOB_CODE"),
    ("a code for something else", {"email": "$email", "oobCode": "$reset"}, "INVALID_OOB_CODE"),
    ("an address of somebody else", {"email": BOB, "oobCode": "$taken", "idToken": "$idToken"}, None),
    ("no address at all", {"email": "bob", "oobCode": "$code"}, "INVALID_EMAIL"),
]


@pytest.mark.parametrize(("case", "body", "code"), LINK_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_link_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str | None) -> None:
    facts = {
        **ann,
        "code": await code_for(desk, "EMAIL_SIGNIN", BOB, continueUrl=HOME),
        "reset": await code_for(desk, "PASSWORD_RESET", ann["email"]),
        "taken": await code_for(desk, "EMAIL_SIGNIN", ann["email"], continueUrl=HOME),
    }
    wanted = code or "INVALID_EMAIL : The email provided does not match the sign-in email address."

    assert answer(await desk.call("signInWithEmailLink", filled(body, facts))) == refused(wanted)


async def test_a_link_opens_once(dev: Instance) -> None:
    body = {"email": BOB, "oobCode": await code_for(dev, "EMAIL_SIGNIN", BOB, continueUrl=HOME)}
    await dev.call("signInWithEmailLink", body)

    assert answer(await dev.call("signInWithEmailLink", body)) == refused("INVALID_OOB_CODE")


async def test_a_link_opens_for_an_hour(dev: Instance) -> None:
    body = {"email": BOB, "oobCode": await code_for(dev, "EMAIL_SIGNIN", BOB, continueUrl=HOME)}
    dev.clock.tick(HOUR)

    assert answer(await dev.call("signInWithEmailLink", body)) == refused("EXPIRED_OOB_CODE")


AUTH_URI_REFUSED = [
    ("nothing", {}, "MISSING_IDENTIFIER"),
    ("no address", {"continueUri": HOME}, "MISSING_IDENTIFIER"),
    ("no way back", {"identifier": "$email"}, "MISSING_CONTINUE_URI"),
    ("no address at all", {"identifier": "ada", "continueUri": HOME}, "INVALID_IDENTIFIER"),
    ("a way back that is none", {"identifier": "$email", "continueUri": "home"}, "INVALID_CONTINUE_URI"),
]


@pytest.mark.parametrize(("case", "body", "code"), AUTH_URI_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_question_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("createAuthUri", filled(body, ann))) == refused(code)


@pytest.mark.parametrize(
    ("email", "known"),
    [
        ("ada@example.org", {"registered": True, "allProviders": ["password"], "signinMethods": ["password"]}),
        (BOB, {"registered": False, "allProviders": [], "signinMethods": []}),
    ],
)
async def test_dev_tells_how_an_address_signs_in(dev: Instance, ada: Facts, email: str, known: dict[str, Any]) -> None:
    reply = (await dev.call("createAuthUri", {"identifier": email, "continueUri": HOME})).json()

    assert len(reply.pop("sessionId")) == 27
    assert reply == {"kind": f"{KIND}CreateAuthUriResponse", **known}


@pytest.mark.parametrize("email", ["ada@example.org", BOB])
async def test_serve_tells_nothing_of_an_address(serve: Instance, email: str) -> None:
    await serve.sign_up("ada@example.org")

    reply = await serve.call("createAuthUri", {"identifier": email, "continueUri": HOME})

    assert set(reply.json()) == {"kind", "sessionId"}


async def test_a_link_user_is_told_to_use_the_link(dev: Instance) -> None:
    code = await code_for(dev, "EMAIL_SIGNIN", BOB, continueUrl=HOME)
    await dev.call("signInWithEmailLink", {"email": BOB, "oobCode": code})

    reply = await dev.call("createAuthUri", {"identifier": BOB, "continueUri": HOME})

    assert reply.json()["signinMethods"] == ["emailLink"]


async def test_a_provider_is_not_served(dev: Instance) -> None:
    assert not_served(await dev.call("createAuthUri", {"providerId": "google.com", "continueUri": HOME}))

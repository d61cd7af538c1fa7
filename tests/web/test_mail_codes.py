"""accounts:sendOobCode and resetPassword (protocol sheet §3); a row per request. The pages are tested beside them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ecrin.base.clock import HOUR
from ecrin.base.secret import Secret
from harness import Instance, Opener
from web.wire import KIND, PASSWORD, Facts, answer, code_for, filled, not_served, refused

BOB = "bob@example.org"
HOME = "http://localhost/home?from=mail"
SENT = {"kind": f"{KIND}GetOobConfirmationCodeResponse"}

REFUSED = [
    ("nothing", {}, "MISSING_REQ_TYPE"),
    ("no kind of mail", {"requestType": "OOB_REQ_TYPE_UNSPECIFIED", "email": "$email"}, "MISSING_REQ_TYPE"),
    ("its index", {"requestType": 0, "email": "$email"}, "MISSING_REQ_TYPE"),
    ("a mail that is not asked for", {"requestType": "RECOVER_EMAIL", "email": "$email"}, "INVALID_REQ_TYPE"),
    ("no address", {"requestType": "PASSWORD_RESET"}, "MISSING_EMAIL"),
    ("an ID token instead", {"requestType": "PASSWORD_RESET", "idToken": "$idToken"}, "MISSING_EMAIL"),
    ("no address at all", {"requestType": "PASSWORD_RESET", "email": "ada"}, "INVALID_EMAIL"),
    ("an unknown address", {"requestType": "PASSWORD_RESET", "email": BOB}, "EMAIL_NOT_FOUND"),
    ("a link for nobody", {"requestType": "EMAIL_SIGNIN"}, "MISSING_EMAIL"),
    ("no ID token", {"requestType": "VERIFY_EMAIL"}, "INVALID_ID_TOKEN"),
    ("an address instead", {"requestType": "VERIFY_EMAIL", "email": "$email"}, "INVALID_ID_TOKEN"),
    ("a bad ID token", {"requestType": "VERIFY_EMAIL", "idToken": "x"}, "INVALID_ID_TOKEN"),
    ("no new address", {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": "$idToken"}, "MISSING_NEW_EMAIL"),
    (
        "a new address that is none",
        {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": "$idToken", "newEmail": "b"},
        "INVALID_NEW_EMAIL",
    ),
    (
        "a new address in use",
        {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": "$idToken", "newEmail": "$email"},
        "EMAIL_EXISTS",
    ),
    (
        "a way back that is none",
        {"requestType": "PASSWORD_RESET", "email": "$email", "continueUrl": "home"},
        "INVALID_CONTINUE_URI",
    ),
    (
        "the link itself",
        {"requestType": "PASSWORD_RESET", "email": "$email", "returnOobLink": True},
        "INSUFFICIENT_PERMISSION",
    ),
]
SENDS = [
    ("a reset", {"requestType": "PASSWORD_RESET", "email": "$email"}, "PASSWORD_RESET"),
    ("a reset, by index", {"requestType": 1, "email": "$email"}, "PASSWORD_RESET"),
    ("a reset, in snake_case", {"request_type": "PASSWORD_RESET", "email": "$email"}, "PASSWORD_RESET"),
    (
        "a link",
        {"requestType": "EMAIL_SIGNIN", "email": BOB, "continueUrl": HOME, "canHandleCodeInApp": True},
        "EMAIL_SIGNIN",
    ),
    ("a link, by index", {"requestType": 6, "email": BOB}, "EMAIL_SIGNIN"),
    ("a verification", {"requestType": "VERIFY_EMAIL", "idToken": "$idToken"}, "VERIFY_EMAIL"),
    (
        "another address",
        {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": "$idToken", "newEmail": BOB},
        "VERIFY_AND_CHANGE_EMAIL",
    ),
]


@pytest.mark.parametrize(("case", "body", "code"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_wish_for_a_mail_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("sendOobCode", filled(body, ann))) == refused(code)


@pytest.mark.parametrize("kind", ["VERIFY_EMAIL", "VERIFY_AND_CHANGE_EMAIL"])
async def test_an_account_without_an_address_has_none_to_verify_or_to_change(desk: Instance, kind: str) -> None:
    nameless = (await desk.call("signUp")).json()
    body = {"requestType": kind, "idToken": nameless["idToken"], "newEmail": BOB}

    assert answer(await desk.call("sendOobCode", body)) == refused("MISSING_EMAIL")


@pytest.mark.parametrize("kind", ["NOPE", 99, "1"])
async def test_a_kind_of_mail_that_there_is_not_is_refused(dev: Instance, ada: Facts, kind: Any) -> None:
    reply = await dev.call("sendOobCode", {"requestType": kind, "email": ada["email"]})

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(("case", "body", "kind"), SENDS, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_code_is_mailed_and_not_shown(desk: Instance, ann: Facts, case: str, body: Any, kind: str) -> None:
    body = filled(body, ann)
    reply = await desk.call("sendOobCode", body)
    codes = (await desk.http.get(f"/emulator/v1/projects/{desk.project.id}/oobCodes")).json()["oobCodes"]

    assert answer(reply) == (200, {**SENT, "email": body.get("email", ann["email"])})
    assert [code["requestType"] for code in codes] == [kind]


async def test_serve_answers_a_reset_alike_for_every_address(open_instance: Opener) -> None:
    async with open_instance(smtp_url=Secret("smtp://127.0.0.1:1"), mail_from="auth@example.org") as serve:
        await serve.sign_up("ada@example.org")

        for email in ("ada@example.org", BOB):
            reply = await serve.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": email})
            assert answer(reply) == (200, {**SENT, "email": email})


async def test_serve_without_a_mail_server_says_that_it_sends_none(serve: Instance) -> None:
    code = "OPERATION_NOT_ALLOWED : This server has no way to send mail."

    assert answer(await serve.call("sendOobCode", {"requestType": "EMAIL_SIGNIN", "email": BOB})) == refused(code)


async def test_serve_wants_the_way_back_to_be_in_a_domain_of_the_project(serve: Instance) -> None:
    body = {"requestType": "EMAIL_SIGNIN", "email": BOB, "continueUrl": "https://evil.example/"}
    code = "UNAUTHORIZED_DOMAIN : The domain evil.example is not authorized."

    assert answer(await serve.call("sendOobCode", body)) == refused(code)


ADMIN_REFUSED = [
    ("no address", {"requestType": "PASSWORD_RESET"}, "MISSING_EMAIL"),
    ("an ID token instead", {"requestType": "VERIFY_EMAIL", "idToken": "$idToken"}, "MISSING_EMAIL"),
    ("a reset for nobody", {"requestType": "PASSWORD_RESET", "email": BOB}, "EMAIL_NOT_FOUND"),
    ("a verification of nobody", {"requestType": "VERIFY_EMAIL", "email": BOB}, "USER_NOT_FOUND"),
    ("no new address", {"requestType": "VERIFY_AND_CHANGE_EMAIL", "email": "$email"}, "MISSING_NEW_EMAIL"),
    (
        "a new address in use",
        {"requestType": "VERIFY_AND_CHANGE_EMAIL", "email": "$email", "newEmail": "$email"},
        "EMAIL_EXISTS",
    ),
]
MODES = [
    ("PASSWORD_RESET", "resetPassword"),
    ("EMAIL_SIGNIN", "signIn"),
    ("VERIFY_EMAIL", "verifyEmail"),
    ("VERIFY_AND_CHANGE_EMAIL", "verifyAndChangeEmail"),
]


@pytest.mark.parametrize(("case", "body", "code"), ADMIN_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_administrator_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.admin("sendOobCode", filled({"returnOobLink": True, **body}, ann))) == refused(code)


@pytest.mark.parametrize(("kind", "mode"), MODES)
async def test_an_administrator_is_shown_the_link_of_the_emulator_in_dev(
    dev: Instance, ada: Facts, kind: str, mode: str
) -> None:
    body = {"requestType": kind, "email": ada["email"], "newEmail": BOB, "continueUrl": HOME, "returnOobLink": True}
    reply = (await dev.admin("sendOobCode", body)).json()
    link = urlsplit(reply["oobLink"])

    assert (reply["kind"], reply["email"]) == (SENT["kind"], ada["email"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == "http://127.0.0.1:9099/emulator/action"
    assert parse_qs(link.query) == {
        "mode": [mode],
        "lang": ["en"],
        "oobCode": [reply["oobCode"]],
        "apiKey": [dev.project.api_keys[0]],
        "continueUrl": [HOME],
    }


async def test_an_administrator_of_serve_is_shown_the_link_of_the_page(serve: Instance) -> None:
    await serve.sign_up("ada@example.org")
    body = {"requestType": "PASSWORD_RESET", "email": "ada@example.org", "returnOobLink": True}

    reply = (await serve.admin("sendOobCode", body)).json()

    assert reply["oobLink"].startswith("http://127.0.0.1:9099/auth/action?mode=resetPassword&")


@pytest.mark.parametrize(
    ("headers", "lang"),
    [
        ({"x-firebase-locale": "fr"}, "fr"),
        ({"x-firebase-locale": "fr-CA"}, "fr"),
        ({"accept-language": "fr;q=0.9, en;q=0.1"}, "fr"),
        ({"x-firebase-locale": "en", "accept-language": "fr"}, "en"),
        ({"x-firebase-locale": "tlh"}, "en"),
        ({"x-firebase-locale": "x" * 9000}, "en"),
        ({}, "en"),
    ],
)
async def test_a_mail_speaks_the_language_that_the_client_names(
    dev: Instance, ada: Facts, headers: dict[str, str], lang: str
) -> None:
    await dev.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ada["email"]}, **headers)

    letters = (await dev.http.get("/dev/mail.json")).json()["letters"]
    links = [letter["link"] for letter in letters if letter["project_id"] == dev.project.id]

    assert [parse_qs(urlsplit(link).query)["lang"] for link in links] == [[lang]]


RESET_REFUSED = [
    ("nothing", {}, "MISSING_OOB_CODE"),
    ("an empty code", {"oobCode": ""}, "MISSING_OOB_CODE"),
    ("another code", {"oobCode": "junk"}, "INVALID_OOB_CODE"),
    ("another code and a password", {"oobCode": "junk", "newPassword": PASSWORD}, "INVALID_OOB_CODE"),
    ("a code for something else", {"oobCode": "$verify", "newPassword": PASSWORD}, "INVALID_OOB_CODE"),
    ("an empty password", {"oobCode": "$reset", "newPassword": ""}, "MISSING_PASSWORD"),
    (
        "a weak password",
        {"oobCode": "$reset", "newPassword": "abc"},
        "WEAK_PASSWORD : Password should be at least 6 characters",
    ),
]


@pytest.mark.parametrize(("case", "body", "code"), RESET_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_reset_is_refused_and_leaves_the_code(
    desk: Instance, ann: Facts, case: str, body: Any, code: str
) -> None:
    codes = {
        "reset": await code_for(desk, "PASSWORD_RESET", ann["email"]),
        "verify": await code_for(desk, "VERIFY_EMAIL", ann["email"]),
    }

    assert answer(await desk.call("resetPassword", filled(body, codes))) == refused(code)
    assert (await desk.call("resetPassword", {"oobCode": codes["reset"]})).status_code == 200


INSPECTED = [
    ("PASSWORD_RESET", {"email": "ada@example.org"}),
    ("VERIFY_EMAIL", {"email": "ada@example.org"}),
    ("VERIFY_AND_CHANGE_EMAIL", {"email": "ada@example.org", "newEmail": BOB}),
    ("EMAIL_SIGNIN", {}),
]


@pytest.mark.parametrize(("kind", "told"), INSPECTED)
async def test_a_code_tells_what_it_is_for_as_often_as_it_is_asked(
    dev: Instance, ada: Facts, kind: str, told: dict[str, str]
) -> None:
    code = await code_for(dev, kind, ada["email"], newEmail=BOB)

    for _ in range(2):
        reply = await dev.call("resetPassword", {"oobCode": code})
        assert answer(reply) == (200, {"kind": f"{KIND}ResetPasswordResponse", "requestType": kind, **told})


async def test_a_reset_sets_the_password_once_and_proves_the_address(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "PASSWORD_RESET", ada["email"])
    body = {"oobCode": code, "newPassword": "battery staple"}

    first, second = await dev.call("resetPassword", body), await dev.call("resetPassword", body)
    signed_in = await dev.call("signInWithPassword", {"email": ada["email"], "password": "battery staple"})
    users = (await dev.admin("lookup", {"email": [ada["email"]]})).json()["users"]

    assert first.status_code == signed_in.status_code == 200
    assert answer(second) == refused("INVALID_OOB_CODE")
    assert users[0]["emailVerified"] is True


async def test_a_reset_is_open_for_an_hour(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "PASSWORD_RESET", ada["email"])
    dev.clock.tick(HOUR)

    assert answer(await dev.call("resetPassword", {"oobCode": code})) == refused("EXPIRED_OOB_CODE")


async def test_a_reset_by_the_old_password_is_not_served(dev: Instance, ada: Facts) -> None:
    body = {"email": ada["email"], "oldPassword": PASSWORD, "newPassword": "battery staple"}

    assert not_served(await dev.call("resetPassword", body))

"""The emulator's own routes (protocol sheet §5.5), which `ecrin dev` alone has."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness import Instance
from web.wire import PASSWORD, Facts, another, answer, code_for, found, refused


def _at(dev: Instance, name: str) -> str:
    return f"/emulator/v1/projects/{dev.project.id}/{name}"


async def _act(dev: Instance, **query: str) -> Any:
    return await dev.http.get("/emulator/action", params=query)


async def test_the_root_says_that_it_is_ready_as_the_emulators_pollers_expect(dev: Instance) -> None:
    reply = await dev.http.get("/")

    assert reply.json()["authEmulator"]["ready"] is True


async def test_a_reset_deletes_the_accounts_of_its_project_alone(dev: Instance, ada: Facts) -> None:
    other = await another(dev)
    bob = await other.sign_up("bob@example.org")

    reply = await dev.http.delete(_at(dev, "accounts"))

    assert answer(reply) == (200, {})
    assert answer(await dev.call("lookup", {"idToken": ada["idToken"]})) == refused("USER_NOT_FOUND")
    assert (await other.call("lookup", {"idToken": bob["idToken"]})).status_code == 200


async def test_the_configuration_is_read_and_changed_in_part(dev: Instance) -> None:
    before = (await dev.http.get(_at(dev, "config"))).json()
    changed = await dev.http.patch(
        _at(dev, "config"), json={"emailPrivacyConfig": {"enableImprovedEmailPrivacy": True}}
    )
    nothing = await dev.http.patch(_at(dev, "config"), json={})

    assert before == {
        "signIn": {"allowDuplicateEmails": False},
        "emailPrivacyConfig": {"enableImprovedEmailPrivacy": False},
    }
    assert changed.json() == {**before, "emailPrivacyConfig": {"enableImprovedEmailPrivacy": True}} == nothing.json()


async def test_protection_switched_on_holds_at_once(dev: Instance) -> None:
    await dev.http.patch(_at(dev, "config"), json={"email_privacy_config": {"enable_improved_email_privacy": True}})

    body = {"email": "bob@example.org", "password": PASSWORD}

    assert answer(await dev.call("signInWithPassword", body)) == refused("INVALID_LOGIN_CREDENTIALS")


async def test_duplicate_addresses_are_allowed_where_it_is_switched_on(dev: Instance, ada: Facts) -> None:
    await dev.http.patch(_at(dev, "config"), json={"signIn": {"allowDuplicateEmails": True}})

    config = (await dev.http.get(_at(dev, "config"))).json()

    assert config["signIn"] == {"allowDuplicateEmails": True}


async def test_codes_are_readable_until_they_are_used(dev: Instance, ada: Facts) -> None:
    body = {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": ada["idToken"], "newEmail": "bob@example.org"}
    await dev.call("sendOobCode", body)
    codes = (await dev.http.get(_at(dev, "oobCodes"))).json()["oobCodes"]

    link = urlsplit(codes[0].pop("oobLink"))
    code = codes[0].pop("oobCode")
    await dev.call("update", {"oobCode": code})
    left = (await dev.http.get(_at(dev, "oobCodes"))).json()["oobCodes"]

    assert codes == [{"email": ada["email"], "newEmail": "bob@example.org", "requestType": "VERIFY_AND_CHANGE_EMAIL"}]
    assert (link.path, parse_qs(link.query)["oobCode"]) == ("/emulator/action", [code])
    assert code not in {entry["oobCode"] for entry in left}


async def test_there_are_no_sms_codes_yet(dev: Instance) -> None:
    assert answer(await dev.http.get(_at(dev, "verificationCodes"))) == (200, {"verificationCodes": []})


async def test_a_link_that_is_opened_verifies_the_address_and_leads_back(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "VERIFY_EMAIL", ada["email"], continueUrl="http://localhost/back")

    reply = await _act(dev, mode="verifyEmail", oobCode=code, apiKey="any")

    assert (reply.status_code, reply.headers["location"]) == (303, "http://localhost/back")
    assert (await found(dev, ada["localId"]))["emailVerified"] is True


async def test_a_link_that_leads_nowhere_says_what_was_done(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "VERIFY_EMAIL", ada["email"])

    reply = await _act(dev, mode="verifyEmail", oobCode=code, apiKey="any")

    assert (reply.status_code, reply.json()["authEmulator"]["email"]) == (200, ada["email"])


async def test_a_reset_link_takes_the_new_password(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "PASSWORD_RESET", ada["email"])

    refusal = await _act(dev, mode="resetPassword", oobCode=code, apiKey="any")
    done = await _act(dev, mode="resetPassword", oobCode=code, apiKey="any", newPassword="battery staple")
    signed_in = await dev.call("signInWithPassword", {"email": ada["email"], "password": "battery staple"})

    assert (refusal.status_code, done.status_code, signed_in.status_code) == (400, 200, 200)
    assert refusal.json()["authEmulator"]["error"].startswith("MISSING_PASSWORD")


@pytest.mark.parametrize(
    ("continue_url", "wanted"),
    [
        ("http://localhost/app", "http://localhost/app?mode=signIn&lang=en&oobCode={code}&apiKey=any"),
        ("http://localhost/?a=b", "http://localhost/?a=b&mode=signIn&lang=en&oobCode={code}&apiKey=any"),
        ("http://localhost/#/in", "http://localhost/?mode=signIn&lang=en&oobCode={code}&apiKey=any#/in"),
    ],
)
async def test_a_sign_in_link_leads_to_the_app_with_the_code_unused(
    dev: Instance, continue_url: str, wanted: str
) -> None:
    code = await code_for(dev, "EMAIL_SIGNIN", "bob@example.org", continueUrl=continue_url)

    for _ in range(2):
        reply = await _act(dev, mode="signIn", lang="en", oobCode=code, apiKey="any")
        assert (reply.status_code, reply.headers["location"]) == (303, wanted.format(code=code))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "INVALID_OOB_CODE"),
        ({"mode": "verifyEmail", "oobCode": "junk"}, "INVALID_OOB_CODE"),
        ({"mode": "resetPassword", "oobCode": "$code"}, "INVALID_OOB_CODE"),
        ({"mode": "nope", "oobCode": "$code"}, "INVALID_OOB_CODE"),
    ],
)
async def test_a_wrong_link_says_why(dev: Instance, ada: Facts, query: dict[str, str], code: str) -> None:
    facts = {"$code": await code_for(dev, "VERIFY_EMAIL", ada["email"])}

    reply = await _act(dev, **{name: facts.get(value, value) for name, value in query.items()})

    assert reply.status_code == 400
    assert reply.json()["authEmulator"]["error"].startswith(code)


async def test_a_sign_in_link_without_an_app_to_go_to_says_so(dev: Instance) -> None:
    code = await code_for(dev, "EMAIL_SIGNIN", "bob@example.org")

    reply = await _act(dev, mode="signIn", oobCode=code)

    assert reply.json()["authEmulator"]["error"].startswith("MISSING_CONTINUE_URI")


async def test_a_link_follows_what_was_stored_and_not_its_own_address(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "VERIFY_EMAIL", ada["email"], continueUrl="http://localhost/back")

    reply = await _act(dev, mode="verifyEmail", oobCode=code, continueUrl="https://evil.example/")

    assert reply.headers["location"] == "http://localhost/back"


async def test_any_api_key_means_the_open_project(dev: Instance) -> None:
    path = "/identitytoolkit.googleapis.com/v1/accounts:signUp"

    reply = await dev.http.post(path, params={"key": "anything"}, json={})

    assert reply.json()["error"]["message"].startswith("PROJECT_NOT_FOUND")  # this instance has no `demo-ecrin`

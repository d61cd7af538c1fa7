"""Who has an account is not told (A24), and nobody's address can be taken out of circulation (A25)."""

from collections import Counter
from typing import Any

import httpx
import pytest

from auth.sharing import count, own_project, rows
from ecrin.auth.limits.rules import PASSWORD_FAILURES
from ecrin.base.origin import SYSTEM
from harness import Instance, message

# Of one length, as a reply may repeat them; the third goes first, so that the count of the source is there already.
KNOWN, UNKNOWN, FIRST = "known@example.org", "other@example.org", "first@example.org"
TABLES = "accounts identities sessions oob_codes attempts audit mail".split()

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "wrong password": ("signInWithPassword", {"password": "not the one"}),
    "no password": ("signInWithPassword", {}),
    "empty password": ("signInWithPassword", {"password": ""}),
    "very long password": ("signInWithPassword", {"password": "x" * 5000}),
    "reset": ("sendOobCode", {"requestType": "PASSWORD_RESET"}),
    "reset with a place to go": ("sendOobCode", {"requestType": "PASSWORD_RESET", "continueUrl": "http://localhost/"}),
    "reset with a bad place": ("sendOobCode", {"requestType": "PASSWORD_RESET", "continueUrl": "https://evil.org/"}),
    "link": ("sendOobCode", {"requestType": "EMAIL_SIGNIN"}),
    "verification": ("sendOobCode", {"requestType": "VERIFY_EMAIL"}),
    "link with a bad code": ("signInWithEmailLink", {"oobCode": "A" * 43}),
}


async def sizes(instance: Instance) -> Counter[str]:
    return Counter({table: len(await rows(instance, table)) for table in TABLES})


async def observe(instance: Instance, call: str, body: dict[str, Any], email: str) -> dict[str, Any]:
    """Everything about a call that its sender, or its cost, could tell."""
    before, verified = await sizes(instance), instance.app.auth.hasher.verifications
    reply = await instance.call(call, {"email": email} | body)
    return {
        "status": reply.status_code,
        "headers": sorted((k, v) for k, v in reply.headers.items() if k != "x-request-id"),
        "body": reply.text.replace(email, "EMAIL"),
        "rows": dict(await sizes(instance) - before),
        "verifications": instance.app.auth.hasher.verifications - verified,
    }


async def test_a24_known_and_unknown_addresses_look_and_cost_alike(posting: Instance) -> None:
    await posting.sign_up(KNOWN)

    for name, (call, body) in CALLS.items():
        seen = [await observe(posting, call, body, email) for email in (FIRST, KNOWN, UNKNOWN)]
        assert seen[1] == seen[2], name


@pytest.mark.parametrize("state", ["disabled", "without a password", "suspended"])
async def test_a24_an_account_in_another_state_answers_as_an_unknown_address(serve: Instance, state: str) -> None:
    user = await serve.sign_up(KNOWN)
    if state == "disabled":
        await serve.admin("update", {"localId": user["localId"], "disableUser": True})
    elif state == "without a password":
        await serve.admin("update", {"localId": user["localId"], "deleteAttribute": ["PASSWORD"]})
    else:
        await count(serve, PASSWORD_FAILURES, KNOWN, 100)
        await count(serve, PASSWORD_FAILURES, UNKNOWN, 100)
    emails = (FIRST, KNOWN, UNKNOWN)

    seen = [await observe(serve, "signInWithPassword", {"password": "wrong"}, email) for email in emails]

    assert seen[1] == seen[2]


async def test_a24_a_wrong_password_is_refused_with_a_code_that_names_neither(serve: Instance) -> None:
    reply = await serve.call("signInWithPassword", {"email": UNKNOWN, "password": "wrong"})
    assert message(reply) == "INVALID_LOGIN_CREDENTIALS"


async def test_a24_a_letter_to_an_unknown_address_is_stored_and_never_sent(posting: Instance) -> None:
    await posting.sign_up(KNOWN)
    for email in (KNOWN, UNKNOWN):
        await posting.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": email})

    letters = await rows(posting, "mail", "project_id = :p", p=posting.project.id)
    assert sorted(letter["state"] for letter in letters) == ["pending", "skipped"]
    assert len({len(letter["payload"]) for letter in letters}) == 1


async def test_a24_the_code_of_an_unknown_address_opens_nothing(dev: Instance) -> None:
    await dev.app.governance.projects.update(dev.project.id, {"email_enumeration_protection": True}, SYSTEM)
    await dev.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": UNKNOWN})

    assert await dev.app.auth.codes.readable(dev.project) == []
    (row,) = await rows(dev, "oob_codes", "project_id = :p", p=dev.project.id)
    assert row["expires_at"] <= dev.clock.now()


async def test_a24_how_an_address_signs_in_is_not_told(serve: Instance) -> None:
    await serve.sign_up(KNOWN)
    replies = [
        (await serve.call("createAuthUri", {"identifier": e, "continueUri": "http://localhost"})).json()
        for e in (KNOWN, UNKNOWN)
    ]

    assert [set(r) for r in replies] == [{"kind", "sessionId"}] * 2
    assert len({len(r["sessionId"]) for r in replies}) == 1


async def test_a24_a_change_to_a_taken_address_looks_as_one_to_a_free_one(posting: Instance) -> None:
    await posting.sign_up(KNOWN)
    user = await posting.sign_up()
    seen = []
    for email in (FIRST, KNOWN, UNKNOWN):
        before = await sizes(posting)
        body = {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": user["idToken"], "newEmail": email}
        reply = await posting.call("sendOobCode", body)
        seen.append((reply.status_code, reply.text, dict(await sizes(posting) - before)))

    assert seen[1] == seen[2]
    letters = await rows(posting, "mail", "project_id = :p", p=posting.project.id)
    assert Counter(letter["state"] for letter in letters) == {"pending": 2, "skipped": 1}


async def test_a24_an_address_cannot_be_changed_to_find_out_whether_it_is_taken(serve: Instance) -> None:
    await serve.sign_up(KNOWN)
    user = await serve.sign_up()

    replies = [await serve.call("update", {"idToken": user["idToken"], "email": e}) for e in (KNOWN, UNKNOWN)]

    assert len({(r.status_code, message(r)) for r in replies}) == 1


async def test_a24_without_the_protection_the_answers_are_those_of_the_emulator(
    serve: Instance, shared_serve: Instance
) -> None:
    plain = await own_project(shared_serve, email_enumeration_protection=False)
    await plain.sign_up(KNOWN)
    wrong = [await plain.call("signInWithPassword", {"email": e, "password": "wrong"}) for e in (KNOWN, UNKNOWN)]
    asked = await plain.call("createAuthUri", {"identifier": KNOWN, "continueUri": "http://localhost"})

    assert [message(r) for r in wrong] == ["INVALID_PASSWORD", "EMAIL_NOT_FOUND"]
    assert (asked.json()["registered"], asked.json()["signinMethods"]) == (True, ["password"])


# ---- A25


async def test_a25_an_address_that_somebody_signed_up_and_deleted_is_free_at_once(serve: Instance) -> None:
    """CVE-2026-53868: it was locked for 30 days."""
    squatter = await serve.sign_up(KNOWN, "eves horse")
    await serve.call("delete", {"idToken": squatter["idToken"]})

    owner = await serve.sign_up(KNOWN)

    assert owner["localId"] != squatter["localId"]
    tokens: list[httpx.Response] = [
        await serve.refresh(squatter["refreshToken"]),
        await serve.call("lookup", {"idToken": squatter["idToken"]}),
        await serve.call("signInWithPassword", {"email": KNOWN, "password": "eves horse"}),
    ]
    assert [r.status_code for r in tokens] == [400] * 3


async def test_a25_an_address_that_somebody_left_behind_is_free_at_once(serve: Instance) -> None:
    squatter = await serve.sign_up(KNOWN)
    await serve.admin("update", {"localId": squatter["localId"], "email": "eve@example.org"})

    assert (await serve.sign_up(KNOWN))["localId"] != squatter["localId"]


async def test_a25_the_owner_of_a_squatted_address_takes_the_account_over_by_mail(serve: Instance) -> None:
    squatter = await serve.sign_up(KNOWN, "eves horse")
    wanted = {"requestType": "EMAIL_SIGNIN", "email": KNOWN, "returnOobLink": True}
    code = (await serve.admin("sendOobCode", wanted)).json()["oobCode"]

    owner = await serve.call("signInWithEmailLink", {"email": KNOWN, "oobCode": code})

    assert owner.status_code == 200
    assert (await serve.refresh(squatter["refreshToken"])).status_code == 400
    again = await serve.call("signInWithPassword", {"email": KNOWN, "password": "eves horse"})
    assert message(again) == "INVALID_LOGIN_CREDENTIALS"

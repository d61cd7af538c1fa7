"""Codes from mails: once, in time, for their purpose, their project and their user (A23)."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from auth.sharing import audited, own_project, rows
from ecrin.auth.outofband.model import Purpose
from ecrin.auth.outofband.rules import LIFETIMES
from harness import Instance, message

ANN = "ann@example.org"
NEW = "new@example.org"
SENT = ["PASSWORD_RESET", "EMAIL_SIGNIN", "VERIFY_EMAIL", "VERIFY_AND_CHANGE_EMAIL"]
kinds = pytest.mark.parametrize("kind", SENT)


async def code_of(instance: Instance, kind: str, email: str = ANN) -> str:
    """The code of a mail, shown to an administrator instead of being mailed."""
    wanted = {"requestType": kind, "email": email, "returnOobLink": True}
    reply = await instance.admin("sendOobCode", wanted | ({"newEmail": NEW} if "CHANGE" in kind else {}))
    assert reply.status_code == 200, reply.text
    return str(reply.json()["oobCode"])


async def use(instance: Instance, kind: str, code: str, email: str = ANN) -> httpx.Response:
    """Use a code as the SDKs use one of a kind."""
    if kind == "PASSWORD_RESET":
        return await instance.call("resetPassword", {"oobCode": code, "newPassword": "another horse"})
    if kind == "EMAIL_SIGNIN":
        return await instance.call("signInWithEmailLink", {"oobCode": code, "email": email})
    return await instance.call("update", {"oobCode": code})


def told(reply: httpx.Response) -> str:
    return "OK" if reply.status_code == 200 else message(reply).partition(" : ")[0]


async def account(instance: Instance) -> dict[str, Any]:
    (row,) = await rows(instance, "accounts", "project_id = :p", p=instance.project.id)
    return row


@kinds
async def test_a_code_does_what_it_is_for(serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    reply = await use(serve, kind, await code_of(serve, kind))

    assert told(reply) == "OK"
    after = await account(serve)
    assert (after["email"], after["email_verified"]) == (NEW if "CHANGE" in kind else ANN, 1)


@kinds
async def test_a23_a_code_is_good_once(serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, kind)

    assert [told(await use(serve, kind, code)) for _ in range(3)] == ["OK", "INVALID_OOB_CODE", "INVALID_OOB_CODE"]


@kinds
async def test_a23_of_30_that_use_a_code_at_once_one_does(serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, kind)

    answers = [told(r) for r in await asyncio.gather(*(use(serve, kind, code) for _ in range(30)))]

    assert answers.count("OK") == 1
    assert set(answers) == {"OK", "INVALID_OOB_CODE"}
    assert len(await audited(serve, "code.used")) == 1


@pytest.mark.parametrize("used_as", SENT)
@kinds
async def test_a23_a_code_of_one_purpose_is_good_for_no_other(serve: Instance, kind: str, used_as: str) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, kind)
    alike = "update" if used_as.startswith("VERIFY") and kind.startswith("VERIFY") else used_as

    answer = told(await use(serve, used_as, code))

    assert answer == ("OK" if alike in {"update", kind} else "INVALID_OOB_CODE")


@kinds
async def test_a23_a_code_that_was_refused_for_its_purpose_is_still_good_for_its_own(
    serve: Instance, kind: str
) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, kind)
    for other in SENT:
        if not (other == kind or (other.startswith("VERIFY") and kind.startswith("VERIFY"))):
            await use(serve, other, code)

    assert told(await use(serve, kind, code)) == "OK"


@kinds
async def test_a23_a_code_is_bound_to_its_project(serve: Instance, shared_serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    other = await own_project(shared_serve)
    await other.sign_up(ANN)
    code = await code_of(serve, kind)

    assert told(await use(other, kind, code)) != "OK"
    assert told(await other.call("resetPassword", {"oobCode": code})) == "INVALID_OOB_CODE"
    assert (await account(other))["email_verified"] == 0


@kinds
async def test_a23_a_code_has_its_time(serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    early, late = await code_of(serve, kind), await code_of(serve, kind)
    serve.clock.tick(LIFETIMES[Purpose(kind)] - 1)
    first = told(await use(serve, kind, early))
    serve.clock.tick(1)

    assert first == "OK"
    assert told(await use(serve, kind, late)) in {"EXPIRED_OOB_CODE", "INVALID_OOB_CODE"}


@kinds
async def test_a23_a_code_that_ran_out_says_so(serve: Instance, kind: str) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, kind)
    serve.clock.tick(LIFETIMES[Purpose(kind)])

    assert told(await use(serve, kind, code)) == "EXPIRED_OOB_CODE"
    assert told(await serve.call("resetPassword", {"oobCode": code})) == "EXPIRED_OOB_CODE"


async def test_a23_a_link_signs_in_only_the_address_it_was_mailed_to(serve: Instance) -> None:
    await serve.sign_up("eve@example.org")
    code = await code_of(serve, "EMAIL_SIGNIN", "eve@example.org")

    answers = [told(await use(serve, "EMAIL_SIGNIN", code, email)) for email in (ANN, "EVE@example.org")]

    assert answers == ["INVALID_EMAIL", "OK"]


async def test_a23_a_code_resets_only_the_password_of_its_account(serve: Instance) -> None:
    for email in (ANN, "eve@example.org"):
        await serve.sign_up(email)
    await use(serve, "PASSWORD_RESET", await code_of(serve, "PASSWORD_RESET", "eve@example.org"))

    answers = [
        told(await serve.call("signInWithPassword", {"email": e, "password": "another horse"}))
        for e in (ANN, "eve@example.org")
    ]
    assert answers == ["INVALID_LOGIN_CREDENTIALS", "OK"]


async def test_a23_a_reset_voids_the_other_reset_codes_of_the_account_alone(serve: Instance) -> None:
    for email in (ANN, "bob@example.org"):
        await serve.sign_up(email)
    first, second = await code_of(serve, "PASSWORD_RESET"), await code_of(serve, "PASSWORD_RESET")
    bobs = await code_of(serve, "PASSWORD_RESET", "bob@example.org")

    answers = [told(await use(serve, "PASSWORD_RESET", code)) for code in (second, first, bobs)]

    assert answers == ["OK", "INVALID_OOB_CODE", "OK"]


@pytest.mark.parametrize("kind", ["PASSWORD_RESET", "VERIFY_EMAIL", "VERIFY_AND_CHANGE_EMAIL"])
async def test_a23_a_code_dies_with_the_address_and_with_the_account(serve: Instance, kind: str) -> None:
    users = [await serve.sign_up(email) for email in (ANN, "bob@example.org")]
    moved, gone = await code_of(serve, kind), await code_of(serve, kind, "bob@example.org")
    await serve.admin("update", {"localId": users[0]["localId"], "email": "else@example.org"})
    await serve.admin("delete", {"localId": users[1]["localId"]})

    assert [told(await use(serve, kind, code)) for code in (moved, gone)] == ["INVALID_OOB_CODE"] * 2


@kinds
async def test_a23_a_code_opens_no_disabled_account(serve: Instance, kind: str) -> None:
    user = await serve.sign_up(ANN)
    code = await code_of(serve, kind)
    await serve.admin("update", {"localId": user["localId"], "disableUser": True})

    assert told(await use(serve, kind, code)) == "USER_DISABLED"


async def test_a23_a_password_that_is_refused_leaves_the_code_as_it_is(serve: Instance) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, "PASSWORD_RESET")
    weak = await serve.call("resetPassword", {"oobCode": code, "newPassword": "short"})

    assert told(weak) == "WEAK_PASSWORD"
    assert told(await use(serve, "PASSWORD_RESET", code)) == "OK"


async def test_a23_to_look_at_a_code_does_not_use_it(serve: Instance) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, "PASSWORD_RESET")
    looks = [(await serve.call("resetPassword", {"oobCode": code})).json() for _ in range(3)]

    assert {(look["requestType"], look["email"]) for look in looks} == {("PASSWORD_RESET", ANN)}
    assert told(await use(serve, "PASSWORD_RESET", code)) == "OK"


async def test_a23_a_sign_in_code_does_not_tell_its_address(serve: Instance) -> None:
    code = await code_of(serve, "EMAIL_SIGNIN")
    assert "email" not in (await serve.call("resetPassword", {"oobCode": code})).json()


async def test_a9_a_code_has_one_spelling(serve: Instance) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, "PASSWORD_RESET")
    others = [code[:-1], code + "A", code + "=", f" {code}", code.swapcase(), code + "\n", code[1:], "A" * len(code)]

    answers = {told(await use(serve, "PASSWORD_RESET", other)) for other in others}

    assert answers == {"INVALID_OOB_CODE"}
    assert told(await use(serve, "PASSWORD_RESET", code)) == "OK"


async def test_a_code_is_kept_as_a_hash_in_serve(serve: Instance) -> None:
    await serve.sign_up(ANN)
    code = await code_of(serve, "PASSWORD_RESET")

    (row,) = await rows(serve, "oob_codes", "project_id = :p", p=serve.project.id)
    assert row["sealed"] is None
    assert code not in json.dumps(row, default=repr)


async def test_the_address_of_an_account_that_changed_can_be_recovered_by_its_old_owner(dev: Instance) -> None:
    user = await dev.sign_up(ANN)
    await use(dev, "VERIFY_EMAIL", await code_of(dev, "VERIFY_EMAIL"))
    await dev.call("update", {"idToken": user["idToken"], "email": "eve@example.org"})
    codes = await dev.app.auth.codes.readable(dev.project)
    (recovery,) = (c.readable.reveal() for c, _ in codes if c.purpose == "RECOVER_EMAIL" and c.readable)

    assert told(await dev.call("update", {"oobCode": recovery})) == "OK"
    assert ((await account(dev))["email"], (await account(dev))["email_verified"]) == (ANN, 1)

"""What ends sessions ends them at once, and no clock brings them back (A10, A11)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from auth.forging import claims_of
from auth.sharing import ADDRESS, audited, count, rows
from ecrin.auth.limits.rules import ADDRESS_FAILURES, PASSWORD_FAILURES
from ecrin.base.clock import DAY, HOUR, MINUTE, SECOND
from harness import V1, Instance, message

PASSWORD = "correct horse"
YEARS = 3652 * DAY

User = dict[str, Any]
Action = Callable[[Instance, User], Awaitable[httpx.Response]]


def told(reply: httpx.Response) -> str:
    return "OK" if reply.status_code == 200 else message(reply).partition(" : ")[0]


async def by_the_user(instance: Instance, user: User) -> httpx.Response:
    return await instance.call("update", {"idToken": user["idToken"], "password": "another horse"})


async def password_by_an_administrator(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("update", {"localId": user["localId"], "password": "another horse"})


async def address_by_an_administrator(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("update", {"localId": user["localId"], "email": "else@example.org"})


async def reset_by_mail(instance: Instance, user: User) -> httpx.Response:
    wanted = {"requestType": "PASSWORD_RESET", "email": user["email"], "returnOobLink": True}
    code = (await instance.admin("sendOobCode", wanted)).json()["oobCode"]
    return await instance.call("resetPassword", {"oobCode": code, "newPassword": "another horse"})


async def first_proof_by_link(instance: Instance, user: User) -> httpx.Response:
    """The owner of the address comes, whose account somebody else may have made (A17)."""
    wanted = {"requestType": "EMAIL_SIGNIN", "email": user["email"], "returnOobLink": True}
    code = (await instance.admin("sendOobCode", wanted)).json()["oobCode"]
    return await instance.call("signInWithEmailLink", {"oobCode": code, "email": user["email"]})


async def revoke(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("update", {"localId": user["localId"], "validSince": instance.clock.now() // 1000})


async def delete_oneself(instance: Instance, user: User) -> httpx.Response:
    return await instance.call("delete", {"idToken": user["idToken"]})


async def delete(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("delete", {"localId": user["localId"]})


async def delete_many(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("batchDelete", {"localIds": [user["localId"]], "force": True})


async def disable(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("update", {"localId": user["localId"], "disableUser": True})


async def overwrite(instance: Instance, user: User) -> httpx.Response:
    return await instance.admin("batchCreate", {"users": [{"localId": user["localId"]}], "allowOverwrite": True})


ENDING = {
    by_the_user: "TOKEN_EXPIRED",
    password_by_an_administrator: "TOKEN_EXPIRED",
    address_by_an_administrator: "TOKEN_EXPIRED",
    reset_by_mail: "TOKEN_EXPIRED",
    first_proof_by_link: "TOKEN_EXPIRED",
    revoke: "TOKEN_EXPIRED",
    overwrite: "TOKEN_EXPIRED",
    delete_oneself: "USER_NOT_FOUND",
    delete: "USER_NOT_FOUND",
    delete_many: "USER_NOT_FOUND",
    disable: "USER_DISABLED",
}
every_ending = pytest.mark.parametrize("end", ENDING, ids=lambda action: action.__name__)
sessions_end = pytest.mark.parametrize(
    "end", [e for e in ENDING if e is not disable], ids=lambda action: action.__name__
)


async def ended(instance: Instance, end: Action, user: User) -> None:
    reply = await end(instance, user)
    assert reply.status_code == 200, reply.text


# ---- A10


@every_ending
async def test_a10_the_next_refresh_is_refused(serve: Instance, end: Action) -> None:
    user = await serve.sign_up()
    await ended(serve, end, user)

    assert told(await serve.refresh(user["refreshToken"])) == ENDING[end]


@every_ending
async def test_a10_an_id_token_fails_where_revocation_is_checked(serve: Instance, end: Action) -> None:
    user = await serve.sign_up()
    serve.clock.tick(2 * SECOND)
    await ended(serve, end, user)

    assert told(await serve.call("lookup", {"idToken": user["idToken"]})) == ENDING[end]
    assert told(await serve.call("update", {"idToken": user["idToken"], "displayName": "x"})) == ENDING[end]


@sessions_end
async def test_a10_the_end_is_in_the_audit_trail_and_in_the_rows(serve: Instance, end: Action) -> None:
    user = await serve.sign_up()
    await ended(serve, end, user)

    (event,) = await audited(serve, "session.ended")
    assert event["subject"] == user["localId"]
    over = await rows(serve, "sessions", "account_id = :a AND ended_at IS NOT NULL", a=user["localId"])
    assert [row["end_reason"] for row in over] == ["deleted" if "delete" in end.__name__ else "revoked"]


async def test_a10_a_disabled_account_is_in_the_audit_trail(serve: Instance) -> None:
    user = await serve.sign_up()
    await ended(serve, disable, user)

    (event,) = await audited(serve, "account.updated")
    assert (event["subject"], '"disabled"' in event["detail"]) == (user["localId"], True)


@sessions_end
async def test_a10_every_session_of_the_user_ends(serve: Instance, end: Action) -> None:
    user = await serve.sign_up("ann@example.org")
    others = [
        await serve.call("signInWithPassword", {"email": "ann@example.org", "password": PASSWORD}) for _ in range(3)
    ]
    await ended(serve, end, user)

    assert {told(await serve.refresh(o.json()["refreshToken"])) for o in others} == {ENDING[end]}


@every_ending
async def test_a10_the_sessions_of_other_users_go_on(serve: Instance, end: Action) -> None:
    user, other = await serve.sign_up(), await serve.sign_up()
    await ended(serve, end, user)

    assert told(await serve.refresh(other["refreshToken"])) == "OK"


@pytest.mark.parametrize("end", [by_the_user, reset_by_mail, revoke, overwrite], ids=lambda action: action.__name__)
async def test_a10_a_change_of_address_that_was_asked_for_before_is_void(serve: Instance, end: Action) -> None:
    """Whoever held the session could ask for it; the letter is in their own mailbox."""
    user = await serve.sign_up("ann@example.org")
    wanted = {"requestType": "VERIFY_AND_CHANGE_EMAIL", "email": user["email"], "newEmail": "eve@example.org"}
    code = (await serve.admin("sendOobCode", {**wanted, "returnOobLink": True})).json()["oobCode"]
    await ended(serve, end, user)

    assert told(await serve.call("update", {"oobCode": code})) == "INVALID_OOB_CODE"


async def test_a10_a_change_of_address_that_is_asked_for_after_a_new_password_is_good(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    await ended(serve, by_the_user, user)
    wanted = {"requestType": "VERIFY_AND_CHANGE_EMAIL", "email": user["email"], "newEmail": "new@example.org"}
    code = (await serve.admin("sendOobCode", {**wanted, "returnOobLink": True})).json()["oobCode"]

    assert told(await serve.call("update", {"oobCode": code})) == "OK"


async def test_a10_a_new_password_brings_a_new_session_whose_auth_time_is_now(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(MINUTE)

    tokens = (await by_the_user(serve, user)).json()

    assert claims_of(tokens["idToken"])["auth_time"] == serve.clock.now() // 1000
    assert told(await serve.refresh(tokens["refreshToken"])) == "OK"
    assert told(await serve.call("lookup", {"idToken": tokens["idToken"]})) == "OK"


async def test_a10_a_second_change_within_the_same_second_ends_the_sessions_of_the_first(serve: Instance) -> None:
    thief = (await by_the_user(serve, await serve.sign_up("ann@example.org"))).json()

    owner = (await reset_by_mail(serve, {"email": "ann@example.org"})).status_code

    assert owner == 200
    assert told(await serve.refresh(thief["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a10_a_second_change_within_the_same_second_brings_new_tokens_too(serve: Instance) -> None:
    first = (await by_the_user(serve, await serve.sign_up())).json()
    second = (await serve.call("update", {"idToken": first["idToken"], "password": "a third horse"})).json()

    assert told(await serve.refresh(first["refreshToken"])) == "TOKEN_EXPIRED"
    assert told(await serve.refresh(second["refreshToken"])) == "OK"


async def test_a10_a_second_revocation_within_the_same_second_ends_what_began_between(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    await ended(serve, revoke, user)
    between = (await serve.call("signInWithPassword", {"email": "ann@example.org", "password": PASSWORD})).json()
    await ended(serve, revoke, user)

    assert told(await serve.refresh(between["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a10_a_revocation_of_what_is_older_leaves_the_younger_alone(serve: Instance) -> None:
    old = await serve.sign_up("ann@example.org")
    serve.clock.tick(MINUTE)
    new = (await serve.call("signInWithPassword", {"email": "ann@example.org", "password": PASSWORD})).json()
    since = serve.clock.now() // 1000 - 30
    await serve.admin("update", {"localId": old["localId"], "validSince": since})

    assert told(await serve.refresh(old["refreshToken"])) == "TOKEN_EXPIRED"
    assert told(await serve.refresh(new["refreshToken"])) == "OK"


async def test_a10_a_new_account_of_the_same_id_does_not_revive_the_sessions_of_the_old(serve: Instance) -> None:
    user = await serve.sign_up()
    await ended(serve, delete, user)
    again = await serve.http.post(
        f"{V1}/projects/{serve.project.id}/accounts", json={"localId": user["localId"]}, headers=serve.bearer
    )

    assert again.status_code == 200
    assert told(await serve.refresh(user["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a10_a_session_that_rested_while_its_account_was_disabled_goes_on(serve: Instance) -> None:
    user = await serve.sign_up()
    await ended(serve, disable, user)
    await serve.refresh(user["refreshToken"])
    await serve.admin("update", {"localId": user["localId"], "disableUser": False})

    assert told(await serve.refresh(user["refreshToken"])) == "OK"


# ---- A11


async def test_a11_a_clock_that_goes_back_an_hour_keeps_users_signed_in(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    serve.clock.tick(-HOUR)

    assert told(await serve.refresh(user["refreshToken"])) == "OK"
    assert (
        await serve.call("signInWithPassword", {"email": "ann@example.org", "password": PASSWORD})
    ).status_code == 200


@pytest.mark.parametrize("back", [HOUR, YEARS], ids=["an hour", "ten years"])
@sessions_end
async def test_a11_what_is_ended_by_a_clock_that_is_behind_stays_ended(serve: Instance, end: Action, back: int) -> None:
    user = await serve.sign_up("ann@example.org")
    serve.clock.tick(-back)
    if end in {by_the_user, delete_oneself}:  # the ID token of the future is not valid yet
        now = await serve.call("signInWithPassword", {"email": "ann@example.org", "password": PASSWORD})
        await ended(serve, end, now.json())
    else:
        await ended(serve, end, user)

    answers = [told(await serve.refresh(user["refreshToken"]))]
    serve.clock.tick(back)
    answers.append(told(await serve.refresh(user["refreshToken"])))
    assert answers == [ENDING[end]] * 2


async def test_a11_a_deleted_account_that_is_made_again_by_a_clock_behind_has_no_old_sessions(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(-HOUR)
    await ended(serve, delete, user)
    await serve.http.post(
        f"{V1}/projects/{serve.project.id}/accounts", json={"localId": user["localId"]}, headers=serve.bearer
    )

    assert told(await serve.refresh(user["refreshToken"])) == "TOKEN_EXPIRED"


async def test_a11_a_session_that_ran_out_by_a_clock_ahead_stays_over(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(YEARS)
    ahead = told(await serve.refresh(user["refreshToken"]))
    serve.clock.tick(-YEARS)

    assert (ahead, told(await serve.refresh(user["refreshToken"]))) == ("TOKEN_EXPIRED", "TOKEN_EXPIRED")


async def test_a11_a_revocation_is_not_undone_by_a_password_that_changes_on_a_clock_behind(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(HOUR // 2)
    await ended(serve, revoke, user)
    serve.clock.tick(-HOUR // 4)
    await ended(serve, password_by_an_administrator, user)
    serve.clock.tick(-HOUR // 4 + 2 * SECOND)

    assert told(await serve.call("lookup", {"idToken": user["idToken"]})) == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("tick", "answer"),
    [
        (-61 * SECOND, "INVALID_ID_TOKEN"),
        (-60 * SECOND, "OK"),
        (HOUR + 59 * SECOND, "OK"),
        (HOUR + 60 * SECOND, "TOKEN_EXPIRED"),
        (YEARS, "TOKEN_EXPIRED"),
        (-YEARS, "INVALID_ID_TOKEN"),
    ],
)
async def test_a11_an_id_token_is_forgiven_a_minute_and_no_more(serve: Instance, tick: int, answer: str) -> None:
    user = await serve.sign_up()
    serve.clock.tick(tick)

    assert told(await serve.call("lookup", {"idToken": user["idToken"]})) == answer


async def test_a11_a_suspended_password_stays_suspended(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    await count(serve, PASSWORD_FAILURES, "ann@example.org", 100)
    answers = set()
    for tick in (HOUR, -2 * HOUR, -YEARS, YEARS):
        serve.clock.tick(tick)
        reply = await serve.call("signInWithPassword", {"email": user["email"], "password": PASSWORD})
        answers.add(told(reply))

    assert answers == {"TOO_MANY_ATTEMPTS_TRY_LATER"}


async def test_a11_a_quota_that_a_clock_ahead_began_does_not_last_for_years(serve: Instance) -> None:
    wrong = {"email": "ann@example.org", "password": "wrong"}
    serve.clock.tick(YEARS)
    await count(serve, ADDRESS_FAILURES, ADDRESS, 300)
    serve.clock.tick(-YEARS)
    still = told(await serve.call("signInWithPassword", wrong))
    serve.clock.tick(HOUR)

    assert (still, told(await serve.call("signInWithPassword", wrong))) == (
        "TOO_MANY_ATTEMPTS_TRY_LATER",
        "INVALID_LOGIN_CREDENTIALS",
    )

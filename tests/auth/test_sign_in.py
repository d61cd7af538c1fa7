"""Ways to sign in and what a project's settings switch off."""

import asyncio
from typing import Any

import asyncpg
import pytest

from auth.forging import Backend, claims_of
from auth.sharing import count, opened, own_project, rows
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.limits.rules import SIGN_UPS
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.passwords import Profile, hash_password
from harness import Instance, message

ANN, PASSWORD = "ann@example.org", "correct horse"


async def link(instance: Instance, email: str = ANN, **body: Any) -> dict[str, Any]:
    """Sign in by the link of a mail."""
    wanted = {"requestType": "EMAIL_SIGNIN", "email": email, "returnOobLink": True}
    code = (await instance.admin("sendOobCode", wanted)).json()["oobCode"]
    reply = await instance.call("signInWithEmailLink", {"email": email, "oobCode": code} | body)
    return dict(reply.json()) if reply.status_code == 200 else {"refused": message(reply)}


# ---- e-mail links


async def test_a_link_makes_an_account_whose_address_is_proved(serve: Instance) -> None:
    first, again = await link(serve), await link(serve)

    assert (first["isNewUser"], again["isNewUser"], first["localId"]) == (True, False, again["localId"])
    claims = claims_of(first["idToken"])
    assert (claims["email_verified"], claims["firebase"]["sign_in_provider"]) == (True, "password")


async def test_a_link_gives_its_address_to_the_user_who_is_signed_in(serve: Instance) -> None:
    anonymous = (await serve.call("signUp")).json()

    done = await link(serve, idToken=anonymous["idToken"])

    assert (done["localId"], done["isNewUser"], done["email"]) == (anonymous["localId"], False, ANN)
    assert claims_of(done["idToken"])["email_verified"] is True


async def test_a_link_takes_no_address_from_another_account(serve: Instance) -> None:
    await serve.sign_up(ANN)
    anonymous = (await serve.call("signUp")).json()

    assert await link(serve, idToken=anonymous["idToken"]) == {"refused": "EMAIL_EXISTS"}


async def test_a_link_that_was_refused_is_still_good(serve: Instance) -> None:
    await serve.sign_up(ANN)
    anonymous = (await serve.call("signUp")).json()
    wanted = {"requestType": "EMAIL_SIGNIN", "email": ANN, "returnOobLink": True}
    body = {"email": ANN, "oobCode": (await serve.admin("sendOobCode", wanted)).json()["oobCode"]}
    await serve.call("signInWithEmailLink", body | {"idToken": anonymous["idToken"]})

    assert (await serve.call("signInWithEmailLink", body)).status_code == 200


# ---- settings


@pytest.mark.parametrize(
    ("setting", "call", "body", "refusal"),
    [
        ("password_enabled", "signUp", {"email": ANN, "password": PASSWORD}, "PASSWORD_LOGIN_DISABLED"),
        ("password_enabled", "signInWithPassword", {"email": ANN, "password": PASSWORD}, "PASSWORD_LOGIN_DISABLED"),
        ("sign_up_enabled", "signUp", {"email": ANN, "password": PASSWORD}, "ADMIN_ONLY_OPERATION"),
        ("sign_up_enabled", "signUp", {}, "ADMIN_ONLY_OPERATION"),
        ("anonymous_enabled", "signUp", {}, "ADMIN_ONLY_OPERATION"),
        ("email_link_enabled", "signInWithEmailLink", {"email": ANN, "oobCode": "x"}, "OPERATION_NOT_ALLOWED"),
        ("email_link_enabled", "sendOobCode", {"email": ANN, "requestType": "EMAIL_SIGNIN"}, "OPERATION_NOT_ALLOWED"),
    ],
)
async def test_what_a_project_switched_off_is_refused(
    shared_serve: Instance, setting: str, call: str, body: dict[str, Any], refusal: str
) -> None:
    instance = await own_project(shared_serve, **{setting: False})
    assert message(await instance.call(call, body)) == refusal


async def test_where_nobody_signs_up_a_link_opens_only_accounts_that_are_there(shared_serve: Instance) -> None:
    instance = await own_project(shared_serve, sign_up_enabled=False)
    await instance.admin("", {"localId": "ann", "email": ANN})

    assert (await link(instance))["localId"] == "ann"
    assert await link(instance, "bob@example.org") == {"refused": "ADMIN_ONLY_OPERATION"}


async def test_the_minimum_length_of_a_password_is_the_projects(shared_serve: Instance) -> None:
    instance = await own_project(shared_serve, min_password_length=12)
    replies = [await instance.call("signUp", {"email": ANN, "password": "x" * n}) for n in (11, 12)]

    assert message(replies[0]) == "WEAK_PASSWORD : Password should be at least 12 characters"
    assert replies[1].status_code == 200


async def test_without_a_mail_server_a_reset_is_refused_for_everybody(serve: Instance) -> None:
    await serve.sign_up(ANN)
    bodies = [{"requestType": "PASSWORD_RESET", "email": e} for e in (ANN, "nobody@example.org")]
    answers = [message(await serve.call("sendOobCode", body)) for body in bodies]

    assert answers[0] == answers[1]
    assert answers[0].startswith("OPERATION_NOT_ALLOWED")


async def test_anonymous_sign_ups_of_one_source_are_counted(serve: Instance) -> None:
    await count(serve, SIGN_UPS, "198.51.100.7", 999)
    replies = [await serve.call("signUp") for _ in range(2)]

    assert (replies[0].status_code, message(replies[1])) == (200, "TOO_MANY_ATTEMPTS_TRY_LATER")


# ---- passwords


@pytest.mark.parametrize("typed", ["cafe\u0301 noir\u00e9", "caf\u00e9 noire\u0301", "\uff43af\u00e9 noir\u00e9"])
async def test_a_password_is_the_same_however_a_keyboard_composes_it(serve: Instance, typed: str) -> None:
    await serve.sign_up(ANN, "caf\u00e9 noir\u00e9")
    assert (await serve.call("signInWithPassword", {"email": ANN, "password": typed})).status_code == 200


@pytest.mark.parametrize(
    "other", ["correct hors", "correct horse ", "Correct horse", "correct  horse", "correct horse\u200b"]
)
async def test_the_whole_password_is_compared(serve: Instance, other: str) -> None:
    await serve.sign_up(ANN, PASSWORD)
    assert (await serve.call("signInWithPassword", {"email": ANN, "password": other})).status_code == 400


async def outdated(instance: Instance) -> str:
    """An account whose password was hashed at another cost."""
    user = await instance.sign_up(ANN)
    old = Secret(hash_password(PASSWORD, Profile(memory_kib=16, time_cost=1, parallelism=1)))
    await instance.app.auth.accounts.update(instance.project.id, user["localId"], Changes(password=old), SYSTEM)
    return str(user["localId"])


async def hash_of(instance: Instance, account_id: str) -> str:
    account = await instance.app.auth.accounts.get(instance.project.id, account_id)
    assert account.password is not None
    return account.password.reveal()


async def test_a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(serve: Instance) -> None:
    account_id = await outdated(serve)
    before = await hash_of(serve, account_id)
    reply = await serve.call("signInWithPassword", {"email": ANN, "password": PASSWORD})
    after = await hash_of(serve, account_id)

    assert reply.status_code == 200
    assert ("m=16," in before, "m=8," in after) == (True, True)
    again = await serve.call("signInWithPassword", {"email": ANN, "password": PASSWORD})
    assert (again.status_code, await hash_of(serve, account_id)) == (200, after)


async def test_a_hash_that_is_made_anew_ends_no_session(serve: Instance) -> None:
    await outdated(serve)
    signed_in = [
        (await serve.call("signInWithPassword", {"email": ANN, "password": PASSWORD})).json() for _ in range(2)
    ]

    assert {(await serve.refresh(user["refreshToken"])).status_code for user in signed_in} == {200}


async def test_devices_that_sign_in_together_while_the_hash_is_made_anew_all_do(serve: Instance) -> None:
    await outdated(serve)
    body = {"email": ANN, "password": PASSWORD}
    replies = await asyncio.gather(*(serve.call("signInWithPassword", body) for _ in range(8)))

    assert [r.status_code for r in replies] == [200] * 8


async def test_sign_ins_of_one_account_at_once_never_wait_for_each_other_in_a_circle(empty_postgres: str) -> None:
    before = await deadlocks(empty_postgres)
    async with opened("serve", empty_postgres) as instance:
        await outdated(instance)
        body = {"email": ANN, "password": PASSWORD}
        replies = await asyncio.gather(*(instance.call("signInWithPassword", body) for _ in range(16)))

    assert {r.status_code for r in replies} == {200}
    assert await deadlocks(empty_postgres) == before


async def deadlocks(url: str) -> int:
    """How many PostgreSQL has ended in a database, which its processes tell at the latest when they end."""
    connection = await asyncpg.connect(url, timeout=5)
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        while await connection.fetchval(others):
            await asyncio.sleep(0.01)
        return int(
            await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
    finally:
        await connection.close()


async def test_a_password_that_changes_while_the_old_one_is_verified_signs_nobody_in(serve: Instance) -> None:
    user = await serve.sign_up(ANN)
    change = {"localId": user["localId"], "password": "another horse"}
    for _ in range(5):
        await serve.admin("update", {"localId": user["localId"], "password": PASSWORD})
        signed_in, _ = await asyncio.gather(
            serve.call("signInWithPassword", {"email": ANN, "password": PASSWORD}), serve.admin("update", change)
        )
        if signed_in.status_code == 200:  # it was first: then the change has ended it
            assert (await serve.refresh(signed_in.json()["refreshToken"])).status_code == 400


async def test_a_row_is_found_by_every_name_of_its_account_once(serve: Instance) -> None:
    user = await serve.sign_up(ANN)
    link_google = {"localId": user["localId"], "linkProviderUserInfo": {"providerId": "google.com", "rawId": "1"}}
    await serve.admin("update", link_google | {"phoneNumber": "+33123456789"})
    names: dict[str, Any] = {
        "localId": [user["localId"]],
        "email": [ANN, "ANN@EXAMPLE.ORG", "no address"],
        "phoneNumber": ["+33123456789"],
        "federatedUserId": [{"providerId": "google.com", "rawId": "1"}],
    }

    for one in [{name: value} for name, value in names.items()] + [names]:
        found = (await serve.admin("lookup", one)).json()["users"]
        assert [u["localId"] for u in found] == [user["localId"]]


async def test_no_two_accounts_share_a_name(serve: Instance) -> None:
    google = {"providerId": "google.com", "rawId": "1"}
    await serve.admin("", {"localId": "a", "email": ANN, "phoneNumber": "+33123456789"})
    await serve.admin("update", {"localId": "a", "linkProviderUserInfo": google})
    await serve.admin("", {"localId": "b"})
    replies = [
        await serve.admin("", {"localId": "a"}),
        await serve.admin("", {"email": ANN.upper()}),
        await serve.admin("", {"phoneNumber": "+33123456789"}),
        await serve.admin("update", {"localId": "b", "email": ANN}),
        await serve.admin("update", {"localId": "b", "phoneNumber": "+33123456789"}),
        await serve.admin("update", {"localId": "b", "linkProviderUserInfo": google}),
    ]

    assert [message(r) for r in replies] == [
        "DUPLICATE_LOCAL_ID",
        "EMAIL_EXISTS",
        "PHONE_NUMBER_EXISTS",
        "EMAIL_EXISTS",
        "PHONE_NUMBER_EXISTS",
        "FEDERATED_USER_ID_ALREADY_LINKED",
    ]
    assert len(await rows(serve, "accounts", "project_id = :p", p=serve.project.id)) == 2


async def test_50_that_take_one_address_at_once_get_one_account(serve: Instance) -> None:
    bodies = [{"email": ANN, "password": f"{PASSWORD} {n}"} for n in range(50)]
    replies = await asyncio.gather(*(serve.call("signUp", body) for body in bodies))

    assert [r.status_code for r in replies].count(200) == 1
    assert {message(r) for r in replies if r.status_code != 200} == {"EMAIL_EXISTS"}


async def test_50_first_sign_ins_of_one_custom_user_at_once_make_one_account(serve: Instance) -> None:
    token = (await Backend.of(serve)).custom_token()
    replies = await asyncio.gather(*(serve.call("signInWithCustomToken", {"token": token}) for _ in range(50)))

    assert {r.status_code for r in replies} == {200}
    assert [r.json()["isNewUser"] for r in replies].count(True) == 1

"""Guessing passwords (A22). Work is counted by verifications of a hash: what is refused before costs nothing."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from auth.sharing import ADDRESS, audited, count, own_project, rows
from ecrin.auth.limits.rules import ADDRESS_FAILURES, PASSWORD_FAILURES, SIGN_UPS
from ecrin.base.clock import MINUTE
from ecrin.base.origin import SYSTEM
from ecrin.storage.keyring.model import Purpose
from harness import Instance, Opener, message

ANN = "ann@example.org"
PASSWORD = "correct horse"
SUSPENDED = "TOO_MANY_ATTEMPTS_TRY_LATER"
WRONG = "INVALID_LOGIN_CREDENTIALS"


async def sign_in(instance: Instance, email: str, password: str = "wrong", address: str = ADDRESS) -> str:
    body = {"email": email, "password": password}
    reply = await instance.call("signInWithPassword", body, **{"x-forwarded-for": address})
    return "OK" if reply.status_code == 200 else message(reply)


async def guess(
    instance: Instance, emails: Sequence[str], addresses: Sequence[str] = (ADDRESS,), times: int = 130
) -> int:
    """Guess in turn; return how many passwords were tried against a hash."""
    before = instance.app.auth.hasher.verifications
    for n in range(times):
        await sign_in(instance, emails[n % len(emails)], address=addresses[n % len(addresses)])
    return instance.app.auth.hasher.verifications - before


# ---- one account


async def test_a22_the_101st_failure_in_a_row_is_not_tried(serve: Instance) -> None:
    await serve.sign_up(ANN)

    assert await guess(serve, [ANN]) == 100
    assert await sign_in(serve, ANN, PASSWORD) == SUSPENDED


async def test_a22_many_addresses_have_100_failures_together(serve: Instance) -> None:
    await serve.sign_up(ANN)
    everywhere = [f"203.0.113.{n}" for n in range(10)] + [f"2001:db8:{n:x}::1" for n in range(10)]

    await count(serve, PASSWORD_FAILURES, ANN, 90)

    assert await guess(serve, [ANN], everywhere, times=20) == 10


async def test_a22_every_spelling_of_an_address_is_one_account(serve: Instance) -> None:
    await serve.sign_up(ANN)
    spellings = [
        ANN, ANN.upper(), ANN.title(), f" {ANN}", f"{ANN}\t",
        "\uff41nn@example.org", "\u1d43nn@example.org", "ann\uff20example.org", "ann@example\uff0eorg",
        "ann@exam\u24dfle.org",
    ]  # fmt: skip

    await count(serve, PASSWORD_FAILURES, ANN, 85)

    assert await guess(serve, spellings, times=20) == 15
    assert {await sign_in(serve, s, PASSWORD) for s in spellings} == {SUSPENDED}


async def test_a22_parallel_guesses_are_counted_before_they_are_tried(serve: Instance) -> None:
    await serve.sign_up(ANN)
    await count(serve, PASSWORD_FAILURES, ANN, 70)
    before = serve.app.auth.hasher.verifications

    answers = await asyncio.gather(*(sign_in(serve, ANN, address=f"203.0.113.{n}") for n in range(60)))

    assert serve.app.auth.hasher.verifications - before == 30
    assert {a: answers.count(a) for a in set(answers)} == {WRONG: 30, SUSPENDED: 30}


async def test_a22_a_guess_that_an_overloaded_server_did_not_try_is_no_failure(
    serve: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    await serve.sign_up(ANN)
    await count(serve, PASSWORD_FAILURES, ANN, 99)
    await count(serve, ADDRESS_FAILURES, ADDRESS, 299)
    with monkeypatch.context() as full:
        full.setattr(serve.app.auth.hasher, "_room", 0)
        body = {"email": ANN, "password": PASSWORD}
        replies = [await serve.call("signInWithPassword", body) for _ in range(3)]

    assert [(r.status_code, r.headers["retry-after"]) for r in replies] == [(503, "2")] * 3
    assert await sign_in(serve, ANN, PASSWORD) == "OK"


async def test_a22_a_guess_that_an_overloaded_server_did_not_try_leaves_nothing_behind(
    serve: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(await rows(serve, "attempts"))
    with monkeypatch.context() as full:
        full.setattr(serve.app.auth.hasher, "_room", 0)
        for n in range(3):
            await sign_in(serve, f"{n}@example.org")

    assert len(await rows(serve, "attempts")) == before


async def test_a22_a_success_clears_the_count(serve: Instance) -> None:
    await serve.sign_up(ANN)
    answers = []
    for _ in range(3):
        await count(serve, PASSWORD_FAILURES, ANN, 99)
        answers.append(await sign_in(serve, ANN, PASSWORD))

    assert answers == ["OK"] * 3


async def test_a22_the_suspension_is_told_once(serve: Instance) -> None:
    user = await serve.sign_up(ANN)
    await count(serve, PASSWORD_FAILURES, ANN, 97)
    for _ in range(6):
        await sign_in(serve, ANN)

    (event,) = await audited(serve, "account.password_suspended")
    assert (event["subject"], json.loads(event["detail"])) == (user["localId"], {"failures": 100})
    assert len(await audited(serve, "session.sign_in_failed")) == 3


async def test_a22_failures_outlive_a_restart(open_instance: Opener) -> None:
    async with open_instance() as instance:
        await instance.sign_up(ANN)
        await count(instance, PASSWORD_FAILURES, ANN, 99)
    async with open_instance() as instance:
        answers = [await sign_in(instance, ANN), await sign_in(instance, ANN, PASSWORD)]

        assert answers == [WRONG, SUSPENDED]


@pytest.mark.parametrize("emergency", [False, True])
async def test_a22_a_rotation_of_keys_forgives_nothing(open_instance: Opener, emergency: bool) -> None:
    async with open_instance() as instance:
        await instance.sign_up(ANN)
        await count(instance, PASSWORD_FAILURES, ANN, 60)
        await instance.app.base.keyring.rotate(Purpose.TOKEN_HASH, SYSTEM, emergency=emergency)
        instance.clock.tick(1)
        await count(instance, PASSWORD_FAILURES, ANN, 40)

        # The emergency erases the key under whose hash the failures were counted: what it named is unknown then.
        assert await sign_in(instance, ANN, PASSWORD) == ("OK" if emergency else SUSPENDED)


async def test_a22_a_success_after_a_rotation_clears_the_count(open_instance: Opener) -> None:
    async with open_instance() as instance:
        await instance.sign_up(ANN)
        await count(instance, PASSWORD_FAILURES, ANN, 60)
        await instance.app.base.keyring.rotate(Purpose.TOKEN_HASH, SYSTEM)
        instance.clock.tick(1)
        await sign_in(instance, ANN, PASSWORD)
        await count(instance, PASSWORD_FAILURES, ANN, 99)

        assert await sign_in(instance, ANN, PASSWORD) == "OK"


# ---- one source


async def test_a22_one_source_has_300_failures_in_a_quarter_of_an_hour_over_all_accounts(serve: Instance) -> None:
    await serve.sign_up(ANN)
    await count(serve, ADDRESS_FAILURES, ADDRESS, 298)

    answers = [await sign_in(serve, f"{n}@example.org") for n in range(3)]
    answers.append(await sign_in(serve, ANN, PASSWORD))
    answers.append(await sign_in(serve, ANN, PASSWORD, address="203.0.113.9"))
    serve.clock.tick(15 * MINUTE)
    answers.append(await sign_in(serve, ANN, PASSWORD))

    assert answers == [WRONG, WRONG, SUSPENDED, SUSPENDED, "OK", "OK"]


async def test_a22_guesses_over_the_limit_of_their_source_leave_nothing_behind(serve: Instance) -> None:
    """A count for each address that is guessed at stays for a year: nobody may make more of them than they may try."""
    await count(serve, ADDRESS_FAILURES, ADDRESS, 300)
    before = len(await rows(serve, "attempts"))

    answers = {await sign_in(serve, f"{n}@example.org") for n in range(3)}

    assert (answers, len(await rows(serve, "attempts"))) == ({SUSPENDED}, before)


@pytest.mark.parametrize(
    ("counted_as", "addresses"),
    [
        ("2001:db8:0:7::/64", ["2001:db8:0:7::1", "2001:db8:0:7:ffff:ffff:ffff:ffff", "2001:DB8:0:7::aBcD"]),
        ("198.51.100.9", ["198.51.100.9", "::ffff:198.51.100.9", "::FFFF:c633:6409"]),
        ("198.51.100.9", ["203.0.113.1, 198.51.100.9", "203.0.113.2, 198.51.100.9", "unknown, 198.51.100.9"]),
        ("198.51.100.9", ["203.0.113.1, 198.51.100.9, 192.0.2.1", "198.51.100.9, 192.0.2.1"]),
    ],
    ids=["a /64", "v4-mapped", "forged hops", "proxies of ours"],
)
async def test_a22_every_spelling_of_a_source_is_one(serve: Instance, counted_as: str, addresses: list[str]) -> None:
    await count(serve, ADDRESS_FAILURES, counted_as, 299)

    answers = [await sign_in(serve, f"{n}@example.org", address=a) for n, a in enumerate(addresses)]

    assert answers == [WRONG] + [SUSPENDED] * (len(addresses) - 1)


async def test_a22_without_a_trusted_proxy_a_forwarded_address_is_not_read(open_instance: Opener) -> None:
    async with open_instance(address="198.51.100.9") as instance:
        await count(instance, ADDRESS_FAILURES, "198.51.100.9", 299)

        answers = [await sign_in(instance, f"{n}@example.org", address=f"203.0.113.{n}") for n in range(2)]

        assert answers == [WRONG, SUSPENDED]


async def test_a22_a_sign_in_that_succeeds_costs_its_source_nothing(serve: Instance) -> None:
    await serve.sign_up(ANN)
    await count(serve, ADDRESS_FAILURES, ADDRESS, 299)

    assert [await sign_in(serve, ANN, PASSWORD) for _ in range(3)] == ["OK"] * 3


async def test_a22_guesses_in_one_project_do_not_suspend_the_same_address_in_another(
    serve: Instance, shared_serve: Instance
) -> None:
    other = await own_project(shared_serve)
    await other.sign_up(ANN)
    await count(serve, PASSWORD_FAILURES, ANN, 100)

    assert await sign_in(other, ANN, PASSWORD) == "OK"


# ---- the victim


async def suspended(instance: Instance) -> dict[str, Any]:
    user = await instance.sign_up(ANN)
    await count(instance, PASSWORD_FAILURES, ANN, 100)
    assert await sign_in(instance, ANN, PASSWORD) == SUSPENDED
    return user


async def mailed(instance: Instance, kind: str) -> str:
    wanted = {"requestType": kind, "email": ANN, "returnOobLink": True}
    return str((await instance.admin("sendOobCode", wanted)).json()["oobCode"])


async def test_a22_a_suspended_victim_resets_the_password_and_signs_in(serve: Instance) -> None:
    await suspended(serve)
    body = {"oobCode": await mailed(serve, "PASSWORD_RESET"), "newPassword": "another horse"}
    await serve.call("resetPassword", body)

    assert await sign_in(serve, ANN, "another horse") == "OK"


async def test_a22_a_suspended_victim_signs_in_by_e_mail_link(serve: Instance) -> None:
    await suspended(serve)
    body = {"oobCode": await mailed(serve, "EMAIL_SIGNIN"), "email": ANN}

    assert (await serve.call("signInWithEmailLink", body)).status_code == 200


async def test_a22_the_sessions_of_a_suspended_victim_go_on(serve: Instance) -> None:
    user = await suspended(serve)

    assert (await serve.refresh(user["refreshToken"])).status_code == 200
    assert (await serve.call("lookup", {"idToken": user["idToken"]})).status_code == 200


async def test_a22_an_administrator_gives_a_suspended_victim_a_new_password(serve: Instance) -> None:
    user = await suspended(serve)
    await serve.admin("update", {"localId": user["localId"], "password": "another horse"})

    assert await sign_in(serve, ANN, "another horse") == "OK"


async def test_a22_an_address_that_nobody_has_is_suspended_alike(serve: Instance) -> None:
    await serve.sign_up(ANN)
    for email in (ANN, "nobody@example.org"):
        await count(serve, PASSWORD_FAILURES, email, 98)

    known = [await sign_in(serve, ANN) for _ in range(4)]
    unknown = [await sign_in(serve, "nobody@example.org") for _ in range(4)]

    assert known == unknown == [WRONG, WRONG, SUSPENDED, SUSPENDED]


async def test_a22_guesses_made_before_an_account_existed_do_not_suspend_it(serve: Instance) -> None:
    await count(serve, PASSWORD_FAILURES, ANN, 100)
    await serve.sign_up(ANN)

    assert await sign_in(serve, ANN, PASSWORD) == "OK"


async def test_a22_the_table_of_failures_names_nobody(serve: Instance) -> None:
    await guess(serve, [ANN], times=1)

    for row in await rows(serve, "attempts"):
        assert len(row["bucket"]) == 32
        assert b"ann" not in row["bucket"]


# ---- sign-ups tell, so they are counted


@pytest.mark.parametrize("way", ["signUp", "link", "update"])
async def test_a24_whether_an_address_is_taken_is_told_1000_times_an_hour_at_most(serve: Instance, way: str) -> None:
    await serve.sign_up(ANN)
    anonymous = (await serve.call("signUp", {})).json()
    await count(serve, SIGN_UPS, ADDRESS, 997)
    body = {"email": ANN, "password": PASSWORD} | ({} if way == "signUp" else {"idToken": anonymous["idToken"]})

    answers = [message(await serve.call("update" if way == "update" else "signUp", body)) for _ in range(2)]

    assert answers == ["EMAIL_EXISTS", SUSPENDED]

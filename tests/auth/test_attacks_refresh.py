"""Refresh tokens: forks, replays, lost replies, restarts, spellings (A1, A2, A3, A9)."""

import asyncio
import base64
import json
import string
from typing import Any

import httpx
import pytest

from auth.sharing import audited, rows
from ecrin.base.clock import DAY, HOUR, SECOND
from ecrin.base.encoding import unb64url
from harness import Instance, Opener, message


async def refreshed(instance: Instance, token: str) -> str:
    reply = await instance.refresh(token)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["refresh_token"])


def refused(reply: httpx.Response) -> str:
    assert reply.status_code == 400, reply.text
    return message(reply)


async def session_of(instance: Instance) -> dict[str, Any]:
    (row,) = await rows(instance, "sessions", "project_id = :p", p=instance.project.id)
    return row


# ---- A1


async def test_a1_100_parallel_refreshes_get_one_successor(serve: Instance) -> None:
    user = await serve.sign_up()

    replies = await asyncio.gather(*(serve.refresh(user["refreshToken"]) for _ in range(100)))

    assert {r.status_code for r in replies} == {200}
    assert len({r.json()["refresh_token"] for r in replies}) == 1
    assert (await session_of(serve))["counter"] == 1


async def test_a1_100_parallel_refreshes_of_three_generations_leave_one_newest(serve: Instance) -> None:
    tokens = [(await serve.sign_up())["refreshToken"]]
    for _ in range(2):
        tokens.append(await refreshed(serve, tokens[-1]))

    replies = await asyncio.gather(*(serve.refresh(tokens[n % 3]) for n in range(100)))

    newest = await refreshed(serve, tokens[2])
    assert {r.json()["refresh_token"] for r in replies} <= {tokens[2], newest}
    assert (await session_of(serve))["counter"] == 3


async def test_a1_after_a_fan_out_the_user_stays_signed_in(serve: Instance) -> None:
    user = await serve.sign_up()
    replies = await asyncio.gather(*(serve.refresh(user["refreshToken"]) for _ in range(20)))
    serve.clock.tick(HOUR)

    assert await refreshed(serve, replies[7].json()["refresh_token"])
    assert (await session_of(serve))["ended_at"] is None


# ---- A2


async def test_a2_a_grandparent_after_the_grace_is_refused_and_ends_the_session(serve: Instance) -> None:
    first = (await serve.sign_up())["refreshToken"]
    second = await refreshed(serve, first)
    third = await refreshed(serve, second)
    serve.clock.tick(10 * SECOND)

    assert refused(await serve.refresh(first)) == "TOKEN_EXPIRED"
    assert refused(await serve.refresh(third)) == "TOKEN_EXPIRED"
    (event,) = await audited(serve, "session.ended")
    assert json.loads(event["detail"]) == {"session": (await session_of(serve))["id"].hex(), "reason": "reuse"}


async def test_a2_the_end_of_a_session_is_told_once_however_often_its_tokens_come_back(serve: Instance) -> None:
    first = (await serve.sign_up())["refreshToken"]
    await refreshed(serve, await refreshed(serve, first))
    serve.clock.tick(HOUR)
    for _ in range(5):
        refused(await serve.refresh(first))

    assert len(await audited(serve, "session.ended")) == 1


async def test_a2_a_late_parent_is_answered_and_noted(serve: Instance) -> None:
    first = (await serve.sign_up())["refreshToken"]
    second = await refreshed(serve, first)
    serve.clock.tick(DAY)

    assert await refreshed(serve, first) == second
    (event,) = await audited(serve, "session.late")
    assert json.loads(event["detail"])["run"] == 1


async def test_a2_a_thief_who_keeps_in_step_is_found_in_the_third_generation(serve: Instance) -> None:
    held = (await serve.sign_up())["refreshToken"]
    for _ in range(2):
        await refreshed(serve, held)  # the thief is always first
        serve.clock.tick(HOUR)
        held = await refreshed(serve, held)
    await refreshed(serve, held)
    serve.clock.tick(HOUR)

    assert refused(await serve.refresh(held)) == "TOKEN_EXPIRED"


async def test_a2_the_end_of_one_session_leaves_the_users_others_alone(serve: Instance) -> None:
    stolen = (await serve.sign_up("ann@example.org"))["refreshToken"]
    other = await serve.call("signInWithPassword", {"email": "ann@example.org", "password": "correct horse"})
    await refreshed(serve, await refreshed(serve, stolen))
    serve.clock.tick(HOUR)
    refused(await serve.refresh(stolen))

    assert await refreshed(serve, other.json()["refreshToken"])


async def test_a_refresh_never_moves_auth_time(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(DAY)

    reply = await serve.refresh(user["refreshToken"])

    before, after = (json.loads(unb64url(t.split(".")[1])) for t in (user["idToken"], reply.json()["id_token"]))
    assert after["auth_time"] == before["auth_time"]
    assert after["iat"] == before["iat"] + 86400


@pytest.mark.parametrize("setting", ["session_idle_days", "session_absolute_days"])
async def test_a_session_ends_after_resting_and_after_living_too_long(serve: Instance, setting: str) -> None:
    days = getattr(serve.project.settings, setting)
    token = (await serve.sign_up())["refreshToken"]
    if setting == "session_absolute_days":
        for _ in range(days // 50):
            serve.clock.tick(50 * DAY)
            token = await refreshed(serve, token)
        days %= 50
    serve.clock.tick(days * DAY)

    assert refused(await serve.refresh(token)) == "TOKEN_EXPIRED"


# ---- A3


async def test_a3_a_reply_lost_in_a_restart_is_made_good_by_the_grace(open_instance: Opener) -> None:
    async with open_instance() as instance:
        token = (await instance.sign_up())["refreshToken"]
        lost = await refreshed(instance, token)
    async with open_instance(clock=instance.clock) as instance:
        instance.clock.tick(3 * SECOND)

        assert await refreshed(instance, token) == lost


async def test_a3_a_client_that_comes_back_late_after_a_restart_is_still_signed_in(open_instance: Opener) -> None:
    async with open_instance() as instance:
        token = (await instance.sign_up())["refreshToken"]
        lost = await refreshed(instance, token)
    async with open_instance(clock=instance.clock) as instance:
        instance.clock.tick(DAY)

        assert await refreshed(instance, token) == lost


async def test_a3_what_was_ended_stays_ended_after_a_restart(open_instance: Opener) -> None:
    async with open_instance() as instance:
        reused, revoked = [(await instance.sign_up()) for _ in range(2)]
        await refreshed(instance, await refreshed(instance, reused["refreshToken"]))
        instance.clock.tick(HOUR)
        refused(await instance.refresh(reused["refreshToken"]))
        await instance.admin("update", {"localId": revoked["localId"], "validSince": instance.clock.now() // 1000})
    async with open_instance(clock=instance.clock) as instance:
        answers = [refused(await instance.refresh(user["refreshToken"])) for user in (reused, revoked)]

        assert answers == ["TOKEN_EXPIRED", "TOKEN_EXPIRED"]


# ---- A9


def spellings(token: str) -> dict[str, str]:
    """Other texts that a careless decoder takes for the same bytes, and texts that are cut or changed."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    trailing = alphabet[alphabet.index(token[-1]) ^ 1] if len(token) % 4 else None
    changed = {
        "padded": token + "=" * (-len(token) % 4 or 4),
        "in front": " " + token,
        "behind": token + "\n",
        "inside": token[:9] + "\n" + token[9:],
        "standard alphabet": base64.b64encode(raw).decode().rstrip("="),
        "cut by one character": token[:-1],
        "cut by one byte": base64.urlsafe_b64encode(raw[:-1]).decode().rstrip("="),
        "longer": token + "AA",
        "another version": base64.urlsafe_b64encode(b"\x02" + raw[1:]).decode().rstrip("="),
        "another key": base64.urlsafe_b64encode(raw[:1] + b"\x07" + raw[2:]).decode().rstrip("="),
        "a counter ahead": base64.urlsafe_b64encode(raw[:25] + b"\x01" + raw[26:]).decode().rstrip("="),
        "another case": token.swapcase(),
        "doubled": token + token,
    }
    return changed | ({"trailing bits": token[:-1] + trailing} if trailing else {})


async def test_a9_a_refresh_token_has_one_spelling(serve: Instance) -> None:
    token = (await serve.sign_up())["refreshToken"]
    others = {name: text for name, text in spellings(token).items() if text != token}

    answers = {name: refused(await serve.refresh(text)) for name, text in others.items()}

    assert answers == dict.fromkeys(others, "INVALID_REFRESH_TOKEN")
    assert len(others) >= 11
    assert await refreshed(serve, token)


async def test_a9_an_id_token_has_one_spelling(serve: Instance) -> None:
    token = (await serve.sign_up())["idToken"]
    head, claims, signature = token.split(".")
    others = [
        f"{token}=",
        f"{token} ",
        f" {token}",
        f"{token}\n",
        f"{token}.",
        f"{head}=.{claims}.{signature}",
        f"{head}.{claims}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{head}.{claims}.{signature[:-1]}",
        f"{head}.{claims}",
        f"{head}.{claims}.",
        token.replace(".", "%2e"),
    ]

    answers = {other: refused(await serve.call("lookup", {"idToken": other})) for other in others}

    assert set(answers.values()) == {"INVALID_ID_TOKEN"}


@pytest.mark.parametrize("token", ["", " ", "x", "null", "é", "A" * 2049, "../../etc/passwd", "' OR 1=1 --"])
async def test_a9_junk_is_no_refresh_token(serve: Instance, token: str) -> None:
    assert refused(await serve.refresh(token)) in {"INVALID_REFRESH_TOKEN", "MISSING_REFRESH_TOKEN"}

"""Tokens of operators and CI: made narrower, shown once, kept as hashes, revoked and outlived at once."""

import json
from typing import Any

import httpx
import pytest

from auth.sharing import own_project, rows
from ecrin.base.clock import DAY
from ecrin.base.origin import SYSTEM
from ecrin.storage.keyring.model import Purpose
from harness import V1, Instance, Opener

API = "/api/v1/tokens"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def make(instance: Instance, *scopes: str, by: str = "", **fields: Any) -> httpx.Response:
    body = {"scopes": list(scopes)} | fields
    return await instance.http.post(API, json=body, headers=bearer(by or instance.operator))


async def token(instance: Instance, *scopes: str, by: str = "", **fields: Any) -> str:
    reply = await make(instance, *scopes, by=by, **fields)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["token"])


async def listed(instance: Instance, by: str) -> list[dict[str, Any]]:
    return list((await instance.http.get(API, headers=bearer(by))).json()["tokens"])


async def reads(instance: Instance, by: str) -> int:
    path = f"{V1}/projects/{instance.project.id}/accounts:batchGet"
    return (await instance.http.get(path, headers=bearer(by))).status_code


async def writes(instance: Instance, by: str) -> int:
    path = f"{V1}/projects/{instance.project.id}/accounts"
    return (await instance.http.post(path, json={}, headers=bearer(by))).status_code


async def makes_keys(instance: Instance, by: str) -> int:
    path = f"/api/v1/projects/{instance.project.id}/service-account-keys"
    return (await instance.http.get(path, headers=bearer(by))).status_code


async def rotates(instance: Instance, by: str) -> int:
    return (await instance.http.get("/api/v1/keys", headers=bearer(by))).status_code


# ---- what a token opens


@pytest.mark.parametrize(
    ("verb", "may"), [("read", [200, 403]), ("write", [200, 200]), ("all", [200, 200])], ids=["read", "write", "all"]
)
async def test_a_token_opens_its_project_up_to_its_verb(serve: Instance, verb: str, may: list[int]) -> None:
    ci = await token(serve, f"{serve.project.id}:{verb}")
    assert [await reads(serve, ci), await writes(serve, ci)] == may


@pytest.mark.parametrize("verb", ["read", "write", "all"])
async def test_a34_a_token_opens_no_other_project_and_not_the_instance(
    serve: Instance, shared_serve: Instance, verb: str
) -> None:
    other = await own_project(shared_serve)
    ci = await token(serve, f"{serve.project.id}:{verb}")

    answers = [await reads(other, ci), await writes(other, ci), await makes_keys(other, ci), await rotates(other, ci)]

    assert answers == [403] * 4


async def test_a_token_of_the_instance_opens_every_project(serve: Instance, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    ci = await token(serve, "*:read")

    assert [await reads(i, ci) for i in (serve, other)] == [200, 200]
    assert [await writes(i, ci) for i in (serve, other)] == [403, 403]


@pytest.mark.parametrize(
    "spelling",
    [
        "{}x", "x{}", "{} ", " {}", "{}=", "{}.", "ecrin_", "ecrin_ci_", "ecrin_operator_{}", "ecrin_ci_AAAA",
        "ecrin_ci_' OR 1=1 --", "owner", "ya29.x", "null",
    ],
)  # fmt: skip
async def test_a9_a_token_has_one_spelling(serve: Instance, spelling: str) -> None:
    ci = await token(serve, f"{serve.project.id}:all")
    text = spelling.format(ci)

    assert await reads(serve, text) == (200 if text.strip() == ci and text[0] != " " and text[-1] != " " else 401)


@pytest.mark.parametrize("scheme", ["", "Basic", "Token", "Bearer:", "BearerX"])
async def test_another_scheme_is_refused_and_not_taken_for_nobody(serve: Instance, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {serve.operator}"}
    reply = await serve.http.post(f"{V1}/accounts:signUp", params={"key": serve.project.api_keys[0]}, headers=headers)
    assert reply.status_code == 401


# ---- made narrower (A35)


async def test_a35_a_token_makes_narrower_tokens_only(serve: Instance) -> None:
    project = serve.project.id
    writer = await token(serve, f"{project}:write")

    answers = {
        scope: (await make(serve, scope, by=writer)).status_code
        for scope in (f"{project}:read", f"{project}:write", f"{project}:all", "*:read", "*:all", "other:read")
    }

    assert answers == {
        f"{project}:read": 201, f"{project}:write": 201, f"{project}:all": 403, "*:read": 403, "*:all": 403,
        "other:read": 403,
    }  # fmt: skip


async def test_a35_the_child_of_a_child_is_no_wider(serve: Instance) -> None:
    project = serve.project.id
    reader = await token(serve, f"{project}:read", by=await token(serve, f"{project}:write"))

    assert (await make(serve, f"{project}:write", by=reader)).status_code == 403
    assert [await reads(serve, reader), await writes(serve, reader)] == [200, 403]


@pytest.mark.parametrize("scopes", [[], [""], ["*"], ["notes:*"], ["*:admin"], "*:all", None, [None], {}])
async def test_a35_a_list_that_is_empty_or_no_list_makes_nothing(serve: Instance, scopes: Any) -> None:
    reply = await serve.http.post(API, json={"scopes": scopes}, headers=serve.bearer)
    assert reply.status_code == 400


async def test_a35_a_list_that_is_absent_makes_nothing(serve: Instance) -> None:
    assert (await serve.http.post(API, json={}, headers=serve.bearer)).status_code == 400


async def test_a35_a_child_does_not_outlive_its_parent(serve: Instance) -> None:
    parent = await token(serve, "*:read", expires_in_days=1)
    children = [await make(serve, "*:read", by=parent, expires_in_days=days) for days in (None, 365, 1)]
    serve.clock.tick(DAY)

    assert {await reads(serve, child.json()["token"]) for child in children} == {401}
    assert len({child.json()["expires_at"] for child in children}) == 1


async def test_a35_a_child_of_a_child_does_not_outlive_them_either(serve: Instance) -> None:
    parent = await token(serve, "*:read", expires_in_days=1)
    child = await token(serve, "*:read", by=parent, expires_in_days=None)
    grandchild = await token(serve, "*:read", by=child, expires_in_days=None)
    serve.clock.tick(DAY)

    assert await reads(serve, grandchild) == 401


async def test_a_web_api_key_makes_no_token(serve: Instance) -> None:
    reply = await serve.http.post(API, params={"key": serve.project.api_keys[0]}, json={"scopes": ["*:read"]})
    assert reply.status_code in {401, 403}


# ---- list, revoke, expire


async def test_a_token_sees_and_revokes_only_what_it_could_have_made(serve: Instance, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    mine, theirs = await token(serve, f"{serve.project.id}:all"), await token(other, f"{other.project.id}:all")
    ids = {t["token_id"] for t in await listed(other, theirs)}

    assert {t["token_id"] for t in await listed(serve, mine)}.isdisjoint(ids)
    replies = [
        await serve.http.delete(f"{API}/{i}", headers=bearer(mine)) for i in (*ids, "0" * 16, "%25", "x' OR 1=1")
    ]
    assert {r.status_code for r in replies} == {404}
    assert await reads(other, theirs) == 200


async def test_a_list_never_shows_a_token(serve: Instance) -> None:
    ci = await token(serve, f"{serve.project.id}:all", name="build")
    text = (await serve.http.get(API, headers=serve.bearer)).text

    assert "build" in text
    assert ci not in text
    assert ci.split("_", 2)[2] not in text


async def test_a_revoked_token_is_refused_at_once_and_after_a_restart(open_instance: Opener) -> None:
    async with open_instance() as instance:
        made = (await make(instance, "*:all")).json()
        before = await reads(instance, made["token"])
        await instance.http.delete(f"{API}/{made['token_id']}", headers=instance.bearer)
        answers = [before, await reads(instance, made["token"])]
    async with open_instance() as instance:
        answers.append(await reads(instance, made["token"]))

    assert answers == [200, 401, 401]


async def test_a_token_may_revoke_itself(serve: Instance) -> None:
    made = (await make(serve, f"{serve.project.id}:read")).json()
    await serve.http.delete(f"{API}/{made['token_id']}", headers=bearer(made["token"]))

    assert await reads(serve, made["token"]) == 401


async def test_a_token_ends_on_the_millisecond(serve: Instance) -> None:
    ci = await token(serve, "*:read", expires_in_days=3)
    serve.clock.tick(3 * DAY - 1)
    before = await reads(serve, ci)
    serve.clock.tick(1)

    assert (before, await reads(serve, ci)) == (200, 401)


async def test_a_token_lasts_a_year_unless_told_otherwise(serve: Instance) -> None:
    made = (await make(serve, "*:read")).json()
    assert made["expires_at"] == serve.clock.now() + 365 * DAY


@pytest.mark.parametrize("days", [0, -1, 2**63, 10**30, "x", 1.5, 36_501, 10**11])
async def test_a_lifetime_out_of_range_is_refused(serve: Instance, days: Any) -> None:
    assert (await make(serve, "*:read", expires_in_days=days)).status_code == 400


async def test_a_name_over_100_characters_is_refused(serve: Instance) -> None:
    assert (await make(serve, "*:read", name="n" * 101)).status_code == 400


async def test_an_unknown_member_is_an_error_and_not_a_guess(serve: Instance) -> None:
    assert (await make(serve, "*:read", scope="*:all")).status_code == 400


# ---- what is kept


async def test_a_token_is_kept_as_a_hash(serve: Instance) -> None:
    ci = await token(serve, f"{serve.project.id}:all")
    kept = json.dumps(await rows(serve, "credentials"), default=repr)

    assert ci not in kept
    assert ci.split("_", 2)[2] not in kept


async def test_making_and_revoking_are_in_the_audit_trail(serve: Instance) -> None:
    made = (await make(serve, f"{serve.project.id}:read")).json()
    await serve.http.delete(f"{API}/{made['token_id']}", headers=serve.bearer)

    events = await rows(serve, "audit", "subject = :s ORDER BY event", s=made["token_id"])
    assert [e["event"] for e in events] == ["credential.created", "credential.revoked"]
    assert all(e["actor"].startswith("operator:") for e in events)
    assert made["token"] not in json.dumps(events)


@pytest.mark.parametrize(("emergency", "answer"), [(False, 200), (True, 401)])
async def test_a_rotation_keeps_tokens_and_an_emergency_ends_them(
    open_instance: Opener, emergency: bool, answer: int
) -> None:
    async with open_instance() as instance:
        await instance.app.base.keyring.rotate(Purpose.TOKEN_HASH, SYSTEM, emergency=emergency)
        instance.clock.tick(1)

        assert await reads(instance, instance.operator) == answer

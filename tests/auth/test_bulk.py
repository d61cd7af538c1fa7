"""Many accounts at once: import, delete, clear (protocol sheet §3, admin bulk)."""

from typing import Any

import pytest

from auth.sharing import audited, own_project, rows
from ecrin.auth.accounts import bulk
from ecrin.base.origin import SYSTEM
from harness import Instance, message

GOOGLE = {"providerId": "google.com", "rawId": "1"}


async def kept(instance: Instance) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in await rows(instance, "accounts", "project_id = :p", p=instance.project.id)}


async def load(instance: Instance, *users: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    reply = await instance.admin("batchCreate", {"users": list(users), **options})
    assert reply.status_code == 200, reply.text
    return list(reply.json().get("error", []))


async def test_an_import_writes_what_it_is_given(serve: Instance) -> None:
    user = {
        "localId": "ann", "email": "ANN@example.org", "emailVerified": True, "phoneNumber": "+33123456789",
        "displayName": "Ann", "disabled": True, "customAttributes": '{"role":"admin"}', "createdAt": "1000",
        "lastLoginAt": "2000", "validSince": "3", "providerUserInfo": [GOOGLE],
    }  # fmt: skip

    assert await load(serve, user) == []
    row = (await kept(serve))["ann"]
    wanted = ("email", "email_verified", "disabled", "claims", "created_at", "last_login_at", "valid_since")
    assert [row[name] for name in wanted] == ["ann@example.org", 1, 1, '{"role":"admin"}', 1000, 2000, 3]
    assert [event["subject"] for event in await audited(serve, "account.created")] == ["ann"]


async def test_rows_that_are_refused_are_named_and_do_not_stop_the_others(serve: Instance) -> None:
    await serve.sign_up("taken@example.org")
    await serve.admin("", {"localId": "there", "phoneNumber": "+33123456789"})

    errors = await load(
        serve,
        {"localId": "a", "email": "taken@example.org"},
        {"localId": "b"},
        {"localId": "c", "email": "no address"},
        {"localId": "d", "phoneNumber": "+33123456789"},
        {"localId": "e", "providerUserInfo": [GOOGLE]},
        {"localId": "f", "providerUserInfo": [GOOGLE]},
        {"localId": "there"},
        {"localId": ""},
    )

    assert [error["index"] for error in errors] == [0, 2, 3, 5, 6, 7]
    assert errors[4]["message"] == bulk.TAKEN
    assert {"b", "e"} < set(await kept(serve))


async def test_an_overwritten_account_keeps_its_id_and_nothing_else(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    errors = await load(serve, {"localId": user["localId"], "email": "new@example.org"}, allowOverwrite=True)

    row = (await kept(serve))[user["localId"]]
    assert (errors, row["email"], row["password"]) == ([], "new@example.org", None)


async def test_an_overwrite_takes_no_revocation_back(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    now = serve.clock.now() // 1000
    await serve.admin("update", {"localId": user["localId"], "validSince": now})
    await load(serve, {"localId": user["localId"], "validSince": "3"}, allowOverwrite=True)

    assert (await kept(serve))[user["localId"]]["valid_since"] == now


async def test_an_overwrite_takes_no_name_of_another_account(serve: Instance) -> None:
    user = await serve.sign_up("ann@example.org")
    await serve.sign_up("bob@example.org")
    (error,) = await load(serve, {"localId": user["localId"], "email": "bob@example.org"}, allowOverwrite=True)

    assert error["index"] == 0
    assert (await kept(serve))[user["localId"]]["email"] == "ann@example.org"


@pytest.mark.parametrize(
    ("users", "options", "refusal"),
    [
        ([], {}, "MISSING_USER_ACCOUNT"),
        ([{"localId": "a"}, {"localId": "a"}], {}, "DUPLICATE_LOCAL_ID : a"),
        (
            [{"localId": "a", "email": "x@example.org"}, {"localId": "b", "email": "X@example.org"}],
            {"sanityCheck": True},
            "DUPLICATE_EMAIL : x@example.org",
        ),
        (
            [{"localId": "a", "providerUserInfo": [GOOGLE]}, {"localId": "b", "providerUserInfo": [GOOGLE]}],
            {"sanityCheck": True},
            "DUPLICATE_RAW_ID : google.com:1",
        ),
        ([{"localId": str(n)} for n in range(1001)], {}, "LOCAL_ID_LIST_EXCEEDS_LIMIT"),
    ],
    ids=["none", "ids", "addresses", "identities", "too many"],
)
async def test_a_list_that_contradicts_itself_is_refused_as_a_whole(
    serve: Instance, users: list[dict[str, Any]], options: dict[str, Any], refusal: str
) -> None:
    reply = await serve.admin("batchCreate", {"users": users, **options})

    assert message(reply) == refusal
    assert await kept(serve) == {}


async def test_a_delete_takes_disabled_accounts_and_ignores_unknown_ids(serve: Instance) -> None:
    await load(serve, {"localId": "a", "disabled": True}, {"localId": "b"}, {"localId": "c"})

    reply = (await serve.admin("batchDelete", {"localIds": ["a", "b", "unknown"]})).json()
    forced = (await serve.admin("batchDelete", {"localIds": ["c"], "force": True})).json()

    assert [(e["index"], e["localId"]) for e in reply["errors"]] == [(1, "b")]
    assert forced == {}
    assert set(await kept(serve)) == {"b"}


async def test_a_delete_of_more_than_1000_is_refused(serve: Instance) -> None:
    reply = await serve.admin("batchDelete", {"localIds": [str(n) for n in range(1001)], "force": True})
    assert message(reply) == "LOCAL_ID_LIST_EXCEEDS_LIMIT"


async def test_clearing_a_project_leaves_the_others(
    dev: Instance, shared_dev: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await own_project(shared_dev)
    await load(dev, *({"localId": str(n), "providerUserInfo": [GOOGLE | {"rawId": str(n)}]} for n in range(7)))
    await load(other, {"localId": "a", "providerUserInfo": [GOOGLE]})
    monkeypatch.setattr(bulk, "MAX_ROWS", 3)
    await dev.app.auth.bulk.delete_all(dev.project.id, SYSTEM)

    assert (set(await kept(dev)), set(await kept(other))) == (set(), {"a"})
    assert len(await rows(dev, "identities", "project_id = :p", p=dev.project.id)) == 0
    assert len(await audited(dev, "account.deleted")) == 7


async def test_names_of_two_identities_of_one_provider_are_one_too_many(serve: Instance) -> None:
    (error,) = await load(serve, {"localId": "a", "providerUserInfo": [GOOGLE, GOOGLE]})
    assert error["index"] == 0


async def test_a_query_counts_sorts_and_pages(serve: Instance) -> None:
    await load(serve, *({"localId": n, "email": f"{9 - i}@example.org"} for i, n in enumerate("abc")))
    count = (await serve.admin("query", {"returnUserInfo": False})).json()
    by_email = {"returnUserInfo": True, "sortBy": "USER_EMAIL"}
    pages = [
        [u["localId"] for u in (await serve.admin("query", by_email | more)).json()["userInfo"]]
        for more in ({}, {"order": "DESC"}, {"offset": 1, "limit": 1})
    ]

    assert count["recordsCount"] == "3"
    assert pages == [["c", "b", "a"], ["a", "b", "c"], ["b"]]

"""batchGet, batchCreate, batchDelete and query (protocol sheet §3, admin bulk); a row per request."""

from typing import Any

import pytest

from harness import Instance
from web.wire import (
    KIND,
    LEGACY,
    PASSWORD,
    Facts,
    another,
    answer,
    at_project,
    bearer,
    found,
    not_served,
    refused,
    token_with,
)

PAGE = {"kind": f"{KIND}DownloadAccountResponse"}
UPLOADED = {"kind": f"{KIND}UploadAccountResponse"}


async def _page(dev: Instance, headers: dict[str, str] | None = None, **query: Any) -> Any:
    path = at_project(dev, "/accounts:batchGet")
    return await dev.http.get(path, params=query, headers=headers or dev.bearer)


async def _people(dev: Instance, *ids: str) -> None:
    await dev.admin("batchCreate", {"users": [{"localId": i, "email": f"{i}@example.org"} for i in ids]})


async def test_accounts_come_in_pages_of_which_the_full_ones_name_the_next(dev: Instance) -> None:
    await _people(dev, "a", "b", "c", "d")

    pages, token = [], ""
    for _ in range(3):
        reply = (await _page(dev, maxResults=2, nextPageToken=token)).json()
        pages.append([user["localId"] for user in reply.get("users", [])])
        token = reply.get("nextPageToken", "")

    assert (pages, token) == ([["a", "b"], ["c", "d"], []], "")


async def test_an_empty_project_has_an_empty_page(dev: Instance) -> None:
    assert answer(await _page(dev)) == (200, PAGE)


async def test_a_page_has_twenty_accounts_unless_it_is_told_otherwise(dev: Instance) -> None:
    await _people(dev, *(f"user{i:02}" for i in range(25)))

    assert len((await _page(dev)).json()["users"]) == 20


@pytest.mark.parametrize("size", ["0", "1001", "-1", "x", "1.5", "", "9" * 30, "²"])
async def test_a_page_size_that_is_none_is_refused(dev: Instance, size: str) -> None:
    reply = await _page(dev, maxResults=size)

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("size", [0, 1001, -1])
async def test_a_legacy_page_size_that_is_none_is_refused(dev: Instance, size: int) -> None:
    body = {"targetProjectId": dev.project.id, "maxResults": size}

    reply = await dev.http.post(f"{LEGACY}/downloadAccount", json=body, headers=dev.bearer)

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "x" + t[1:], lambda t: "%' OR 1=1 --"]
)
async def test_a39_a_page_token_that_was_changed_is_refused(dev: Instance, change: Any) -> None:
    await _people(dev, "a", "b")
    token = (await _page(dev, maxResults=1)).json()["nextPageToken"]

    assert answer(await _page(dev, nextPageToken=change(token))) == refused("INVALID_PAGE_SELECTION")


async def test_a39_a_page_token_of_another_project_is_refused(dev: Instance) -> None:
    other = await another(dev)
    await _people(other, "a", "b")
    token = (await _page(other, maxResults=1)).json()["nextPageToken"]

    assert answer(await _page(dev, nextPageToken=token)) == refused("INVALID_PAGE_SELECTION")


async def test_hashes_are_exported_only_to_who_may_do_everything(dev: Instance) -> None:
    await dev.sign_up("ada@example.org", PASSWORD)
    reader = await token_with(dev, f"{dev.project.id}:write")

    everything = (await _page(dev)).json()["users"][0]
    less = (await _page(dev, reader)).json()["users"][0]

    assert less["passwordHash"] == "UkVEQUNURUQ="
    assert len(everything["passwordHash"]) > 40


async def test_an_import_writes_what_it_is_given(dev: Instance) -> None:
    given = {
        "localId": "bob",
        "email": "bob@example.org",
        "emailVerified": True,
        "displayName": "Bob",
        "photoUrl": "https://example.org/bob.png",
        "phoneNumber": "+15555550100",
        "disabled": True,
        "customAttributes": '{"role":"editor"}',
        "createdAt": "1500000000000",
        "lastLoginAt": "1500000000001",
        "validSince": "1500000000",
    }
    identity = {"providerId": "google.com", "rawId": "1", "email": "bob@gmail.example", "displayName": "Bobby"}
    reply = await dev.admin("batchCreate", {"users": [{**given, "providerUserInfo": [identity]}]})

    user = await found(dev, "bob")

    assert answer(reply) == (200, UPLOADED)
    assert {name: user[name] for name in given} == given
    assert user["providerUserInfo"][0] == identity


ROWS = [
    ({}, "localId is missing"),
    ({"localId": ""}, "localId is missing"),
    ({"localId": "x", "email": "x"}, "email is invalid"),
    ({"localId": "x", "phoneNumber": "1"}, "phone number format is invalid"),
    ({"localId": "x", "customAttributes": "["}, "Invalid custom claims provided."),
    ({"localId": "x", "customAttributes": '{"iss":1}'}, "Invalid custom claims provided."),
    ({"localId": "x", "customAttributes": '{"a":"' + "x" * 999 + '"}'}, "Invalid custom claims provided."),
    ({"localId": "x", "providerUserInfo": [{"rawId": "1"}]}, "federatedId or (providerId & rawId) is required"),
    ({"localId": "x", "providerUserInfo": [{"providerId": "a.b"}]}, "federatedId or (providerId & rawId) is required"),
    ({"localId": "x", "displayName": "x" * 257}, "display name is too long"),
    ({"localId": "x", "photoUrl": "javascript:alert(1)"}, "photo url is invalid"),
    (
        {"localId": "x", "providerUserInfo": [{"providerId": "a.b", "rawId": "1", "photoUrl": "data:text/html,x"}]},
        "photo url is invalid",
    ),
    ({"localId": "ada"}, "localId belongs to an existing account - can not overwrite."),
    ({"localId": "x", "email": "ADA@example.org"}, "email exists in other account in database"),
    ({"localId": "x", "phoneNumber": "+15555550100"}, "phone number exists in other account in database"),
    (
        {"localId": "x", "providerUserInfo": [{"providerId": "google.com", "rawId": "1"}]},
        "raw id exists in other account in database",
    ),
]


async def test_a_row_that_is_refused_is_named_and_does_not_stop_the_others(dev: Instance) -> None:
    ada = {"localId": "ada", "email": "ada@example.org", "phoneNumber": "+15555550100"}
    identity = {"providerId": "google.com", "rawId": "1"}
    await dev.admin("batchCreate", {"users": [{**ada, "providerUserInfo": [identity]}]})

    for row, message in ROWS:
        await dev.admin("batchDelete", {"localIds": ["last"], "force": True})
        reply = await dev.admin("batchCreate", {"users": [row, {"localId": "last"}]})
        assert answer(reply) == (200, {**UPLOADED, "error": [{"index": 0, "message": message}]})
        assert (await found(dev, "last"))["localId"] == "last"


WHOLE = [
    ("nobody", {}, "MISSING_USER_ACCOUNT"),
    ("an empty list", {"users": []}, "MISSING_USER_ACCOUNT"),
    ("an id twice", {"users": [{"localId": "a"}, {"localId": "a"}]}, "DUPLICATE_LOCAL_ID : a"),
    (
        "an address twice",
        {"users": [{"localId": "a", "email": "x@y"}, {"localId": "b", "email": "X@y"}], "sanityCheck": True},
        "DUPLICATE_EMAIL : x@y",
    ),
    (
        "an identity twice",
        {
            "users": [{"localId": i, "providerUserInfo": [{"providerId": "g", "rawId": "1"}]} for i in "ab"],
            "sanityCheck": True,
        },
        "DUPLICATE_RAW_ID : g:1",
    ),
    ("too many", {"users": [{"localId": str(i)} for i in range(1001)]}, "LOCAL_ID_LIST_EXCEEDS_LIMIT"),
]


@pytest.mark.parametrize(("case", "body", "code"), WHOLE, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_import_that_is_wrong_as_a_whole_is_refused(desk: Instance, case: str, body: Any, code: str) -> None:
    assert answer(await desk.admin("batchCreate", body)) == refused(code)


async def test_an_import_overwrites_where_it_is_asked_to(dev: Instance) -> None:
    await _people(dev, "bob")
    body = {"users": [{"localId": "bob", "displayName": "Bob"}], "allowOverwrite": True}

    assert answer(await dev.admin("batchCreate", body)) == (200, UPLOADED)
    assert "email" not in await found(dev, "bob")


LATER = [
    {"users": [{"localId": "a", "passwordHash": "eHg"}], "hashAlgorithm": "SHA256"},
    {"users": [{"localId": "a", "rawPassword": "correct horse"}]},
    {"users": [{"localId": "a", "mfaInfo": [{"phoneInfo": "+15555550100"}]}]},
    {"users": [{"localId": "a", "tenantId": "t"}]},
    {"users": [{"localId": "a"}], "tenantId": "t"},
]


@pytest.mark.parametrize("body", LATER, ids=["hashes", "passwords", "second factors", "tenants", "a tenant"])
async def test_what_belongs_to_a_later_version_is_not_served_and_nothing_is_written(dev: Instance, body: Facts) -> None:
    assert not_served(await dev.admin("batchCreate", body))
    assert answer(await _page(dev)) == (200, PAGE)


async def test_an_import_without_passwords_may_name_a_hash(dev: Instance) -> None:
    body = {"users": [{"localId": "a"}], "hashAlgorithm": "SHA256", "rounds": 1}

    assert answer(await dev.admin("batchCreate", body)) == (200, UPLOADED)


async def test_deleting_many_asks_that_they_are_disabled_unless_forced(dev: Instance) -> None:
    await _people(dev, "a", "b")
    await dev.admin("update", {"localId": "b", "disableUser": True})
    refusal = {"index": 0, "localId": "a", "message": "NOT_DISABLED : Disable the account before batch deletion."}

    assert answer(await dev.admin("batchDelete", {"localIds": ["a", "nobody", "b"]})) == (200, {"errors": [refusal]})
    assert answer(await dev.admin("batchDelete", {"localIds": ["a"], "force": True})) == (200, {})
    assert answer(await _page(dev)) == (200, PAGE)


async def test_deleting_too_many_is_refused(dev: Instance) -> None:
    body = {"localIds": ["a"] * 1001, "force": True}

    assert answer(await dev.admin("batchDelete", body)) == refused("LOCAL_ID_LIST_EXCEEDS_LIMIT")


QUERIES: list[tuple[Facts, list[str]]] = [
    ({}, ["a", "b", "c"]),
    ({"sortBy": "USER_ID", "order": "DESC"}, ["c", "b", "a"]),
    ({"sortBy": 1, "order": 2}, ["c", "b", "a"]),
    ({"sort_by": "USER_EMAIL", "order": "ASC"}, ["a", "b", "c"]),
    ({"sortBy": "NAME"}, ["a", "b", "c"]),
    ({"sortBy": "CREATED_AT"}, ["a", "b", "c"]),
    ({"sortBy": "LAST_LOGIN_AT"}, ["a", "b", "c"]),
    ({"limit": "2"}, ["a", "b"]),
    ({"limit": 2, "offset": "1"}, ["b", "c"]),
    ({"limit": 100_000}, ["a", "b", "c"]),
    ({"expression": [{"email": "B@example.org"}]}, ["b"]),
    ({"expression": [{"userId": "c"}]}, ["c"]),
    ({"expression": [{"phoneNumber": "+15555550100"}]}, []),
    ({"expression": [{"email": "%"}]}, None),
    ({"expression": [{"userId": "%"}]}, []),
    ({"expression": [{"userId": "_"}]}, []),
]  # type: ignore[list-item]
WRONG_QUERIES: list[Facts] = [
    {"sortBy": "email; DROP TABLE accounts"},
    {"sortBy": "NOPE"},
    {"order": "SIDEWAYS"},
    {"sortBy": 99},
    {"limit": -1},
    {"offset": -1},
    {"offset": 2**63},
    {"expression": [{}]},
    {"expression": [{"displayName": "a"}]},
]


async def test_a39_a_query_returns_what_it_names_and_treats_wildcards_as_text(dev: Instance) -> None:
    await _people(dev, "a", "b", "c")

    for body, ids in QUERIES:
        reply = await dev.admin("query", body)
        if ids is None:
            assert answer(reply) == refused("INVALID_EMAIL")
            continue
        users = [user["localId"] for user in reply.json().get("userInfo", [])]
        assert (users, reply.json()["recordsCount"]) == (ids, str(len(ids)))


@pytest.mark.parametrize("body", WRONG_QUERIES, ids=str)
async def test_a39_a_query_that_is_none_is_refused(dev: Instance, body: Facts) -> None:
    reply = await dev.admin("query", body)

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("name", ["/accounts:query", ":queryAccounts"])
async def test_a_query_counts_under_both_names(dev: Instance, name: str) -> None:
    await _people(dev, "a", "b")

    reply = await dev.http.post(at_project(dev, name), json={"returnUserInfo": False}, headers=dev.bearer)

    assert answer(reply) == (200, {"recordsCount": "2"})


async def test_a_query_with_several_conditions_is_not_served(dev: Instance) -> None:
    assert not_served(await dev.admin("query", {"expression": [{"userId": "a"}, {"userId": "b"}]}))


@pytest.mark.parametrize("name", ["downloadAccount", "uploadAccount"])
async def test_the_legacy_names_want_the_project_in_the_body(dev: Instance, name: str) -> None:
    reply = await dev.http.post(f"{LEGACY}/{name}", json={"users": [{"localId": "a"}]}, headers=dev.bearer)

    assert answer(reply) == refused("INSUFFICIENT_PERMISSION")


async def test_the_legacy_names_import_and_export(dev: Instance) -> None:
    named = {"targetProjectId": dev.project.id}
    up = await dev.http.post(f"{LEGACY}/uploadAccount", json={**named, "users": [{"localId": "a"}]}, headers=dev.bearer)
    down = await dev.http.post(f"{LEGACY}/downloadAccount", json={**named, "maxResults": "5"}, headers=dev.bearer)

    assert answer(up) == (200, UPLOADED)
    assert [user["localId"] for user in down.json()["users"]] == ["a"]


@pytest.mark.parametrize("name", ["downloadAccount", "uploadAccount"])
async def test_a08_the_legacy_names_refuse_the_token_of_another_project(dev: Instance, name: str) -> None:
    other = await token_with(dev, "another:all")
    body = {"targetProjectId": dev.project.id, "users": [{"localId": "a"}]}

    assert (await dev.http.post(f"{LEGACY}/{name}", json=body, headers=other)).status_code == 403
    assert (await dev.http.post(f"{LEGACY}/{name}", json=body, headers=bearer("x"))).status_code == 401

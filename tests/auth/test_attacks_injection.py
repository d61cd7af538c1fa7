"""Text is text: metacharacters of SQL, of patterns and of our own tokens do nothing (A39)."""

import base64
import json
from typing import Any

import httpx
import pytest

from auth.sharing import own_project, rows
from harness import V1, Instance, message

HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE accounts; --",
    '" OR ""="',
    "%",
    "_",
    "%%",
    "a%",
    "\\",
    "\\'",
    "*",
    "?",
    ":email",
    "$1",
    "{0}",
    "%s",
    "NULL",
    "/* */",
    "Robert'); DELETE FROM accounts;--",
]


async def users(instance: Instance, **query: Any) -> list[str]:
    reply = await instance.admin("query", {"returnUserInfo": True, **query})
    assert reply.status_code == 200, reply.text
    return [user["localId"] for user in reply.json().get("userInfo", [])]


async def page(instance: Instance, token: str = "", most: int = 2) -> httpx.Response:
    path = f"{V1}/projects/{instance.project.id}/accounts:batchGet"
    return await instance.http.get(path, params={"maxResults": most, "nextPageToken": token}, headers=instance.bearer)


async def test_a39_metacharacters_in_ids_and_names_are_kept_and_found_as_they_are(serve: Instance) -> None:
    for number, text in enumerate(HOSTILE):
        made = await serve.admin("", {"localId": f"{number}{text}", "displayName": text})
        assert made.status_code == 200, made.text

    for number, text in enumerate(HOSTILE):
        found = (await serve.admin("lookup", {"localId": [f"{number}{text}"]})).json()["users"]
        assert [(u["localId"], u["displayName"]) for u in found] == [(f"{number}{text}", text)]
        assert await users(serve, expression=[{"userId": f"{number}{text}"}]) == [f"{number}{text}"]


async def test_a39_no_pattern_in_a_query_matches_what_it_does_not_name(serve: Instance) -> None:
    await serve.sign_up("ann@example.org")

    for text in HOSTILE:
        assert "users" not in (await serve.admin("lookup", {"localId": [text]})).json()
        assert "users" not in (await serve.admin("lookup", {"phoneNumber": [text]})).json()
        identity = {"providerId": text, "rawId": text}
        assert "users" not in (await serve.admin("lookup", {"federatedUserId": [identity]})).json()
        assert await users(serve, expression=[{"userId": text}]) == []


@pytest.mark.parametrize(
    "local", ["%", "_", "a_n", "an%", "%n%", "o'hara", "x'--", "a*", "?", "a{}", "a=b", "a|b", "`a`"]
)
async def test_a39_metacharacters_in_addresses_are_letters(serve: Instance, local: str) -> None:
    await serve.sign_up("ann@example.org")
    email = f"{local}@example.org"
    absent = (await serve.admin("lookup", {"email": [email]})).json()
    made = await serve.sign_up(email)

    assert "users" not in absent
    assert await users(serve, expression=[{"email": email}]) == [made["localId"]]
    body = {"email": email, "password": "correct horse"}
    assert (await serve.call("signInWithPassword", body)).json()["localId"] == made["localId"]


@pytest.mark.parametrize("name", ["sortBy", "order"])
async def test_a39_the_order_of_a_query_is_one_of_a_list(serve: Instance, name: str) -> None:
    await serve.sign_up()

    for text in ["id; DROP TABLE accounts", "(SELECT password)", "password", "1", "", "id DESC", "99"]:
        reply = await serve.admin("query", {"returnUserInfo": True, name: text})
        assert reply.status_code in {200, 400}, (text, reply.text)
    assert len(await rows(serve, "accounts", "project_id = :p", p=serve.project.id)) == 1


@pytest.mark.parametrize("number", [-1, 0, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63), "1; DROP TABLE accounts"])
async def test_a39_a_number_out_of_range_breaks_nothing(serve: Instance, number: Any) -> None:
    user = await serve.sign_up()
    replies = [
        await serve.admin("query", {"returnUserInfo": True, "limit": number}),
        await serve.admin("query", {"returnUserInfo": True, "offset": number}),
        await serve.admin("update", {"localId": user["localId"], "lastLoginAt": number}),
        await serve.admin("update", {"localId": user["localId"], "createdAt": number}),
        await serve.admin("update", {"localId": user["localId"], "validSince": number}),
        await serve.admin("lookup", {"localId": [user["localId"]]}),
        await serve.admin("query", {"returnUserInfo": True}),
        await serve.refresh(user["refreshToken"]),
        await page(serve),
    ]

    assert [r.status_code for r in replies if r.status_code >= 500] == []
    assert (await serve.admin("lookup", {"localId": [user["localId"]]})).status_code == 200


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\u202e", "\ufeff", "a\r\nb", "\U0001f600", "\ufffe"])
async def test_a39_characters_that_a_database_cannot_keep_are_refused_and_break_nothing(
    serve: Instance, text: str
) -> None:
    user = await serve.sign_up()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("signUp", {"email": f"{text}@example.org", "password": "correct horse"}),
        ("signUp", {"email": "x@example.org", "password": text * 8}),
        ("signUp", {"email": "y@example.org", "password": "correct horse", "displayName": text}),
        ("signInWithPassword", {"email": user["email"], "password": text}),
        ("update", {"idToken": user["idToken"], "displayName": text}),
        ("update", {"idToken": user["idToken"], "photoUrl": f"https://example.org/{text}"}),
        ("update", {"idToken": user["idToken"], "deleteProvider": [text]}),
        ("update", {"idToken": user["idToken"], "deleteAttribute": [text]}),
        ("update", {"oobCode": text}),
        ("resetPassword", {"oobCode": text, "newPassword": "another horse"}),
        ("signInWithCustomToken", {"token": text}),
        ("lookup", {"idToken": text}),
        ("createAuthUri", {"identifier": f"{text}@example.org", "continueUri": f"http://localhost/{text}"}),
    ]
    admin: list[tuple[str, dict[str, Any]]] = [
        ("", {"localId": text}),
        ("", {"displayName": text}),
        ("lookup", {"localId": [text], "email": [text], "phoneNumber": [text]}),
        ("lookup", {"federatedUserId": [{"providerId": text, "rawId": text}]}),
        ("update", {"localId": user["localId"], "customAttributes": '{"a":"' + text.replace("\x00", "\\u0000") + '"}'}),
        ("update", {"localId": user["localId"], "linkProviderUserInfo": {"providerId": "x.com", "rawId": text}}),
        ("update", {"localId": text, "displayName": "x"}),
        ("delete", {"localId": text}),
        ("batchCreate", {"users": [{"localId": text or "x", "displayName": text}]}),
        ("batchDelete", {"localIds": [text]}),
        ("query", {"returnUserInfo": True, "expression": [{"userId": text}]}),
    ]

    replies = [(c, await post(serve, c, body, {"key": serve.project.api_keys[0]}, {})) for c, body in calls]
    base = f"projects/{serve.project.id}/"
    replies += [(c, await post(serve, c, body, {}, serve.bearer, base)) for c, body in admin]

    assert [(c, r.text) for c, r in replies if r.status_code >= 500] == []
    assert (await page(serve)).status_code == 200


async def post(
    instance: Instance, call: str, body: Any, key: dict[str, str], bearer: dict[str, str], base: str = ""
) -> httpx.Response:
    """POST a body whose text may be none: escapes say what UTF-8 cannot."""
    raw = json.dumps(body).encode("ascii")
    path = f"{V1}/{base}accounts{':' + call if call else ''}"
    return await instance.http.post(path, params=key, content=raw, headers=bearer)


# ---- page tokens


async def test_pages_lead_through_every_account_once(serve: Instance) -> None:
    made = {(await serve.sign_up())["localId"] for _ in range(5)}
    seen: list[str] = []
    token = ""
    while True:
        reply = (await page(serve, token)).json()
        seen += [user["localId"] for user in reply.get("users", [])]
        if not (token := reply.get("nextPageToken", "")):
            break

    assert seen == sorted(made)


async def test_a39_a_page_token_cannot_be_made_or_changed(serve: Instance, shared_serve: Instance) -> None:
    other = await own_project(shared_serve)
    for _ in range(3):
        await serve.sign_up()
        await other.sign_up()
    good = (await page(serve)).json()["nextPageToken"]
    raw = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    forged = [
        (await page(other)).json()["nextPageToken"],
        base64.urlsafe_b64encode(b"0").decode().rstrip("="),
        base64.urlsafe_b64encode(raw[:2] + b"0" * len(raw[2:])).decode().rstrip("="),
        base64.urlsafe_b64encode(raw[:5] + b"%" + raw[6:]).decode().rstrip("="),
        good[:-1],
        good + "A",
        good + "=",
        good.swapcase(),
        *HOSTILE,
        "A" * 3000,
    ]

    answers = {token: message(await page(serve, token)) for token in forged}

    assert set(answers.values()) == {"INVALID_PAGE_SELECTION"}
    assert (await page(serve, good)).status_code == 200


@pytest.mark.parametrize("most", ["0", "-1", "1001", "1e3", "x", "9999999999999", "1 OR 1=1", "٣"])
async def test_a39_the_size_of_a_page_is_a_number_in_range(serve: Instance, most: Any) -> None:
    assert (await page(serve, most=most)).status_code == 400

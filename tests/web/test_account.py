"""accounts:lookup, update, delete and createSessionCookie (protocol sheet §3, §2.5, §2.6); a row per request."""

from typing import Any

import pytest

from ecrin.base.clock import MINUTE, SECOND, seconds
from harness import Instance
from web.wire import (
    KIND,
    PASSWORD,
    Facts,
    another,
    answer,
    at_project,
    claims,
    code_for,
    filled,
    found,
    look_up,
    not_served,
    refused,
)

REDACTED = "UkVEQUNURUQ="
WEAK = "WEAK_PASSWORD : Password should be at least 6 characters"
NOTHING = {"kind": f"{KIND}GetAccountInfoResponse"}


async def test_a_user_looks_up_the_own_account_without_a_usable_hash(dev: Instance, ada: Facts) -> None:
    now = dev.clock.now()
    provider = {"providerId": "password", "rawId": ada["email"], "federatedId": ada["email"], "email": ada["email"]}

    assert answer(await dev.call("lookup", {"idToken": ada["idToken"]})) == (
        200,
        {
            "kind": f"{KIND}GetAccountInfoResponse",
            "users": [
                {
                    "localId": ada["localId"],
                    "email": ada["email"],
                    "emailVerified": False,
                    "disabled": False,
                    "createdAt": str(now),
                    "lastLoginAt": str(now),
                    "passwordHash": REDACTED,
                    "passwordUpdatedAt": now,
                    "providerUserInfo": [provider],
                }
            ],
        },
    )


LOOKUP_REFUSED = [
    ("nothing", {}, "MISSING_ID_TOKEN"),
    ("a bad token", {"idToken": "x"}, "INVALID_ID_TOKEN"),
    ("a refresh token", {"idToken": "$refreshToken"}, "INVALID_ID_TOKEN"),
    ("an id, from a client", {"localId": ["$localId"]}, "MISSING_ID_TOKEN"),
    ("an address, from a client", {"email": ["$email"]}, "MISSING_ID_TOKEN"),
]


@pytest.mark.parametrize(("case", "body", "code"), LOOKUP_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_look_up_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("lookup", filled(body, ann))) == refused(code)


LOOKUP_FOUND = [
    ("an id", {"localId": ["$localId"]}),
    ("an address in capitals", {"email": ["ADA@EXAMPLE.ORG"]}),
    ("the same twice", {"localId": ["$localId", "$localId"], "email": ["$email"]}),
    ("snake_case", {"local_id": ["$localId"]}),
    ("an ID token", {"idToken": "$idToken"}),
]
LOOKUP_NOTHING = [
    ("an unknown id", {"localId": ["nobody"]}),
    ("no address at all", {"email": ["ada"]}),
    ("an unknown number", {"phoneNumber": ["+15555550100"]}),
    ("an unknown identity", {"federatedUserId": [{"providerId": "google.com", "rawId": "1"}]}),
    ("an unknown first address", {"initialEmail": ["bob@example.org"]}),
    ("nothing", {}),
]


@pytest.mark.parametrize(("case", "body"), LOOKUP_FOUND, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_administrator_finds_an_account_once(desk: Instance, ann: Facts, case: str, body: Any) -> None:
    reply = await desk.admin("lookup", filled(body, ann))

    assert [user["localId"] for user in reply.json()["users"]] == [ann["localId"]]


@pytest.mark.parametrize(("case", "body"), LOOKUP_NOTHING, ids=lambda v: v if isinstance(v, str) else "")
async def test_users_is_left_out_where_nobody_is_found(desk: Instance, case: str, body: Any) -> None:
    assert answer(await desk.admin("lookup", body)) == (200, NOTHING)


async def test_more_than_a_thousand_names_are_refused_and_none_is_dropped(dev: Instance) -> None:
    body = {"localId": ["a"] * 600, "email": ["a@b"] * 401}

    assert answer(await dev.admin("lookup", body)) == refused("LOCAL_ID_LIST_EXCEEDS_LIMIT")


async def test_an_account_is_found_by_its_number_its_identity_and_its_first_address(dev: Instance, ada: Facts) -> None:
    identity = {"providerId": "google.com", "rawId": "123"}
    link = {"linkProviderUserInfo": identity, "phoneNumber": "+15555550100", "email": "lovelace@example.org"}
    await dev.admin("update", {"localId": ada["localId"], **link})

    for body in (
        {"phoneNumber": ["+15555550100"]},
        {"federatedUserId": [identity]},
        {"initialEmail": ["ada@example.org"]},
    ):
        reply = await dev.admin("lookup", body)
        assert [user["localId"] for user in reply.json()["users"]] == [ada["localId"]]


UPDATE_REFUSED = [
    ("nothing", {}, "INVALID_REQ_TYPE"),
    ("an id, from a client", {"localId": "$localId", "displayName": "A"}, "INVALID_REQ_TYPE"),
    ("a bad token", {"idToken": "x"}, "INVALID_ID_TOKEN"),
    ("no address at all", {"idToken": "$idToken", "email": "ada"}, "INVALID_EMAIL"),
    ("an empty address", {"idToken": "$idToken", "email": ""}, "INVALID_EMAIL"),
    ("an address in use", {"idToken": "$idToken", "email": "bob@example.org"}, "EMAIL_EXISTS"),
    ("a weak password", {"idToken": "$idToken", "password": "abc"}, WEAK),
    ("an empty password", {"idToken": "$idToken", "password": ""}, "MISSING_PASSWORD"),
    ("a name too long", {"idToken": "$idToken", "displayName": "x" * 257}, "INVALID_DISPLAY_NAME"),
    ("a photo that runs", {"idToken": "$idToken", "photoUrl": "javascript:alert(1)"}, "INVALID_PHOTO_URL"),
    ("another code", {"oobCode": "junk"}, "INVALID_OOB_CODE"),
]
UPDATE_DONE = [
    ("nothing", {}, {}),
    ("a name and a photo", {"displayName": "Bo", "photoUrl": "http://a.b/c"}, {"displayName": "Bo"}),
    ("a name in snake_case", {"display_name": "Bo"}, {"displayName": "Bo"}),
    ("an empty name", {"displayName": ""}, {"displayName": None}),
    ("a null, which leaves it", {"displayName": None, "photoUrl": None}, {"displayName": "Ada"}),
    ("a name taken away", {"deleteAttribute": ["DISPLAY_NAME"]}, {"displayName": None}),
    ("a name taken away by index", {"deleteAttribute": [2]}, {"displayName": None}),
    ("an attribute by no name", {"deleteAttribute": [0]}, {"displayName": "Ada"}),
]


@pytest.mark.parametrize(("case", "body", "code"), UPDATE_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_change_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    await desk.sign_up("bob@example.org")

    assert answer(await desk.call("update", filled(body, ann))) == refused(code)


@pytest.mark.parametrize(("case", "body", "after"), UPDATE_DONE, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_user_changes_the_own_profile(
    desk: Instance, ann: Facts, case: str, body: Any, after: dict[str, Any]
) -> None:
    await desk.call("update", {"idToken": ann["idToken"], "displayName": "Ada"})

    reply = (await desk.call("update", {"idToken": ann["idToken"], **body})).json()
    user = await look_up(desk, ann["idToken"])

    assert reply["kind"] == f"{KIND}SetAccountInfoResponse"
    assert "idToken" not in reply
    assert all(user.get(name) == value == reply.get(name) for name, value in after.items())


@pytest.mark.parametrize("attribute", ["NOPE", 99, -1])
async def test_an_attribute_that_there_is_not_is_refused(dev: Instance, ada: Facts, attribute: Any) -> None:
    reply = await dev.call("update", {"idToken": ada["idToken"], "deleteAttribute": [attribute]})

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


A18_IGNORED: list[Facts] = [
    {"emailVerified": True},
    {"phoneNumber": "+15555550100"},
    {"validSince": "1"},
    {"createdAt": "1"},
    {"lastLoginAt": "1"},
    {"localId": "bob"},
    {"disableUser": False},
    {"mfa": {}},
]
A18_REFUSED = [
    ({"disableUser": True}, "OPERATION_NOT_ALLOWED"),
    ({"customAttributes": '{"admin":true}'}, "INSUFFICIENT_PERMISSION"),
    ({"linkProviderUserInfo": {"providerId": "google.com", "rawId": "1"}}, "INSUFFICIENT_PERMISSION"),
]


@pytest.mark.parametrize("wish", A18_IGNORED, ids=lambda v: next(iter(v)))
async def test_a18_what_a_user_may_not_set_is_ignored(dev: Instance, ada: Facts, wish: Facts) -> None:
    before = await look_up(dev, ada["idToken"])

    reply = await dev.call("update", {"idToken": ada["idToken"], **wish})

    assert reply.status_code == 200
    assert await look_up(dev, ada["idToken"]) == before


@pytest.mark.parametrize(("wish", "code"), A18_REFUSED, ids=lambda v: next(iter(v)))
async def test_a18_what_a_user_may_not_set_is_refused(dev: Instance, ada: Facts, wish: Facts, code: str) -> None:
    assert answer(await dev.call("update", {"idToken": ada["idToken"], **wish})) == refused(code)
    assert "customAttributes" not in await look_up(dev, ada["idToken"])


@pytest.mark.parametrize("more", [{"tenantId": "t"}, {"mfa": {"enrollments": [{"phoneInfo": "+15555550100"}]}}])
async def test_a18_what_belongs_to_a_later_version_is_not_served(dev: Instance, ada: Facts, more: Facts) -> None:
    assert not_served(await dev.call("update", {"idToken": ada["idToken"], **more}))


@pytest.mark.parametrize("wish", [{"password": "battery staple"}, {"email": "lovelace@example.org"}])
async def test_a_new_password_or_address_ends_the_old_tokens_and_gives_new_ones(
    dev: Instance, ada: Facts, wish: dict[str, str]
) -> None:
    dev.clock.tick(2 * SECOND)
    reply = (await dev.call("update", {"idToken": ada["idToken"], **wish})).json()

    assert answer(await dev.call("lookup", {"idToken": ada["idToken"]})) == refused("TOKEN_EXPIRED")
    assert answer(await dev.refresh(ada["refreshToken"])) == refused("TOKEN_EXPIRED")
    assert (await look_up(dev, reply["idToken"]))["localId"] == ada["localId"]
    assert reply.get("newEmail") == wish.get("email")


async def test_a_new_address_is_unverified_and_the_first_one_is_kept(dev: Instance, ada: Facts) -> None:
    reply = (await dev.call("update", {"idToken": ada["idToken"], "email": "lovelace@example.org"})).json()

    user = await look_up(dev, reply["idToken"])

    assert (user["initialEmail"], user["emailVerified"]) == ("ada@example.org", False)


async def test_serve_wants_a_new_address_proved_first(serve: Instance) -> None:
    user = await serve.sign_up("ada@example.org")
    code = "OPERATION_NOT_ALLOWED : Please verify the new email before changing email."

    assert answer(await serve.call("update", {"idToken": user["idToken"], "email": "b@example.org"})) == refused(code)


@pytest.mark.parametrize("name", ["update", "delete"])
async def test_serve_wants_a_fresh_sign_in_for_what_is_sensitive(serve: Instance, name: str) -> None:
    user = await serve.sign_up()
    serve.clock.tick(6 * MINUTE)
    body = {"idToken": user["idToken"], "password": "battery staple"}

    assert answer(await serve.call(name, body)) == refused("CREDENTIAL_TOO_OLD_LOGIN_AGAIN")


async def test_the_code_of_a_mail_verifies_the_address_for_whoever_holds_it(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "VERIFY_EMAIL", ada["email"])

    reply = (await dev.call("update", {"oobCode": code})).json()

    assert (reply["localId"], reply["emailVerified"]) == (ada["localId"], True)
    assert "idToken" not in reply
    assert "newEmail" not in reply


async def test_the_code_of_a_mail_changes_the_address(dev: Instance, ada: Facts) -> None:
    code = await code_for(dev, "VERIFY_AND_CHANGE_EMAIL", ada["email"], newEmail="lovelace@example.org")

    reply = (await dev.call("update", {"oobCode": code})).json()

    assert (reply["email"], reply["newEmail"], reply["emailVerified"]) == (*2 * ("lovelace@example.org",), True)


@pytest.mark.parametrize("name", ["update", "resetPassword"])
async def test_a08_a_code_of_one_project_is_none_in_another(dev: Instance, ada: Facts, name: str) -> None:
    kind = "VERIFY_EMAIL" if name == "update" else "PASSWORD_RESET"
    code = await code_for(dev, kind, ada["email"])
    other = await another(dev)

    reply = await other.call(name, {"oobCode": code, "newPassword": PASSWORD})

    assert answer(reply) == refused("INVALID_OOB_CODE")


ADMIN_REFUSED = [
    ("no id", {"displayName": "A"}, "MISSING_LOCAL_ID"),
    ("an unknown id", {"localId": "nobody", "displayName": "A"}, "USER_NOT_FOUND"),
    ("claims that are no JSON", {"localId": "$localId", "customAttributes": "x"}, "INVALID_CLAIMS"),
    ("claims that are no object", {"localId": "$localId", "customAttributes": "[]"}, "INVALID_CLAIMS"),
    ("a claim that tokens need", {"localId": "$localId", "customAttributes": '{"aud":1}'}, "FORBIDDEN_CLAIM : aud"),
    ("claims too large", {"localId": "$localId", "customAttributes": '{"a":"' + "x" * 999 + '"}'}, "CLAIMS_TOO_LARGE"),
    ("an address in use", {"localId": "$localId", "email": "bob@example.org"}, "EMAIL_EXISTS"),
    ("a number in use", {"localId": "$localId", "phoneNumber": "+15555550100"}, "PHONE_NUMBER_EXISTS"),
    ("a number that is none", {"localId": "$localId", "phoneNumber": "1"}, "INVALID_PHONE_NUMBER : Invalid format."),
    ("a weak password", {"localId": "$localId", "password": "abc"}, WEAK),
    (
        "an identity in use",
        {"localId": "$localId", "linkProviderUserInfo": {"providerId": "google.com", "rawId": "1"}},
        0,
    ),
    (
        "an identity of no provider",
        {"localId": "$localId", "linkProviderUserInfo": {"rawId": "1"}},
        "MISSING_PROVIDER_ID",
    ),
    ("an identity of nobody", {"localId": "$localId", "linkProviderUserInfo": {"providerId": "x.y"}}, "MISSING_RAW_ID"),
]


@pytest.mark.parametrize(("case", "body", "code"), ADMIN_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_administrator_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    await desk.admin("", {"localId": "bob", "email": "bob@example.org", "phoneNumber": "+15555550100"})
    await desk.admin("update", {"localId": "bob", "linkProviderUserInfo": {"providerId": "google.com", "rawId": "1"}})

    wanted = refused(code or "FEDERATED_USER_ID_ALREADY_LINKED")

    assert answer(await desk.admin("update", filled(body, ann))) == wanted


ADMIN_DONE = [
    ("a name", {"displayName": "Bo"}, {"displayName": "Bo"}),
    ("a verified address", {"emailVerified": True}, {"emailVerified": True}),
    ("a disabled user", {"disableUser": True}, {"disabled": True}),
    ("claims", {"customAttributes": '{"role": "editor"}'}, {"customAttributes": '{"role":"editor"}'}),
    ("no claims", {"customAttributes": "{}"}, {"customAttributes": None}),
    ("a time as text", {"validSince": "1700000000"}, {"validSince": "1700000000"}),
    ("a time as a number", {"validSince": 1700000000}, {"validSince": "1700000000"}),
    ("when it was made", {"createdAt": "1500000000000"}, {"createdAt": "1500000000000"}),
    ("when it signed in", {"lastLoginAt": 1500000000001}, {"lastLoginAt": "1500000000001"}),
    ("a number", {"phoneNumber": "+15555550100"}, {"phoneNumber": "+15555550100"}),
    ("no second factors", {"mfa": {}}, {}),
    ("no second factors, said otherwise", {"mfa": {"enrollments": []}}, {}),
]


@pytest.mark.parametrize(("case", "body", "after"), ADMIN_DONE, ids=lambda v: v if isinstance(v, str) else "")
async def test_an_administrator_changes_an_account(
    desk: Instance, ann: Facts, case: str, body: Any, after: dict[str, Any]
) -> None:
    reply = await desk.admin("update", {"localId": ann["localId"], **body})
    user = await found(desk, ann["localId"])

    assert (reply.status_code, reply.json()["localId"]) == (200, ann["localId"])
    assert "idToken" not in reply.json()
    assert all(user.get(name) == value for name, value in after.items())


@pytest.mark.parametrize("name", ["validSince", "createdAt", "lastLoginAt"])
@pytest.mark.parametrize("value", [-1, 2**63, "99999999999999999999999", "x", 1.5, True])
async def test_a_time_that_is_none_is_refused(dev: Instance, ada: Facts, name: str, value: Any) -> None:
    reply = await dev.admin("update", {"localId": ada["localId"], name: value})

    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_identities_are_linked_and_unlinked_one_a_provider(dev: Instance, ada: Facts) -> None:
    for raw_id in ("1", "2"):
        link = {"providerId": "google.com", "rawId": raw_id, "email": "ada@gmail.example"}
        await dev.admin("update", {"localId": ada["localId"], "linkProviderUserInfo": link})
    linked = await found(dev, ada["localId"])
    await dev.admin("update", {"localId": ada["localId"], "deleteProvider": ["google.com"]})
    unlinked = await found(dev, ada["localId"])

    assert [(p["providerId"], p["rawId"]) for p in linked["providerUserInfo"]][1:] == [("google.com", "2")]
    assert [p["providerId"] for p in unlinked["providerUserInfo"]] == ["password"]


@pytest.mark.parametrize("asks", ["user", "administrator"])
async def test_unlinking_the_password_takes_the_address_too_and_the_user_stays_signed_in(
    desk: Instance, ann: Facts, asks: str
) -> None:
    desk.clock.tick(2 * SECOND)
    body = {"deleteProvider": ["password"]}
    if asks == "user":
        reply = await desk.call("update", {"idToken": ann["idToken"], **body})
    else:
        reply = await desk.admin("update", {"localId": ann["localId"], **body})
    user = await look_up(desk, ann["idToken"])

    assert reply.status_code == 200
    assert reply.json().keys() & {"email", "passwordHash", "providerUserInfo", "idToken"} == set()
    assert user.keys() & {"email", "passwordHash", "providerUserInfo", "emailLinkSignin"} == set()
    assert user["emailVerified"] is False
    assert (await desk.refresh(ann["refreshToken"])).status_code == 200


async def test_an_address_that_was_unlinked_is_free_for_others(dev: Instance, ada: Facts) -> None:
    await dev.call("update", {"idToken": ada["idToken"], "deleteProvider": ["password"]})
    refusal = await dev.call("signInWithPassword", {"email": ada["email"], "password": PASSWORD})

    other = await dev.sign_up(ada["email"])

    assert answer(refusal) == refused("EMAIL_NOT_FOUND")
    assert other["localId"] != ada["localId"]


@pytest.mark.parametrize("more", [{"password": "battery staple"}, {"email": "lovelace@example.org"}])
@pytest.mark.parametrize("asks", ["user", "administrator"])
async def test_what_is_set_and_unlinked_at_once_is_gone(
    dev: Instance, ada: Facts, asks: str, more: dict[str, str]
) -> None:
    body = {"deleteProvider": ["password"], **more}
    if asks == "user":
        await dev.call("update", {"idToken": ada["idToken"], **body})
    else:
        await dev.admin("update", {"localId": ada["localId"], **body})

    assert (await found(dev, ada["localId"])).keys() & {"email", "passwordHash"} == set()


async def test_one_identity_is_unlinked_and_another_linked_at_once(dev: Instance, ada: Facts) -> None:
    google, github = ({"providerId": name, "rawId": "1"} for name in ("google.com", "github.com"))
    await dev.admin("update", {"localId": ada["localId"], "linkProviderUserInfo": google})
    body = {"deleteProvider": ["google.com"], "linkProviderUserInfo": github}
    await dev.admin("update", {"localId": ada["localId"], **body})

    providers = [p["providerId"] for p in (await found(dev, ada["localId"]))["providerUserInfo"]]
    assert providers == ["password", "github.com"]


async def test_revoking_refresh_tokens_ends_what_was_issued_before(dev: Instance, ada: Facts) -> None:
    dev.clock.tick(2 * SECOND)
    await dev.admin("update", {"localId": ada["localId"], "validSince": str(seconds(dev.clock.now()))})

    assert answer(await dev.refresh(ada["refreshToken"])) == refused("TOKEN_EXPIRED")
    assert answer(await dev.call("lookup", {"idToken": ada["idToken"]})) == refused("TOKEN_EXPIRED")


async def test_second_factors_set_by_an_administrator_are_not_served(dev: Instance, ada: Facts) -> None:
    body = {"localId": ada["localId"], "mfa": {"enrollments": [{"phoneInfo": "+15555550100"}]}}

    assert not_served(await dev.admin("update", body))


DELETE_REFUSED = [
    ("nothing", {}, "MISSING_ID_TOKEN"),
    ("an id, from a client", {"localId": "$localId"}, "MISSING_ID_TOKEN"),
    ("a bad token", {"idToken": "x"}, "INVALID_ID_TOKEN"),
]


@pytest.mark.parametrize(("case", "body", "code"), DELETE_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_deletion_is_refused(desk: Instance, ann: Facts, case: str, body: Any, code: str) -> None:
    assert answer(await desk.call("delete", filled(body, ann))) == refused(code)


async def test_a_user_deletes_the_own_account_and_is_gone(dev: Instance, ada: Facts) -> None:
    reply = await dev.call("delete", {"idToken": ada["idToken"]})

    assert answer(reply) == (200, {"kind": f"{KIND}DeleteAccountResponse"})
    assert answer(await dev.call("lookup", {"idToken": ada["idToken"]})) == refused("USER_NOT_FOUND")
    assert answer(await dev.call("delete", {"idToken": ada["idToken"]})) == refused("USER_NOT_FOUND")


async def test_an_administrator_deletes_an_account_once(dev: Instance, ada: Facts) -> None:
    body = {"localId": ada["localId"]}

    assert answer(await dev.admin("delete", body)) == (200, {"kind": f"{KIND}DeleteAccountResponse"})
    assert answer(await dev.admin("delete", body)) == refused("USER_NOT_FOUND")
    assert answer(await dev.admin("delete", {})) == refused("MISSING_LOCAL_ID")


COOKIE_REFUSED = [
    ("nothing", {}, "MISSING_ID_TOKEN"),
    ("a bad token", {"idToken": "x"}, "INVALID_ID_TOKEN"),
    ("too short", {"idToken": "$idToken", "validDuration": "299"}, "INVALID_DURATION"),
    ("too long", {"idToken": "$idToken", "validDuration": "1209601"}, "INVALID_DURATION"),
    ("no time", {"idToken": "$idToken", "validDuration": 0}, "INVALID_DURATION"),
    ("a negative time", {"idToken": "$idToken", "validDuration": -300}, "INVALID_DURATION"),
]


@pytest.mark.parametrize(("case", "body", "code"), COOKIE_REFUSED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_wrong_wish_for_a_cookie_is_refused(
    desk: Instance, ann: Facts, case: str, body: Any, code: str
) -> None:
    assert answer(await _cookie(desk, filled(body, ann))) == refused(code)


@pytest.mark.parametrize(
    ("more", "lifetime"), [({}, 1209600), ({"validDuration": "300"}, 300), ({"validDuration": 600}, 600)]
)
async def test_a_session_cookie_says_what_the_id_token_says_for_longer(
    dev: Instance, ada: Facts, more: dict[str, Any], lifetime: int
) -> None:
    dev.clock.tick(MINUTE)
    reply = await _cookie(dev, {"idToken": ada["idToken"], **more})
    cookie, token = claims(reply.json()["sessionCookie"]), claims(ada["idToken"])

    now = seconds(dev.clock.now())
    issuer = f"https://session.firebase.google.com/{dev.project.id}"
    assert cookie == {**token, "iss": issuer, "iat": now, "exp": now + lifetime}


async def test_a08_a_session_cookie_is_no_id_token(dev: Instance, ada: Facts) -> None:
    cookie = (await _cookie(dev, {"idToken": ada["idToken"]})).json()["sessionCookie"]

    assert answer(await dev.call("lookup", {"idToken": cookie})) == refused("INVALID_ID_TOKEN")


async def _cookie(dev: Instance, body: Facts) -> Any:
    return await dev.http.post(at_project(dev, ":createSessionCookie"), json=body, headers=dev.bearer)

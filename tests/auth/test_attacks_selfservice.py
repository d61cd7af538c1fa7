"""What users try to give themselves (A18)."""

from typing import Any

import pytest

from auth.sharing import rows
from harness import V1, Instance

GRANTS: dict[str, Any] = {
    "emailVerified": True,
    "customAttributes": '{"role":"admin"}',
    "validSince": 1,
    "disableUser": True,
    "createdAt": 1,
    "lastLoginAt": 1,
    "phoneNumber": "+33123456789",
    "linkProviderUserInfo": {"providerId": "google.com", "rawId": "1"},
    "mfa": {"enrollments": [{"phoneInfo": "+33123456789"}]},
    "mfaInfo": [{"phoneInfo": "+33123456789"}],
    "initialEmail": "eve@example.org",
    "customAuth": True,
    "emailLinkSignin": True,
    "passwordHash": "AAAA",
    "salt": "AAAA",
    "disabled": True,
    "passwordUpdatedAt": 1,
    "providerUserInfo": [{"providerId": "google.com", "rawId": "1"}],
    "tenantId": "other",
    "targetProjectId": "other",
    "upgradeToFederatedLogin": True,
}
UNDERSCORED = {
    "email_verified": True,
    "custom_attributes": '{"role":"admin"}',
    "valid_since": "1",
    "disable_user": True,
    "phone_number": "+33123456789",
    "link_provider_user_info": {"provider_id": "google.com", "raw_id": "1"},
}
fields = pytest.mark.parametrize(("field", "value"), (GRANTS | UNDERSCORED).items())
INNOCENT = {"display_name", "password"}  # the hash is sealed anew at each write; the time of its change is compared


async def kept(instance: Instance, account_id: str) -> dict[str, Any]:
    (row,) = await rows(instance, "accounts", "project_id = :p AND id = :i", p=instance.project.id, i=account_id)
    return {name: value for name, value in row.items() if name not in INNOCENT}


@fields
async def test_a18_an_update_changes_nothing_but_what_is_the_users_own(serve: Instance, field: str, value: Any) -> None:
    user = await serve.sign_up()
    before = await kept(serve, user["localId"])

    reply = await serve.call("update", {"idToken": user["idToken"], "displayName": "Eve", field: value})

    assert reply.status_code in {200, 400, 501}
    assert await kept(serve, user["localId"]) == before
    assert await rows(serve, "identities", "project_id = :p", p=serve.project.id) == []


@fields
async def test_a18_a_sign_up_grants_nothing(serve: Instance, field: str, value: Any) -> None:
    body = {"email": "eve@example.org", "password": "correct horse"}

    reply = await serve.call("signUp", {**body, field: value})

    assert reply.status_code in {200, 400, 501}
    for account in await rows(serve, "accounts", "project_id = :p", p=serve.project.id):
        granted = {name: account[name] for name in ("email_verified", "disabled", "custom_auth", "email_link_signin")}
        assert granted == dict.fromkeys(granted, 0)
        assert (account["claims"], account["phone_number"], account["valid_since"]) == ("", None, None)
        assert account["created_at"] == serve.clock.now()


async def test_a18_an_id_in_the_body_does_not_make_the_users_token_reach_others(serve: Instance) -> None:
    eve, ann = await serve.sign_up(), await serve.sign_up()
    before = await kept(serve, ann["localId"])
    aim = {"idToken": eve["idToken"], "localId": ann["localId"]}

    await serve.call("update", aim | {"displayName": "Eve", "password": "eves horse"})
    await serve.call("lookup", aim)
    await serve.call("delete", aim)

    assert await kept(serve, ann["localId"]) == before


@pytest.mark.parametrize("call", ["update", "delete", "lookup", "sendOobCode", "signUp"])
async def test_a18_an_id_without_a_credential_does_nothing(serve: Instance, call: str) -> None:
    ann = await serve.sign_up("ann@example.org")
    before = await kept(serve, ann["localId"])
    aim = {"localId": ann["localId"], "displayName": "Eve", "returnOobLink": True, "requestType": "PASSWORD_RESET"}
    lists = {"localId": [ann["localId"]]} if call == "lookup" else {}

    reply = await serve.call(call, aim | {"email": "ann@example.org"} | lists)

    assert reply.status_code in {400, 403}
    assert await kept(serve, ann["localId"]) == before


async def test_a18_a_sign_up_cannot_choose_its_user_id(serve: Instance) -> None:
    reply = await serve.call("signUp", {"localId": "admin", "email": "eve@example.org", "password": "correct horse"})
    assert reply.json()["error"]["message"] == "UNEXPECTED_PARAMETER : User ID"


@pytest.mark.parametrize("call", ["", ":update", ":delete", ":lookup", ":batchCreate", ":batchDelete", ":query"])
async def test_a18_a_web_api_key_opens_no_administrators_call(serve: Instance, call: str) -> None:
    ann = await serve.sign_up()
    path, key = f"{V1}/projects/{serve.project.id}/accounts{call}", serve.project.api_keys[0]
    before = await kept(serve, ann["localId"])

    reply = await serve.http.post(path, params={"key": key}, json={"localId": ann["localId"], "disableUser": True})

    assert reply.status_code in {400, 401, 403}
    assert await kept(serve, ann["localId"]) == before


async def test_a18_a_verified_address_is_unverified_once_it_is_another(serve: Instance) -> None:
    user = await serve.call("signUp", {})
    body = {"idToken": user.json()["idToken"], "email": "eve@example.org", "emailVerified": True}

    await serve.call("update", body | {"password": "correct horse"})

    assert (await kept(serve, user.json()["localId"]))["email_verified"] == 0


async def test_what_changes_the_way_of_signing_in_needs_a_sign_in_of_the_last_five_minutes(serve: Instance) -> None:
    user = await serve.sign_up()
    serve.clock.tick(301_000)
    wishes: list[dict[str, Any]] = [
        {"password": "another horse"},
        {"email": user["email"]},
        {"deleteAttribute": ["EMAIL"]},
        {"deleteAttribute": ["PASSWORD"]},
        {"deleteAttribute": [1]},
        {"deleteAttribute": [5]},
        {"deleteProvider": ["password"]},
    ]

    answers = {
        (await serve.call("update", {"idToken": user["idToken"], **w})).json()["error"]["message"] for w in wishes
    }
    answers.add((await serve.call("delete", {"idToken": user["idToken"]})).json()["error"]["message"])

    assert answers == {"CREDENTIAL_TOO_OLD_LOGIN_AGAIN"}

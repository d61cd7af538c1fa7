"""The unmodified PyPI `firebase-admin` in emulator mode against `ecrin dev` (wire protocol reference §6.2)."""

import base64
import datetime
import json
import secrets
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import firebase_admin
import httpx
import pytest
from firebase_admin import auth

NEXT = auth.ActionCodeSettings(url="http://localhost/next?step=2", handle_code_in_app=True)
FIVE_MINUTES = datetime.timedelta(minutes=5)


def open_app(project: str) -> firebase_admin.App:
    return firebase_admin.initialize_app(options={"projectId": project}, name=secrets.token_hex(8))


@pytest.fixture
def app(dev_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", dev_server.origin.removeprefix("http://"))
    opened = open_app(dev_server.project)
    yield opened
    firebase_admin.delete_app(opened)


@pytest.fixture
def fresh_project(app: firebase_admin.App) -> Iterator[firebase_admin.App]:
    """A project that nobody has used; the dev server makes it at the first request."""
    opened = open_app(f"demo-{secrets.token_hex(6)}")
    yield opened
    firebase_admin.delete_app(opened)


def fresh_uid() -> str:
    return f"uid-{secrets.token_hex(8)}"


def fresh_email() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def fresh_phone() -> str:
    return f"+336{secrets.randbelow(10**8):08}"


def every_field() -> dict[str, Any]:
    return {
        "email": fresh_email(),
        "email_verified": True,
        "phone_number": fresh_phone(),
        "display_name": "Ada Lovelace",
        "photo_url": "https://example.com/ada.png",
        "disabled": True,
    }


def fields_of(user: auth.UserRecord) -> dict[str, Any]:
    return {name: getattr(user, name) for name in every_field()}


def rest(server: Any, call: str, **body: Any) -> httpx.Response:
    """One call of the client REST API, as an app makes it."""
    return httpx.post(f"{server.origin}/identitytoolkit.googleapis.com/v1/{call}?key={server.api_key}", json=body)


def admin_rest(server: Any, call: str, **body: Any) -> httpx.Response:
    """One admin call past the SDK, for what the SDK refuses to send."""
    url = f"{server.origin}/identitytoolkit.googleapis.com/v1/projects/{server.project}{call}"
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {server.admin_token}"})


def refresh(server: Any, refresh_token: str) -> httpx.Response:
    url = f"{server.origin}/securetoken.googleapis.com/v1/token?key={server.api_key}"
    return httpx.post(url, data={"grant_type": "refresh_token", "refresh_token": refresh_token})


def error_code(reply: httpx.Response) -> str:
    return f"{reply.status_code} {reply.json()['error']['message'].partition(' ')[0]}"


def sign_up(server: Any) -> dict[str, Any]:
    return server.sign_up(email=fresh_email(), password=secrets.token_hex(8))


def wait_past_second_of(token: str) -> None:
    """Revocation counts whole seconds: wait until the second in which the token was issued is over."""
    payload = token.split(".")[1]
    issued_at = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iat"]
    while int(time.time()) <= issued_at:
        time.sleep(0.05)


def code_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["oobCode"][0]


def link_to_google(server: Any, uid: str, raw_id: str) -> None:
    """Links an identity; the Python SDK has no call for it."""
    identity = {"providerId": "google.com", "rawId": raw_id, "email": fresh_email()}
    admin_rest(server, "/accounts:update", localId=uid, linkProviderUserInfo=identity).raise_for_status()


# --- create, get, update


def test_create_keeps_every_field_given(app: firebase_admin.App) -> None:
    given = every_field()
    assert fields_of(auth.create_user(**given, app=app)) == given


def test_create_uses_the_uid_given(app: firebase_admin.App) -> None:
    uid = fresh_uid()
    assert auth.create_user(uid=uid, app=app).uid == uid


def test_a_user_who_never_signed_in_has_no_sign_in_time(app: firebase_admin.App) -> None:
    created = auth.create_user(email=fresh_email(), app=app)
    assert created.user_metadata.last_sign_in_timestamp is None


def test_a_user_is_created_now(app: firebase_admin.App) -> None:
    before = int(time.time()) * 1000
    created = auth.create_user(app=app).user_metadata.creation_timestamp
    assert before <= created <= time.time() * 1000


def test_get_by_uid_finds_the_user(app: firebase_admin.App) -> None:
    given = every_field()
    uid = auth.create_user(**given, app=app).uid
    assert fields_of(auth.get_user(uid, app=app)) == given


def test_get_by_email_finds_the_user(app: firebase_admin.App) -> None:
    created = auth.create_user(email=fresh_email(), app=app)
    assert auth.get_user_by_email(created.email, app=app).uid == created.uid


def test_get_by_email_ignores_case(app: firebase_admin.App) -> None:
    created = auth.create_user(email=fresh_email(), app=app)
    assert auth.get_user_by_email(created.email.upper(), app=app).uid == created.uid


def test_get_by_phone_number_finds_the_user(app: firebase_admin.App) -> None:
    created = auth.create_user(phone_number=fresh_phone(), app=app)
    assert auth.get_user_by_phone_number(created.phone_number, app=app).uid == created.uid


def test_get_users_finds_by_uid_email_phone_and_provider_at_once(dev_server: Any, app: firebase_admin.App) -> None:
    one = auth.create_user(app=app)
    two = auth.create_user(email=fresh_email(), app=app)
    three = auth.create_user(phone_number=fresh_phone(), app=app)
    four, raw_id = auth.create_user(app=app), secrets.token_hex(8)
    link_to_google(dev_server, four.uid, raw_id)
    wanted = [
        auth.UidIdentifier(one.uid),
        auth.EmailIdentifier(two.email),
        auth.PhoneIdentifier(three.phone_number),
        auth.ProviderIdentifier("google.com", raw_id),
    ]
    found = auth.get_users(wanted, app=app)
    assert {user.uid for user in found.users} == {one.uid, two.uid, three.uid, four.uid}
    assert found.not_found == []


def test_get_users_names_the_identifiers_it_did_not_find(app: firebase_admin.App) -> None:
    known = auth.UidIdentifier(auth.create_user(app=app).uid)
    unknown = [
        auth.UidIdentifier(fresh_uid()),
        auth.EmailIdentifier(fresh_email()),
        auth.PhoneIdentifier(fresh_phone()),
        auth.ProviderIdentifier("google.com", secrets.token_hex(8)),
    ]
    assert auth.get_users([known, *unknown], app=app).not_found == unknown


def test_update_changes_every_field_given(app: firebase_admin.App) -> None:
    uid, changes = auth.create_user(app=app).uid, every_field()
    assert fields_of(auth.update_user(uid, **changes, app=app)) == changes


def test_update_clears_name_photo_and_phone(app: firebase_admin.App) -> None:
    uid = auth.create_user(**every_field(), app=app).uid
    gone = dict.fromkeys(("display_name", "photo_url", "phone_number"), auth.DELETE_ATTRIBUTE)
    got = auth.update_user(uid, **gone, app=app)
    assert (got.display_name, got.photo_url, got.phone_number) == (None, None, None)


def test_update_leaves_what_it_does_not_name(app: firebase_admin.App) -> None:
    given = every_field()
    uid = auth.create_user(**given, app=app).uid
    got = auth.update_user(uid, display_name="Grace Hopper", app=app)
    assert fields_of(got) == given | {"display_name": "Grace Hopper"}


def test_the_user_signs_in_with_a_password_set_by_update(dev_server: Any, app: firebase_admin.App) -> None:
    created, password = auth.create_user(email=fresh_email(), app=app), secrets.token_hex(8)
    auth.update_user(created.uid, password=password, app=app)
    reply = rest(dev_server, "accounts:signInWithPassword", email=created.email, password=password)
    assert reply.json()["localId"] == created.uid


def test_a_linked_identity_stands_in_provider_data(dev_server: Any, app: firebase_admin.App) -> None:
    uid, raw_id = auth.create_user(app=app).uid, secrets.token_hex(8)
    link_to_google(dev_server, uid, raw_id)
    linked = auth.get_user(uid, app=app).provider_data
    assert [(entry.provider_id, entry.uid) for entry in linked] == [("google.com", raw_id)]


def test_providers_to_delete_removes_the_identity(dev_server: Any, app: firebase_admin.App) -> None:
    uid = auth.create_user(app=app).uid
    link_to_google(dev_server, uid, secrets.token_hex(8))
    assert auth.update_user(uid, providers_to_delete=["google.com"], app=app).provider_data == []


# --- list, import, delete


def test_list_fills_its_pages(fresh_project: firebase_admin.App) -> None:
    created = {auth.create_user(app=fresh_project).uid for _ in range(5)}
    page, sizes, seen = auth.list_users(max_results=2, app=fresh_project), [], []
    while page and page.users and len(seen) <= len(created):
        sizes.append(len(page.users))
        seen += [user.uid for user in page.users]
        page = page.get_next_page()
    assert sizes == [2, 2, 1]
    assert sorted(seen) == sorted(created)


def test_list_iterates_over_every_user_once(fresh_project: firebase_admin.App) -> None:
    created = [auth.create_user(app=fresh_project).uid for _ in range(5)]
    listed = islice(auth.list_users(max_results=3, app=fresh_project).iterate_all(), 2 * len(created))
    assert sorted(user.uid for user in listed) == sorted(created)


def test_list_of_an_empty_project_is_empty(fresh_project: firebase_admin.App) -> None:
    page = auth.list_users(app=fresh_project)
    assert (page.users, page.has_next_page) == ([], False)


def test_import_without_hashes_keeps_every_field(app: firebase_admin.App) -> None:
    uid, given = fresh_uid(), every_field()
    record = auth.ImportUserRecord(uid, **given, custom_claims={"plan": "gold"})
    assert auth.import_users([record], app=app).success_count == 1
    got = auth.get_user(uid, app=app)
    assert (fields_of(got), got.custom_claims) == (given, {"plan": "gold"})


def test_import_keeps_the_times_given(app: firebase_admin.App) -> None:
    uid, times = fresh_uid(), auth.UserMetadata(1_600_000_000_000, 1_700_000_000_000)
    auth.import_users([auth.ImportUserRecord(uid, user_metadata=times)], app=app)
    got = auth.get_user(uid, app=app).user_metadata
    assert (got.creation_timestamp, got.last_sign_in_timestamp) == (1_600_000_000_000, 1_700_000_000_000)


def test_import_links_the_identities_given(app: firebase_admin.App) -> None:
    uid, raw_id = fresh_uid(), secrets.token_hex(8)
    google = auth.UserProvider(raw_id, "google.com", email=fresh_email())
    auth.import_users([auth.ImportUserRecord(uid, provider_data=[google])], app=app)
    found = auth.get_users([auth.ProviderIdentifier("google.com", raw_id)], app=app)
    assert [user.uid for user in found.users] == [uid]


def test_import_reports_a_user_it_refused_by_index(dev_server: Any, app: firebase_admin.App) -> None:
    raw_id = secrets.token_hex(8)
    link_to_google(dev_server, auth.create_user(app=app).uid, raw_id)
    taken = auth.UserProvider(raw_id, "google.com", email=fresh_email())
    users = [auth.ImportUserRecord(fresh_uid()), auth.ImportUserRecord(fresh_uid(), provider_data=[taken])]
    result = auth.import_users(users, app=app)
    assert (result.success_count, [error.index for error in result.errors]) == (1, [1])


def test_a_deleted_user_is_not_found(app: firebase_admin.App) -> None:
    uid = auth.create_user(app=app).uid
    auth.delete_user(uid, app=app)
    with pytest.raises(auth.UserNotFoundError):
        auth.get_user(uid, app=app)


def test_delete_many_counts_unknown_uids_as_deleted(app: firebase_admin.App) -> None:
    uids = [auth.create_user(app=app).uid, auth.create_user(app=app).uid, fresh_uid()]
    result = auth.delete_users(uids, app=app)
    assert (result.success_count, result.failure_count, result.errors) == (3, 0, [])


def test_delete_many_leaves_the_others(app: firebase_admin.App) -> None:
    one, two, kept = (auth.create_user(app=app).uid for _ in range(3))
    auth.delete_users([one, two], app=app)
    left = auth.get_users([auth.UidIdentifier(uid) for uid in (one, two, kept)], app=app)
    assert [user.uid for user in left.users] == [kept]


def test_delete_many_without_force_reports_the_users_still_enabled_by_index(app: firebase_admin.App) -> None:
    """The public call always forces, so the SDK's own manager is asked."""
    uids = [auth.create_user(disabled=disabled, app=app).uid for disabled in (True, False, True)]
    result = auth.Client(app)._user_manager.delete_users(uids, force_delete=False)
    assert [(error.index, error.reason.partition(" ")[0]) for error in result.errors] == [(1, "NOT_DISABLED")]


# --- custom claims


def test_custom_claims_come_back_as_they_were_set(app: firebase_admin.App) -> None:
    uid, claims = auth.create_user(app=app).uid, {"role": "editor", "level": 3, "tags": ["a", "b"]}
    auth.set_custom_user_claims(uid, claims, app=app)
    assert auth.get_user(uid, app=app).custom_claims == claims


def test_custom_claims_are_cleared_by_none(app: firebase_admin.App) -> None:
    uid = auth.create_user(app=app).uid
    auth.set_custom_user_claims(uid, {"role": "editor"}, app=app)
    auth.set_custom_user_claims(uid, None, app=app)
    assert auth.get_user(uid, app=app).custom_claims is None


def test_custom_claims_arrive_with_the_next_refresh(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    auth.set_custom_user_claims(user["localId"], {"role": "editor"}, app=app)
    renewed = refresh(dev_server, user["refreshToken"]).json()["id_token"]
    assert auth.verify_id_token(renewed, app=app)["role"] == "editor"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        (json.dumps({"a": "x" * 1000}), "400 CLAIMS_TOO_LARGE"),
        (json.dumps({"sub": "somebody else"}), "400 FORBIDDEN_CLAIM"),
        (json.dumps({"firebase": {}}), "400 FORBIDDEN_CLAIM"),
        ('["a list"]', "400 INVALID_CLAIMS"),
        ("{not json", "400 INVALID_CLAIMS"),
    ],
)
def test_the_server_refuses_claims_that_the_sdk_would_not_send(
    dev_server: Any, app: firebase_admin.App, attributes: str, code: str
) -> None:
    uid = auth.create_user(app=app).uid
    reply = admin_rest(dev_server, "/accounts:update", localId=uid, customAttributes=attributes)
    assert error_code(reply) == code


# --- ID tokens and revocation


def test_verify_id_token_returns_the_claims_of_the_user(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    claims = auth.verify_id_token(user["idToken"], app=app)
    assert (claims["uid"], claims["email"]) == (user["localId"], user["email"])


def test_verify_id_token_checking_revocation_accepts_a_fresh_token(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    assert auth.verify_id_token(user["idToken"], app=app, check_revoked=True)["uid"] == user["localId"]


def test_verify_id_token_refuses_the_token_of_another_project(
    dev_server: Any, fresh_project: firebase_admin.App
) -> None:
    with pytest.raises(auth.InvalidIdTokenError, match="audience"):
        auth.verify_id_token(sign_up(dev_server)["idToken"], app=fresh_project)


def test_a_revoked_id_token_is_refused_when_revocation_is_checked(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    wait_past_second_of(user["idToken"])
    auth.revoke_refresh_tokens(user["localId"], app=app)
    with pytest.raises(auth.RevokedIdTokenError):
        auth.verify_id_token(user["idToken"], app=app, check_revoked=True)


def test_the_refresh_token_of_a_revoked_user_is_refused(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    wait_past_second_of(user["idToken"])
    auth.revoke_refresh_tokens(user["localId"], app=app)
    assert error_code(refresh(dev_server, user["refreshToken"])) == "400 TOKEN_EXPIRED"


def test_the_id_token_of_a_disabled_user_is_refused_when_revocation_is_checked(
    dev_server: Any, app: firebase_admin.App
) -> None:
    user = sign_up(dev_server)
    auth.update_user(user["localId"], disabled=True, app=app)
    with pytest.raises(auth.UserDisabledError):
        auth.verify_id_token(user["idToken"], app=app, check_revoked=True)


# --- session cookies


def test_a_session_cookie_verifies_with_the_claims_of_its_id_token(dev_server: Any, app: firebase_admin.App) -> None:
    user = sign_up(dev_server)
    cookie = auth.create_session_cookie(user["idToken"], FIVE_MINUTES, app=app)
    claims = auth.verify_session_cookie(cookie, app=app)
    assert (claims["uid"], claims["email"]) == (user["localId"], user["email"])


def test_a_session_cookie_lasts_as_long_as_asked(dev_server: Any, app: firebase_admin.App) -> None:
    cookie = auth.create_session_cookie(sign_up(dev_server)["idToken"], datetime.timedelta(days=14), app=app)
    claims = auth.verify_session_cookie(cookie, app=app)
    assert claims["exp"] - claims["iat"] == 14 * 24 * 3600


def test_a_revoked_session_cookie_is_refused_when_revocation_is_checked(
    dev_server: Any, app: firebase_admin.App
) -> None:
    user = sign_up(dev_server)
    cookie = auth.create_session_cookie(user["idToken"], FIVE_MINUTES, app=app)
    wait_past_second_of(cookie)
    auth.revoke_refresh_tokens(user["localId"], app=app)
    with pytest.raises(auth.RevokedSessionCookieError):
        auth.verify_session_cookie(cookie, check_revoked=True, app=app)


def test_the_session_cookie_of_a_disabled_user_is_refused_when_revocation_is_checked(
    dev_server: Any, app: firebase_admin.App
) -> None:
    user = sign_up(dev_server)
    cookie = auth.create_session_cookie(user["idToken"], FIVE_MINUTES, app=app)
    auth.update_user(user["localId"], disabled=True, app=app)
    with pytest.raises(auth.UserDisabledError):
        auth.verify_session_cookie(cookie, check_revoked=True, app=app)


def test_an_id_token_is_no_session_cookie(dev_server: Any, app: firebase_admin.App) -> None:
    with pytest.raises(auth.InvalidSessionCookieError, match="issuer"):
        auth.verify_session_cookie(sign_up(dev_server)["idToken"], app=app)


def test_a_session_cookie_from_nonsense_is_refused(app: firebase_admin.App) -> None:
    with pytest.raises(auth.InvalidIdTokenError):
        auth.create_session_cookie("not.a.token", FIVE_MINUTES, app=app)


@pytest.mark.parametrize("seconds", [1, 299, 14 * 24 * 3600 + 1])
def test_the_server_refuses_a_duration_that_the_sdk_would_not_send(dev_server: Any, seconds: int) -> None:
    token = sign_up(dev_server)["idToken"]
    reply = admin_rest(dev_server, ":createSessionCookie", idToken=token, validDuration=seconds)
    assert error_code(reply) == "400 INVALID_DURATION"


# --- custom tokens


def exchange(server: Any, custom_token: bytes) -> httpx.Response:
    return rest(server, "accounts:signInWithCustomToken", token=custom_token.decode(), returnSecureToken=True)


def test_a_custom_token_signs_its_uid_in_as_a_new_user(dev_server: Any, app: firebase_admin.App) -> None:
    uid = fresh_uid()
    reply = exchange(dev_server, auth.create_custom_token(uid, app=app)).json()
    assert (auth.verify_id_token(reply["idToken"], app=app)["uid"], reply["isNewUser"]) == (uid, True)


def test_the_claims_of_a_custom_token_arrive_in_the_id_token(dev_server: Any, app: firebase_admin.App) -> None:
    minted = auth.create_custom_token(fresh_uid(), {"role": "editor", "level": 3}, app=app)
    claims = auth.verify_id_token(exchange(dev_server, minted).json()["idToken"], app=app)
    assert (claims["role"], claims["level"]) == ("editor", 3)


def test_a_custom_token_finds_the_user_who_exists(dev_server: Any, app: firebase_admin.App) -> None:
    uid = auth.create_user(app=app).uid
    assert exchange(dev_server, auth.create_custom_token(uid, app=app)).json()["isNewUser"] is False


def test_a_custom_token_for_a_disabled_user_is_refused(dev_server: Any, app: firebase_admin.App) -> None:
    uid = auth.create_user(disabled=True, app=app).uid
    assert error_code(exchange(dev_server, auth.create_custom_token(uid, app=app))) == "400 USER_DISABLED"


# --- action links


def test_a_password_reset_link_carries_mode_and_continue_url(app: firebase_admin.App) -> None:
    email = auth.create_user(email=fresh_email(), app=app).email
    query = parse_qs(urlsplit(auth.generate_password_reset_link(email, NEXT, app=app)).query)
    assert (query["mode"], query["continueUrl"]) == (["resetPassword"], [NEXT.url])


def test_the_code_of_a_reset_link_sets_the_password(dev_server: Any, app: firebase_admin.App) -> None:
    created, password = auth.create_user(email=fresh_email(), app=app), secrets.token_hex(8)
    code = code_of(auth.generate_password_reset_link(created.email, app=app))
    rest(dev_server, "accounts:resetPassword", oobCode=code, newPassword=password)
    reply = rest(dev_server, "accounts:signInWithPassword", email=created.email, password=password)
    assert reply.json()["localId"] == created.uid


def test_a_reset_link_for_an_unknown_email_is_refused(app: firebase_admin.App) -> None:
    with pytest.raises(auth.EmailNotFoundError):
        auth.generate_password_reset_link(fresh_email(), app=app)


def test_the_code_of_a_verification_link_verifies_the_email(dev_server: Any, app: firebase_admin.App) -> None:
    created = auth.create_user(email=fresh_email(), app=app)
    rest(dev_server, "accounts:update", oobCode=code_of(auth.generate_email_verification_link(created.email, app=app)))
    assert auth.get_user(created.uid, app=app).email_verified


def test_the_code_of_a_sign_in_link_signs_the_user_in(dev_server: Any, app: firebase_admin.App) -> None:
    created = auth.create_user(email=fresh_email(), app=app)
    code = code_of(auth.generate_sign_in_with_email_link(created.email, NEXT, app=app))
    reply = rest(dev_server, "accounts:signInWithEmailLink", email=created.email, oobCode=code)
    assert auth.verify_id_token(reply.json()["idToken"], app=app)["uid"] == created.uid


# --- errors


def test_creating_with_a_taken_email_raises_its_error(app: firebase_admin.App) -> None:
    email = auth.create_user(email=fresh_email(), app=app).email
    with pytest.raises(auth.EmailAlreadyExistsError):
        auth.create_user(email=email, app=app)


def test_creating_with_a_taken_uid_raises_its_error(app: firebase_admin.App) -> None:
    uid = auth.create_user(app=app).uid
    with pytest.raises(auth.UidAlreadyExistsError):
        auth.create_user(uid=uid, app=app)


def test_creating_with_a_taken_phone_number_raises_its_error(app: firebase_admin.App) -> None:
    phone_number = auth.create_user(phone_number=fresh_phone(), app=app).phone_number
    with pytest.raises(auth.PhoneNumberAlreadyExistsError):
        auth.create_user(phone_number=phone_number, app=app)


def test_updating_to_a_taken_email_raises_its_error(app: firebase_admin.App) -> None:
    email = auth.create_user(email=fresh_email(), app=app).email
    with pytest.raises(auth.EmailAlreadyExistsError):
        auth.update_user(auth.create_user(app=app).uid, email=email, app=app)


def test_getting_an_unknown_email_raises_user_not_found(app: firebase_admin.App) -> None:
    with pytest.raises(auth.UserNotFoundError):
        auth.get_user_by_email(fresh_email(), app=app)


def test_updating_an_unknown_uid_raises_user_not_found(app: firebase_admin.App) -> None:
    with pytest.raises(auth.UserNotFoundError):
        auth.update_user(fresh_uid(), display_name="Nobody", app=app)


def test_deleting_an_unknown_uid_raises_user_not_found(app: firebase_admin.App) -> None:
    with pytest.raises(auth.UserNotFoundError):
        auth.delete_user(fresh_uid(), app=app)

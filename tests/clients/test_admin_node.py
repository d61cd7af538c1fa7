"""The unmodified npm `firebase-admin`, driven by the scripts in `js/admin/`: one process per script and server.

A script reports what each of its checks returned or threw; what it should be is said here, one behaviour a test.
Emulator mode runs against `ecrin dev --unsigned-tokens`, since the SDK refuses signed tokens there; the strict tests
run without emulator mode against `ecrin serve` (reference: Firebase wire protocol §6.2 and §6.3).
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

JS = Path(__file__).parent / "js"
NODE_PROCESS_LIMIT = 180  # seconds; only a script that hangs comes near it
LOCAL_ID = re.compile(r"[A-Za-z0-9]{28}")

pytestmark = pytest.mark.xdist_group("admin-node")


class Report:
    """What the checks of one script returned or threw."""

    def __init__(self, outcomes: dict[str, dict[str, Any]]) -> None:
        self._outcomes = outcomes

    def value(self, check: str) -> Any:
        outcome = self._outcomes[check]
        assert "value" in outcome, f"{check} threw {outcome['error']}"
        return outcome["value"]

    def error(self, check: str) -> dict[str, Any]:
        outcome = self._outcomes[check]
        assert "error" in outcome, f"{check} did not throw; it returned {outcome['value']}"
        return outcome["error"]

    def code(self, check: str) -> str:
        return self.error(check)["code"]


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed: the Node Admin SDK cannot run")
    if not (JS / "node_modules" / ".ready").exists():
        pytest.skip("tests/clients/js/node_modules/.ready is missing: `make test` installs the JavaScript SDKs")
    return found


@pytest.fixture(scope="session")  # as wide as the servers, so that a skip comes before a server starts
def run(node: str) -> Callable[..., Report]:
    def run_script(name: str, server: dict[str, Any], **extra: str) -> Report:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("FIREBASE_", "GOOGLE_"))}
        done = subprocess.run(
            [node, f"admin/{name}.mjs"],
            cwd=JS,
            env=clean | extra,
            input=json.dumps(server),
            capture_output=True,
            text=True,
            timeout=NODE_PROCESS_LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Report(json.loads(done.stdout))

    return run_script


@pytest.fixture(scope="module")
def emulated(run: Callable[..., Report], unsigned_dev_server: Any) -> Callable[[str], Report]:
    dev = unsigned_dev_server
    address = {"origin": dev.origin, "apiKey": dev.api_key, "project": dev.project}
    return lambda name: run(name, address, FIREBASE_AUTH_EMULATOR_HOST=dev.origin.removeprefix("http://"))


@pytest.fixture(scope="module")
def users(emulated: Callable[[str], Report]) -> Report:
    return emulated("users")


@pytest.fixture(scope="module")
def tokens(emulated: Callable[[str], Report]) -> Report:
    return emulated("tokens")


@pytest.fixture(scope="module")
def links(emulated: Callable[[str], Report]) -> Report:
    return emulated("links")


@pytest.fixture(scope="module")
def strict(run: Callable[..., Report], strict_server: Any) -> Report:
    address = {"origin": strict_server.origin, "apiKey": strict_server.api_key, "project": strict_server.project}
    secrets = {"adminToken": strict_server.admin_token, "serviceAccount": strict_server.service_account}
    return run("strict", address | secrets)


# --- users, in emulator mode


def test_create_keeps_every_field_given(users: Report) -> None:
    seen = users.value("createWithEveryField")
    assert seen["got"] | seen["given"] == seen["got"]


def test_create_adds_a_password_and_a_phone_identity(users: Report) -> None:
    got = users.value("createWithEveryField")["got"]
    assert got["providers"] == [f"password {got['email']}", f"phone {got['phoneNumber']}"]


def test_create_without_a_uid_draws_28_letters_and_digits(users: Report) -> None:
    assert LOCAL_ID.fullmatch(users.value("createWithoutUid"))


def test_a_user_who_never_signed_in_has_no_sign_in_time(users: Report) -> None:
    assert users.value("createWithoutSigningIn") is None


@pytest.mark.parametrize("check", ["getByUid", "getByEmail", "getByEmailInCapitals", "getByPhone"])
def test_get_finds_the_user(users: Report, check: str) -> None:
    seen = users.value(check)
    assert seen["got"] == seen["user"]


def test_get_users_finds_by_uid_email_phone_and_provider_at_once(users: Report) -> None:
    seen = users.value("getManyByMixedIdentifiers")
    assert seen["found"] == seen["uids"]


def test_get_users_names_the_identifiers_it_did_not_find(users: Report) -> None:
    seen = users.value("getManyByMixedIdentifiers")
    assert seen["notFound"] == seen["unknown"]


def test_get_users_returns_nobody_when_nobody_matches(users: Report) -> None:
    assert users.value("getManyWhenNobodyMatches") == 0


def test_get_users_returns_a_user_asked_for_twice_once(users: Report) -> None:
    assert users.value("getOneAskedForTwice") == 1


def test_update_changes_every_field_given(users: Report) -> None:
    seen = users.value("updateEveryField")
    assert seen["got"] | seen["given"] == seen["got"]


def test_update_with_null_clears_name_photo_and_phone(users: Report) -> None:
    got = users.value("clearOptionalFields")["got"]
    assert (got["displayName"], got["photoURL"], got["phoneNumber"], got["providers"]) == (None, None, None, [])


def test_clearing_fields_leaves_the_email_alone(users: Report) -> None:
    seen = users.value("clearOptionalFields")
    assert seen["got"]["email"] == seen["email"]


def test_the_user_signs_in_with_a_password_set_by_update(users: Report) -> None:
    seen = users.value("changePassword")
    assert seen["got"] == seen["uid"]


def test_provider_to_link_adds_the_identity(users: Report) -> None:
    seen = users.value("linkProvider")
    assert seen["got"]["providers"] == [f"google.com {seen['rawId']}"]


def test_get_by_provider_uid_finds_the_linked_user(users: Report) -> None:
    seen = users.value("getByProviderUid")
    assert seen["got"] == seen["uid"]


def test_providers_to_unlink_removes_the_identity(users: Report) -> None:
    assert users.value("unlinkProvider") == []


def test_list_fills_its_pages(users: Report) -> None:
    assert [len(page) for page in users.value("listInPagesOfTwo")["pages"]] == [2, 2, 1]


def test_list_gives_every_user_once_over_all_pages(users: Report) -> None:
    seen = users.value("listInPagesOfTwo")
    assert sorted(uid for page in seen["pages"] for uid in page) == sorted(seen["created"])


def test_list_gives_everybody_in_one_page_that_is_large_enough(users: Report) -> None:
    seen = users.value("listInOnePage")
    assert [sorted(page) for page in seen["pages"]] == [sorted(seen["created"])]


def test_import_without_hashes_counts_every_user(users: Report) -> None:
    seen = users.value("importWithoutHashes")
    assert seen["result"] == {"successCount": 2, "failureCount": 0, "errors": []}
    assert seen["found"] == 2


def test_import_keeps_every_field_and_the_linked_identity(users: Report) -> None:
    seen = users.value("importWithoutHashes")
    assert seen["got"] | seen["given"] == seen["got"]
    assert f"google.com {seen['rawId']}" in seen["got"]["providers"]


def test_import_reports_a_user_it_refused_by_index(users: Report) -> None:
    result = users.value("importWithOneBadUser")["result"]
    assert (result["successCount"], result["failureCount"]) == (1, 1)
    assert result["errors"] == [{"index": 1, "code": "auth/invalid-user-import"}]


def test_import_writes_the_good_users_beside_a_refused_one(users: Report) -> None:
    seen = users.value("importWithOneBadUser")
    assert seen["left"] == [seen["good"]]


def test_a_deleted_user_is_not_found(users: Report) -> None:
    assert users.code("deleteOne") == "auth/user-not-found"


def test_delete_many_counts_unknown_uids_as_deleted(users: Report) -> None:
    assert users.value("deleteMany")["result"] == {"successCount": 3, "failureCount": 0, "errors": []}


def test_delete_many_leaves_the_others(users: Report) -> None:
    seen = users.value("deleteMany")
    assert seen["left"] == [seen["kept"]]


def test_custom_claims_come_back_as_they_were_set(users: Report) -> None:
    assert users.value("setCustomClaims") == {"role": "editor", "level": 3, "tags": ["a", "b"]}


def test_custom_claims_are_cleared_by_null(users: Report) -> None:
    assert not users.value("clearCustomClaims")


def test_custom_claims_of_a_thousand_characters_are_kept(users: Report) -> None:
    assert users.value("setClaimsOfThousandCharacters") == 1000


@pytest.mark.parametrize(
    ("check", "code"),
    [
        ("createWithTakenEmail", "auth/email-already-exists"),
        ("createWithTakenEmailInCapitals", "auth/email-already-exists"),
        ("createWithTakenUid", "auth/uid-already-exists"),
        ("createWithTakenPhone", "auth/phone-number-already-exists"),
        ("updateToTakenEmail", "auth/email-already-exists"),
        ("updateToTakenPhone", "auth/phone-number-already-exists"),
        ("getUnknownUid", "auth/user-not-found"),
        ("getUnknownEmail", "auth/user-not-found"),
        ("getUnknownPhone", "auth/user-not-found"),
        ("getUnknownProviderUid", "auth/user-not-found"),
        ("updateUnknownUid", "auth/user-not-found"),
        ("deleteUnknownUid", "auth/user-not-found"),
    ],
)
def test_a_refused_user_call_throws_the_code_of_its_reason(users: Report, check: str, code: str) -> None:
    assert users.code(check) == code


# --- tokens, in emulator mode


def test_verify_id_token_returns_the_claims_of_the_user(tokens: Report) -> None:
    seen = tokens.value("verify")
    claims = seen["claims"]
    assert (claims["uid"], claims["sub"], claims["email"]) == (seen["uid"], seen["uid"], seen["email"])
    assert claims["firebase"]["sign_in_provider"] == "password"


def test_verify_id_token_checking_revocation_accepts_a_fresh_token(tokens: Report) -> None:
    seen = tokens.value("verifyCheckingRevocation")
    assert seen["got"] == seen["uid"]


def test_revocation_moves_the_time_after_which_tokens_count(tokens: Report) -> None:
    seen = tokens.value("validAfterIsSetByRevocation")
    assert seen["validAfter"] > seen["authTime"]


def test_a_user_who_signs_in_after_revocation_is_accepted(tokens: Report) -> None:
    seen = tokens.value("verifyAfterSigningInAgain")
    assert seen["got"] == seen["uid"]


def test_custom_claims_arrive_with_the_next_refresh(tokens: Report) -> None:
    assert tokens.value("claimsArriveAtRefresh") == "editor"


def test_a_session_cookie_verifies_with_the_claims_of_its_id_token(tokens: Report) -> None:
    seen = tokens.value("createCookie")
    assert seen["claims"]["uid"] == seen["uid"]
    assert seen["claims"]["iss"] == f"https://session.firebase.google.com/{seen['project']}"


def test_a_session_cookie_lasts_as_long_as_asked(tokens: Report) -> None:
    claims = tokens.value("createCookie")["claims"]
    assert claims["exp"] - claims["iat"] == 300


def test_a_session_cookie_may_last_two_weeks(tokens: Report) -> None:
    assert tokens.value("createCookieOfTwoWeeks") == 14 * 24 * 3600


def test_verify_session_cookie_checking_revocation_accepts_a_fresh_cookie(tokens: Report) -> None:
    seen = tokens.value("verifyCookieCheckingRevocation")
    assert seen["got"] == seen["uid"]


@pytest.mark.parametrize(
    ("check", "code"),
    [
        ("verifyForAnotherProject", "auth/argument-error"),
        ("verifyRevoked", "auth/id-token-revoked"),
        ("verifyDisabled", "auth/user-disabled"),
        ("verifyDeleted", "auth/user-not-found"),
        ("verifyRevokedCookie", "auth/session-cookie-revoked"),
        ("verifyCookieOfDisabled", "auth/user-disabled"),
        ("verifyCookieForAnotherProject", "auth/argument-error"),
        ("verifyIdTokenAsCookie", "auth/argument-error"),
        ("verifyCookieAsIdToken", "auth/argument-error"),
        ("createCookieFromRevoked", "auth/id-token-expired"),
        ("createCookieFromNonsense", "auth/invalid-id-token"),
        ("createTooShortCookie", "auth/invalid-session-cookie-duration"),
    ],
)
def test_a_refused_token_call_throws_the_code_of_its_reason(tokens: Report, check: str, code: str) -> None:
    assert tokens.code(check) == code


def test_the_refresh_token_of_a_revoked_user_is_refused(tokens: Report) -> None:
    assert tokens.code("refreshRevoked") == "TOKEN_EXPIRED"


def test_the_refresh_token_of_a_disabled_user_is_refused(tokens: Report) -> None:
    assert tokens.code("refreshDisabled") == "USER_DISABLED"


def test_a_custom_token_signs_its_uid_in_as_a_new_user(tokens: Report) -> None:
    seen = tokens.value("signInWithCustomToken")
    assert (seen["claims"]["uid"], seen["isNewUser"]) == (seen["uid"], True)
    assert seen["claims"]["firebase"]["sign_in_provider"] == "custom"


def test_the_claims_of_a_custom_token_arrive_in_the_id_token(tokens: Report) -> None:
    claims = tokens.value("signInWithCustomToken")["claims"]
    assert (claims["role"], claims["level"]) == ("editor", 3)


def test_a_second_custom_token_finds_the_same_user(tokens: Report) -> None:
    assert tokens.value("signInAgainWithCustomToken") is False


def test_the_claims_of_a_custom_token_survive_a_refresh(tokens: Report) -> None:
    assert tokens.value("customTokenClaimsSurviveRefresh") == "editor"


def test_the_claims_of_a_custom_token_are_not_stored_with_the_user(tokens: Report) -> None:
    assert tokens.value("customTokenClaimsAreNotStored") is None


def test_a_custom_token_for_a_disabled_user_is_refused(tokens: Report) -> None:
    assert tokens.code("customTokenOfDisabled") == "USER_DISABLED"


# --- action links, in emulator mode


def test_a_password_reset_link_carries_mode_code_and_continue_url(links: Report) -> None:
    expected = {"mode": "resetPassword", "hasCode": True, "continueUrl": "http://localhost/next?step=2"}
    assert links.value("resetLink") == expected


@pytest.mark.parametrize(("check", "mode"), [("verificationLink", "verifyEmail"), ("signInLink", "signIn")])
def test_an_action_link_names_its_mode(links: Report, check: str, mode: str) -> None:
    assert links.value(check) == mode


def test_the_code_of_a_reset_link_sets_the_password(links: Report) -> None:
    seen = links.value("resetPassword")
    assert seen["got"] == seen["uid"]


def test_the_code_of_a_reset_link_works_once(links: Report) -> None:
    assert links.code("resetPasswordTwice") == "INVALID_OOB_CODE"


def test_a_reset_link_for_an_unknown_email_is_refused(links: Report) -> None:
    assert links.code("resetLinkForUnknownEmail") == "auth/email-not-found"


def test_the_code_of_a_verification_link_verifies_the_email(links: Report) -> None:
    assert links.value("verifyEmail") is True


def test_the_code_of_a_sign_in_link_signs_the_user_in_and_verifies_the_email(links: Report) -> None:
    seen = links.value("signInWithLink")
    assert (seen["got"], seen["verified"]) == (seen["uid"], True)


def test_the_code_of_a_sign_in_link_creates_an_unknown_user(links: Report) -> None:
    assert links.value("signInWithLinkAsNewUser") is True


def test_the_code_of_a_sign_in_link_is_refused_for_another_email(links: Report) -> None:
    assert links.code("signInWithLinkOfAnother").partition(" ")[0] == "INVALID_EMAIL"


def test_the_code_of_a_change_link_moves_the_user_to_the_new_email(links: Report) -> None:
    seen = links.value("changeEmailLink")
    assert (seen["mode"], seen["email"], seen["verified"]) == ("verifyAndChangeEmail", seen["next"], True)


# --- without emulator mode


def test_strict_verify_id_token_accepts_a_signed_token(strict: Report) -> None:
    seen = strict.value("verify")
    assert (seen["claims"]["uid"], seen["claims"]["email"]) == (seen["uid"], seen["email"])
    assert seen["claims"]["aud"] == seen["project"]


def test_strict_verify_id_token_checking_revocation_accepts_a_fresh_token(strict: Report) -> None:
    seen = strict.value("verifyCheckingRevocation")
    assert seen["got"] == seen["uid"]


@pytest.mark.parametrize(
    ("check", "code", "reason"),
    [
        ("verifyRevoked", "auth/id-token-revoked", "revoked"),
        ("verifyDisabled", "auth/user-disabled", "disabled"),
        ("verifyCorrupt", "auth/argument-error", "invalid signature"),
        ("verifyAltered", "auth/argument-error", "invalid signature"),
        ("verifyUnsigned", "auth/argument-error", 'no "kid" claim'),
        ("verifyUnsignedWithKeyId", "auth/argument-error", "incorrect algorithm"),
        ("verifyForAnotherProject", "auth/argument-error", 'incorrect "aud"'),
        ("verifyCorruptCookie", "auth/argument-error", "invalid signature"),
    ],
)
def test_strict_verification_refuses(strict: Report, check: str, code: str, reason: str) -> None:
    error = strict.error(check)
    assert error["code"] == code
    assert reason in error["message"]


def test_strict_get_user_returns_the_user(strict: Report) -> None:
    seen = strict.value("getUser")
    assert (seen["got"]["uid"], seen["got"]["email"]) == (seen["uid"], seen["email"])


def test_strict_create_keeps_every_field_given(strict: Report) -> None:
    seen = strict.value("create")
    assert seen["got"] | seen["given"] == seen["got"]


def test_strict_update_changes_the_field_given(strict: Report) -> None:
    assert strict.value("update") == "Grace Hopper"


def test_strict_deleted_user_is_not_found(strict: Report) -> None:
    assert strict.code("delete") == "auth/user-not-found"


def test_strict_session_cookie_verifies_under_its_own_keys(strict: Report) -> None:
    seen = strict.value("verifyCookie")
    assert seen["claims"]["uid"] == seen["uid"]
    assert seen["claims"]["iss"] == f"https://session.firebase.google.com/{seen['project']}"


def test_strict_accepts_a_custom_token_that_the_service_account_signed(strict: Report) -> None:
    seen = strict.value("customToken")
    assert (seen["claims"]["uid"], seen["claims"]["role"]) == (seen["uid"], "editor")


@pytest.mark.parametrize("check", ["corruptCustomToken", "unsignedCustomToken"])
def test_strict_refuses_a_custom_token_that_nobody_signed(strict: Report, check: str) -> None:
    assert strict.code(check).partition(" ")[0] == "INVALID_CUSTOM_TOKEN"


@pytest.mark.parametrize("check", ["callAsOwner", "callWithUnknownToken"])
def test_strict_refuses_the_bearers_of_the_emulator(strict: Report, check: str) -> None:
    assert strict.error(check)["status"] == 401

"""What tokens say (protocol sheet §2.1, §2.4, §2.5)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.makers import NOW, account, session
from ecrin.auth.accounts.model import Identity
from ecrin.auth.accounts.rules import RESERVED_CLAIMS
from ecrin.auth.errors import (
    CredentialTooOld,
    ForbiddenClaim,
    InvalidClaims,
    InvalidCustomToken,
    InvalidDuration,
    MissingIdentifier,
    NotServed,
    TokenExpired,
    UserDisabled,
)
from ecrin.auth.tokens import rules
from ecrin.auth.tokens.model import Verified

NOW_S = NOW // 1000
claims_text = st.dictionaries(
    st.sampled_from([*sorted(RESERVED_CLAIMS), "role", "email", "name", "user_id"]), st.integers(), max_size=5
).map(json.dumps)


def test_an_id_token_says_exactly_what_the_sheet_says() -> None:
    ann = account(
        email="ann@example.org",
        email_verified=True,
        phone_number="+33123456789",
        display_name="Ann",
        photo_url="https://example.org/a.png",
        claims='{"role":"admin"}',
        identities=(Identity("google.com", "1"), Identity("google.com", "2")),
    )

    claims = rules.id_token_claims(ann, session(claims='{"beta":true}', auth_time=NOW_S - 7), NOW)

    assert claims == {
        "name": "Ann",
        "picture": "https://example.org/a.png",
        "role": "admin",
        "beta": True,
        "email": "ann@example.org",
        "email_verified": True,
        "phone_number": "+33123456789",
        "iss": "https://securetoken.google.com/notes",
        "aud": "notes",
        "auth_time": NOW_S - 7,
        "user_id": "ann",
        "sub": "ann",
        "iat": NOW_S,
        "exp": NOW_S + 3600,
        "firebase": {
            "identities": {"email": ["ann@example.org"], "google.com": ["1", "2"], "phone": ["+33123456789"]},
            "sign_in_provider": "password",
        },
    }


def test_absent_values_are_left_out() -> None:
    claims = rules.id_token_claims(account(), session(provider="anonymous"), NOW)

    assert claims.keys() == {
        "provider_id",
        "iss",
        "aud",
        "auth_time",
        "user_id",
        "sub",
        "iat",
        "exp",
        "firebase",
    }
    assert claims["provider_id"] == "anonymous"
    assert claims["firebase"] == {"identities": {}, "sign_in_provider": "anonymous"}


def test_session_claims_win_over_those_of_the_account() -> None:
    claims = rules.id_token_claims(account(claims='{"role":"a"}'), session(claims='{"role":"b"}'), NOW)
    assert claims["role"] == "b"


@given(claims_text, claims_text)
def test_no_stored_claim_replaces_a_reserved_one(stored: str, of_session: str) -> None:
    plain = rules.id_token_claims(account(email="a@example.org"), session(), NOW)

    claims = rules.id_token_claims(account(email="a@example.org", claims=stored), session(claims=of_session), NOW)

    own = RESERVED_CLAIMS | {"email", "email_verified", "user_id"}
    assert {k: v for k, v in claims.items() if k in own} == {k: v for k, v in plain.items() if k in own}


# ---- session cookies


@given(st.integers(300, 14 * 86400))
def test_a_session_cookie_is_the_id_token_under_another_issuer_and_time(lifetime: int) -> None:
    claims = rules.id_token_claims(account(), session(), NOW - 1000_000)

    cookie = rules.cookie_claims(claims, "notes", NOW, lifetime)

    changed = {"iss": "https://session.firebase.google.com/notes", "iat": NOW_S, "exp": NOW_S + lifetime}
    assert cookie == claims | changed


def test_a_session_cookie_lasts_two_weeks_unless_told_otherwise() -> None:
    assert rules.cookie_claims({}, "notes", NOW, None)["exp"] == NOW_S + 14 * 86400


@pytest.mark.parametrize("lifetime", [-1, 0, 299, 14 * 86400 + 1])
def test_a_session_cookie_of_another_duration_is_refused(lifetime: int) -> None:
    with pytest.raises(InvalidDuration):
        rules.cookie_claims({}, "notes", NOW, lifetime)


# ---- whether a token still stands


@pytest.mark.parametrize(("since", "stands"), [(None, True), (NOW_S - 1, True), (NOW_S, True), (NOW_S + 1, False)])
def test_a_token_issued_before_valid_since_has_expired(since: int | None, stands: bool) -> None:
    claims, ann = {"iat": NOW_S}, account(valid_since=since)
    if stands:
        assert rules.usable(claims, ann) == Verified(claims, ann)
    else:
        with pytest.raises(TokenExpired):
            rules.usable(claims, ann)


def test_a_disabled_account_has_no_usable_token() -> None:
    with pytest.raises(UserDisabled):
        rules.usable({"iat": NOW_S}, account(disabled=True))


def test_a_sign_in_is_recent_for_five_minutes() -> None:
    rules.require_recent(Verified({"auth_time": NOW_S - 300}, account()), NOW)
    with pytest.raises(CredentialTooOld):
        rules.require_recent(Verified({"auth_time": NOW_S - 301}, account()), NOW)


# ---- custom tokens


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"uid": "ann"}, ("ann", "")),
        ({"user_id": "ann"}, ("ann", "")),
        ({"uid": "ann", "claims": None}, ("ann", "")),
        ({"uid": "ann", "claims": {}}, ("ann", "")),
        ({"uid": "ann", "claims": {"a": [1]}}, ("ann", '{"a": [1]}')),
        ({"uid": "a" * 128}, ("a" * 128, "")),
    ],
)
def test_a_custom_token_names_a_user_and_claims(claims: dict[str, object], user: tuple[str, str]) -> None:
    assert rules.custom_token(claims) == user


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({}, MissingIdentifier),
        ({"uid": ""}, MissingIdentifier),
        ({"uid": None}, MissingIdentifier),
        ({"uid": 7}, InvalidCustomToken),
        ({"uid": ["ann"]}, InvalidCustomToken),
        ({"uid": "a" * 129}, InvalidCustomToken),
        ({"uid": "a\x00b"}, InvalidCustomToken),
        ({"uid": "a\nb"}, InvalidCustomToken),
        ({"uid": "ann", "tenant_id": "kids"}, NotServed),
        ({"uid": "ann", "claims": []}, InvalidClaims),
        ({"uid": "ann", "claims": ""}, InvalidClaims),
        ({"uid": "ann", "claims": False}, InvalidClaims),
        ({"uid": "ann", "claims": ["admin"]}, InvalidClaims),
        ({"uid": "ann", "claims": "admin"}, InvalidClaims),
        *(({"uid": "ann", "claims": {name: 1}}, ForbiddenClaim) for name in sorted(RESERVED_CLAIMS)),
    ],
)
def test_a_custom_token_that_says_something_else_is_refused(
    claims: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        rules.custom_token(claims)


@pytest.mark.parametrize("lacking", ["sub", "auth_time", "firebase"])
def test_an_id_token_without_what_is_read_from_it_is_not_complete(lacking: str) -> None:
    claims = {"sub": "ann", "auth_time": NOW_S, "firebase": {"sign_in_provider": "password"}}
    assert rules.complete(claims)
    assert not rules.complete({**claims, lacking: None})

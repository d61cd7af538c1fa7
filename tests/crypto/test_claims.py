"""Registered claims: whom a token is for (attack A8) and when it holds (attack A11)."""

import pytest

from ecrin.base.clock import DAY, HOUR, SECOND
from ecrin.crypto.jose.claims import TokenOutdated, check
from ecrin.errors import SignatureInvalid

ISSUER, AUDIENCE = "https://securetoken.google.com/demo", "demo"
IAT = 1_700_000_000
NOW = (IAT + 10) * SECOND
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "iat": IAT, "exp": IAT + 3600}


def accept(claims: dict[str, object], now: int = NOW, **limits: int) -> None:
    check(claims, issuer=ISSUER, audience=AUDIENCE, now=now, **limits)


@pytest.mark.parametrize(
    "more", [{}, {"aud": [AUDIENCE]}, {"nbf": IAT}, {"iat": IAT + 0.5}, {"exp": IAT + 3600.25}, {"sub": 1}, {"iat": 0}]
)
def test_good_claims_are_accepted(more):
    accept({**GOOD, **more})


FOREIGN_AUDIENCES = ["other", "", None, "Demo", "demo ", ["demo", "other"], ["other"], [], {"demo": 1}, 1, [["demo"]]]


@pytest.mark.parametrize("audience", FOREIGN_AUDIENCES, ids=repr)
def test_a8_a_token_for_another_audience_is_refused(audience):
    with pytest.raises(SignatureInvalid, match="audience"):
        accept({**GOOD, "aud": audience})


FOREIGN_ISSUERS = [
    "https://session.firebase.google.com/demo",
    "https://securetoken.google.com/other",
    ISSUER + "/",
    ISSUER.upper(),
    [ISSUER],
    "",
    None,
]


@pytest.mark.parametrize("issuer", FOREIGN_ISSUERS, ids=repr)
def test_a8_a_token_of_another_issuer_is_refused(issuer):
    with pytest.raises(SignatureInvalid, match="issuer"):
        accept({**GOOD, "iss": issuer})


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_claim_is_refused(name):
    with pytest.raises(SignatureInvalid):
        accept({other: value for other, value in GOOD.items() if other != name})


NOT_DATES = [None, "1700000000", True, -1, float("nan"), float("inf"), -float("inf"), 10**400, 253_402_300_800, [], {}]


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", NOT_DATES, ids=lambda value: repr(value)[:20])
def test_a_date_that_is_none_is_refused(name, value):
    with pytest.raises(SignatureInvalid, match=f"no usable {name}") as refusal:
        accept({**GOOD, name: value})
    assert not isinstance(refusal.value, TokenOutdated)


EXP, YEARS = (IAT + 3600) * SECOND, 3653 * DAY


@pytest.mark.parametrize("now", [EXP + 60 * SECOND, EXP + HOUR, EXP + YEARS])
def test_a11_an_expired_token_is_outdated(now):
    with pytest.raises(TokenOutdated) as refusal:
        accept(GOOD, now)
    assert refusal.value.code == "TOKEN_OUTDATED"


@pytest.mark.parametrize("now", [IAT * SECOND - 60 * SECOND - 1, IAT * SECOND - HOUR, IAT * SECOND - YEARS])
def test_a11_a_token_from_the_future_is_refused(now):
    with pytest.raises(SignatureInvalid, match="not valid yet"):
        accept(GOOD, now)


@pytest.mark.parametrize("now", [IAT * SECOND - 60 * SECOND, IAT * SECOND, EXP, EXP + 60 * SECOND - 1])
def test_a11_clocks_may_differ_by_a_minute_at_both_ends(now):
    accept(GOOD, now)


@pytest.mark.parametrize("now", [IAT * SECOND - 1, EXP])
def test_without_skew_the_ends_are_exact(now):
    with pytest.raises(SignatureInvalid):
        accept(GOOD, now, skew_seconds=0)


def test_a_token_before_its_nbf_is_refused():
    with pytest.raises(SignatureInvalid, match="not valid yet"):
        accept({**GOOD, "nbf": IAT + 71})
    accept({**GOOD, "nbf": IAT + 70})


def test_max_age_holds_whatever_exp_says():
    claims = {**GOOD, "exp": IAT + 10**6}
    last = (IAT + 3660) * SECOND
    accept(claims, last - 1, max_age_seconds=3600)
    with pytest.raises(TokenOutdated, match="too long ago"):
        accept(claims, last, max_age_seconds=3600)


def test_a_foreign_token_is_never_called_outdated():
    with pytest.raises(SignatureInvalid) as refusal:
        accept({**GOOD, "aud": "other"}, EXP + YEARS)
    assert not isinstance(refusal.value, TokenOutdated)

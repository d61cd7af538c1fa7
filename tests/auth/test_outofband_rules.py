"""Codes: how long they live, what their links look like, what they do."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.makers import NOW, account, code
from ecrin.auth.accounts.model import Identity
from ecrin.auth.errors import ExpiredOobCode, InvalidContinueUri, InvalidOobCode, UnauthorizedDomain
from ecrin.auth.outofband import rules
from ecrin.auth.outofband.model import Purpose
from ecrin.base.clock import HOUR
from ecrin.base.secret import Secret

BASE = "https://auth.example.org/auth/action"
DOMAINS = ("example.org", "localhost")
purposes = st.sampled_from(Purpose)


# ---- links


@given(
    purposes,
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.none() | st.just("https://app.example.org/?a=b&c=d#e"),
)
def test_a_link_carries_its_parts_and_leads_to_the_configured_place(
    purpose: Purpose, text: str, url: str | None
) -> None:
    link = rules.link(BASE, text, purpose, text, text, url)

    assert link.startswith(f"{BASE}?")
    found = {k: v[0] for k, v in parse_qs(urlsplit(link).query, keep_blank_values=True, strict_parsing=True).items()}
    expected = {"mode": rules.MODES[purpose], "lang": text, "oobCode": text, "apiKey": text}
    assert found == expected | ({} if url is None else {"continueUrl": url})


@given(st.text(st.characters(codec="utf-8")))
def test_a26_a_link_is_printable_ascii_whatever_a_client_puts_into_it(text: str) -> None:
    link = rules.link(BASE, "code", Purpose.VERIFY_EMAIL, text, text, None)
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://app.example.org/path?x=1#y",
        "http://localhost:5173/",
        "https://EXAMPLE.ORG./",
        "https://example.org:8443",
    ],
)
def test_an_address_in_an_authorized_domain_is_taken_as_it_is(url: str) -> None:
    assert rules.checked_continue_url(url, DOMAINS) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.org",
        "https://example.org.evil.org",
        "https://notexample.org",
        "https://127.0.0.1",
        "https://evil.org/example.org",
        "https://evil.org?example.org",
        "https://evil.org#.example.org",
        "https://xn--exampl-gva.org",
    ],
)
def test_an_address_in_another_domain_is_refused(url: str) -> None:
    with pytest.raises(UnauthorizedDomain):
        rules.checked_continue_url(url, DOMAINS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org",
        "/path",
        "javascript:alert(1)//example.org",
        "data:text/html,x",
        "app://example.org",
        "https://",
        "https://.",
        "https://example.org\\@evil.org",
        "https://example.org@evil.org",
        "https://user:pw@example.org",
        "https://example.org /",
        "https://example.org/\n",
        "https://example.org\t.evil.org",
        "https://example.org:port",
        "https://example.org:99999",
        "https://[::1",
        "https://exämple.org",
        "https://example.org/" + "a" * 2048,
    ],
)
@pytest.mark.parametrize("domains", [DOMAINS, None])
def test_a20_an_address_that_two_parsers_may_read_differently_is_refused(
    url: str, domains: tuple[str, ...] | None
) -> None:
    with pytest.raises(InvalidContinueUri):
        rules.checked_continue_url(url, domains)


def test_without_domains_any_absolute_address_is_taken() -> None:
    assert rules.checked_continue_url("https://anywhere.test/", None)


# ---- when a code is good


@given(purposes, purposes, st.integers(-HOUR, 2 * HOUR), st.booleans())
def test_a23_a_code_is_good_once_in_time_and_for_its_purpose(
    made_for: Purpose, asked_for: Purpose, age: int, used: bool
) -> None:
    stored = code(purpose=made_for, used_at=NOW if used else None)
    if used or made_for != asked_for:
        with pytest.raises(InvalidOobCode):
            rules.require_good(stored, asked_for, NOW + age)
    elif age >= HOUR:
        with pytest.raises(ExpiredOobCode):
            rules.require_good(stored, asked_for, NOW + age)
    else:
        assert rules.require_good(stored, asked_for, NOW + age) is stored


@pytest.mark.parametrize("purpose", Purpose)
def test_a23_a_code_ends_on_the_millisecond(purpose: Purpose) -> None:
    stored = code(purpose=purpose)
    assert rules.require_good(stored, purpose, stored.expires_at - 1) is stored
    with pytest.raises(ExpiredOobCode):
        rules.require_good(stored, purpose, stored.expires_at)


@given(purposes)
def test_a_code_may_be_looked_at_without_naming_its_purpose(purpose: Purpose) -> None:
    assert rules.require_good(code(purpose=purpose), None, NOW)


def test_an_unknown_code_is_invalid() -> None:
    with pytest.raises(InvalidOobCode):
        rules.require_good(None, None, NOW)


def test_every_purpose_has_a_mode_and_an_end() -> None:
    assert rules.MODES.keys() == rules.LIFETIMES.keys() == set(Purpose)
    assert len(set(rules.MODES.values())) == len(Purpose)
    assert max(rules.LIFETIMES[p] for p in (Purpose.PASSWORD_RESET, Purpose.EMAIL_SIGNIN)) <= HOUR


# ---- what a code does

ANN = account(email="ann@example.org")


@pytest.mark.parametrize(
    ("purpose", "new_email", "changes"),
    [
        (Purpose.VERIFY_EMAIL, None, {"email_verified": True}),
        (Purpose.VERIFY_AND_CHANGE_EMAIL, "new@example.org", {"email": "new@example.org", "email_verified": True}),
        (Purpose.RECOVER_EMAIL, None, {"email": "ann@example.org", "email_verified": True}),
    ],
)
def test_a_code_changes_what_its_purpose_says(
    purpose: Purpose, new_email: str | None, changes: dict[str, object]
) -> None:
    assert rules.applied(code(purpose=purpose, new_email=new_email), ANN) == changes


@pytest.mark.parametrize("purpose", [Purpose.PASSWORD_RESET, Purpose.EMAIL_SIGNIN])
def test_a23_a_code_that_needs_more_than_a_click_is_not_applied(purpose: Purpose) -> None:
    with pytest.raises(InvalidOobCode):
        rules.applied(code(purpose=purpose), ANN)


@pytest.mark.parametrize("purpose", [Purpose.VERIFY_EMAIL, Purpose.VERIFY_AND_CHANGE_EMAIL])
def test_a23_a_code_is_void_once_the_account_has_another_address(purpose: Purpose) -> None:
    with pytest.raises(InvalidOobCode):
        rules.applied(code(purpose=purpose, new_email="x@example.org"), account(email="else@example.org"))


def test_an_address_is_recovered_although_the_account_has_another_one_now() -> None:
    recovered = rules.applied(code(purpose=Purpose.RECOVER_EMAIL), account(email="thief@example.org"))
    assert recovered["email"] == "ann@example.org"


def test_a17_the_first_proof_of_an_address_clears_what_somebody_else_may_have_attached() -> None:
    squatted = account(password=Secret("x"), phone_number="+33123456789", identities=(Identity("google.com", "1"),))

    assert rules.proven(squatted) == {
        "email_verified": True,
        "password": None,
        "phone_number": None,
        "identities": (),
    }


def test_a_proved_account_keeps_everything() -> None:
    assert rules.proven(account(email_verified=True, password=Secret("x"))) == {}

"""What users may change about themselves."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.makers import account, project
from ecrin.auth.accounts.model import Identity
from ecrin.auth.errors import InvalidDisplayName, InvalidEmail, InvalidPhotoUrl, OperationNotAllowed
from ecrin.auth.selfservice.rules import Wish, changes_of, provider_after
from ecrin.base.secret import Secret

ANN = account(email="ann@example.org", password=Secret("x"), identities=(Identity("google.com", "1"),))
OPEN = project(email_enumeration_protection=False)
STRICT = project()

wishes = st.builds(
    Wish,
    display_name=st.none() | st.sampled_from(["", "Ann"]),
    photo_url=st.none() | st.sampled_from(["", "https://example.org/a.png"]),
    email=st.none() | st.just("new@example.org"),
    password=st.none() | st.just(Secret("new password")),
    delete_attributes=st.frozensets(st.sampled_from(["DISPLAY_NAME", "PHOTO_URL", "PASSWORD", "EMAIL", "PROVIDER"])),
    delete_providers=st.frozensets(st.sampled_from(["google.com", "password", "phone", "github.com"])),
)
MINE = {"display_name", "photo_url", "email", "password", "email_link_signin", "phone_number", "identities"}


@given(wishes)
def test_a18_no_wish_reaches_what_only_an_administrator_may_change(wish: Wish) -> None:
    assert changes_of(wish, ANN, OPEN).keys() <= MINE


@given(wishes)
def test_a18_what_a_user_takes_away_is_gone_and_never_replaced(wish: Wish) -> None:
    changes = changes_of(wish, ANN, OPEN)

    assert changes.get("phone_number") is None
    assert set(changes.get("identities", ANN.identities)) <= set(ANN.identities)
    assert not changes.get("email_link_signin", False)


def test_a18_a_wish_has_no_field_for_verification_claims_or_bans() -> None:
    names = {f.name for f in fields(Wish)}
    assert names == {"display_name", "photo_url", "email", "password", "delete_attributes", "delete_providers"}


@given(wishes)
def test_what_is_not_wished_for_stays(wish: Wish) -> None:
    changes = changes_of(wish, ANN, OPEN)

    if wish.display_name is None and "DISPLAY_NAME" not in wish.delete_attributes:
        assert "display_name" not in changes
    if wish.photo_url is None and "PHOTO_URL" not in wish.delete_attributes:
        assert "photo_url" not in changes
    if wish.email is None and "EMAIL" not in wish.delete_attributes and "password" not in wish.delete_providers:
        assert "email" not in changes


@pytest.mark.parametrize(
    ("attribute", "field"),
    [("DISPLAY_NAME", "display_name"), ("PHOTO_URL", "photo_url"), ("PASSWORD", "password"), ("EMAIL", "email")],
)
def test_an_attribute_is_deleted_by_name(attribute: str, field: str) -> None:
    assert changes_of(Wish(delete_attributes=frozenset({attribute})), ANN, STRICT) == {field: None}


def test_what_is_set_and_taken_away_at_once_is_gone() -> None:
    wish = Wish(email="new@example.org", delete_providers=frozenset({"password"}))
    assert changes_of(wish, ANN, OPEN) == {"email": None, "password": None, "email_link_signin": False}


def test_empty_text_removes_a_name_and_a_photo() -> None:
    assert changes_of(Wish(display_name="", photo_url=""), ANN, STRICT) == {"display_name": None, "photo_url": None}


def test_the_rules_of_fields_hold_for_users_too() -> None:
    with pytest.raises(InvalidDisplayName):
        changes_of(Wish(display_name="n" * 257), ANN, OPEN)
    with pytest.raises(InvalidPhotoUrl):
        changes_of(Wish(photo_url="javascript:alert(1)"), ANN, OPEN)
    with pytest.raises(InvalidEmail):
        changes_of(Wish(email="not an address"), ANN, OPEN)


# ---- a new address


def test_a24_with_enumeration_protection_another_address_must_be_proved_first() -> None:
    with pytest.raises(OperationNotAllowed, match="verify the new email"):
        changes_of(Wish(email="new@example.org"), ANN, STRICT)


def test_without_it_another_address_is_taken_at_once() -> None:
    assert changes_of(Wish(email="NEW@example.org"), ANN, OPEN) == {"email": "new@example.org"}


def test_ones_own_address_in_another_spelling_is_no_new_one() -> None:
    assert changes_of(Wish(email="ANN@example.org"), ANN, STRICT) == {"email": "ann@example.org"}


def test_an_account_without_an_address_may_take_one() -> None:
    assert changes_of(Wish(email="ann@example.org"), account(), STRICT) == {"email": "ann@example.org"}


# ---- what needs a fresh sign-in


@pytest.mark.parametrize(
    ("wish", "sensitive"),
    [
        (Wish(), False),
        (Wish(display_name="Ann", photo_url=""), False),
        (Wish(delete_attributes=frozenset({"DISPLAY_NAME", "PHOTO_URL"})), False),
        (Wish(delete_providers=frozenset({"google.com"})), False),
        (Wish(email="new@example.org"), True),
        (Wish(password=Secret("x")), True),
        (Wish(delete_providers=frozenset({"google.com", "password"})), True),
        (Wish(delete_attributes=frozenset({"EMAIL"})), True),
        (Wish(delete_attributes=frozenset({"PASSWORD", "PHOTO_URL"})), True),
    ],
)
def test_what_changes_the_way_of_signing_in_needs_a_fresh_sign_in(wish: Wish, sensitive: bool) -> None:
    assert wish.sensitive == sensitive


@pytest.mark.parametrize(
    ("before", "password", "after"),
    [("anonymous", "x", "password"), ("anonymous", None, "anonymous"), ("google.com", "x", "google.com")],
)
def test_a_password_makes_an_anonymous_session_one_by_password(before: str, password: str | None, after: str) -> None:
    assert provider_after(before, Wish(password=Secret(password) if password else None)) == after

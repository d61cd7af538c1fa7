"""What administrators ask of an account."""

import pytest

from auth.makers import NOW, account
from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.administration.rules import Edit, changes_of, new_account, values_of
from ecrin.auth.errors import InvalidClaims, InvalidEmail, InvalidLocalId, InvalidPhoneNumber, InvalidPhotoUrl
from ecrin.base.secret import Secret

GOOGLE, GITHUB = Identity("google.com", "1"), Identity("github.com", "2")
ANN = account(email="ann@example.org", password=Secret("x"), identities=(GOOGLE,))


def test_what_is_not_named_stays() -> None:
    assert values_of(Edit()) == {}
    assert changes_of(Edit(), Changes(), ANN) == {}


def test_what_is_false_or_empty_is_named() -> None:
    edit = Edit(display_name="", photo_url="", email_verified=False, disabled=False, claims="", last_login_at=0)
    expected = {"display_name": None, "photo_url": None, "email_verified": False, "disabled": False, "claims": ""}
    assert values_of(edit) == expected | {"last_login_at": 0}


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        (Edit(email=""), InvalidEmail),
        (Edit(phone_number="1"), InvalidPhoneNumber),
        (Edit(photo_url="javascript:alert(1)"), InvalidPhotoUrl),
        (Edit(claims="[]"), InvalidClaims),
    ],
)
def test_the_rules_of_fields_hold_for_administrators_too(edit: Edit, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        values_of(edit)


def test_what_is_set_and_taken_away_at_once_is_gone() -> None:
    edit = Edit(delete_attributes=frozenset({"DISPLAY_NAME"}), delete_providers=frozenset({"password"}))
    changes = changes_of(edit, Changes(display_name="Ann", email="new@example.org", password=Secret("y")), ANN)
    assert changes == {"display_name": None, "email": None, "password": None, "email_link_signin": False}


def test_an_identity_is_linked_to_those_that_are_left() -> None:
    edit = Edit(identity=GITHUB, delete_providers=frozenset({"google.com"}))
    assert changes_of(edit, Changes(), ANN) == {"identities": (GITHUB,)}


def test_the_values_stay_as_they_are_for_a_unit_that_runs_again() -> None:
    values = Changes(display_name="Ann")
    changes_of(Edit(delete_attributes=frozenset({"DISPLAY_NAME"})), values, ANN)
    assert values == {"display_name": "Ann"}


def test_a_new_account_has_its_values_from_the_first_and_nothing_to_revoke() -> None:
    values = Changes(email="ann@example.org", password=Secret("x"))
    expected = Account("notes", "ann", NOW, email="ann@example.org", password=Secret("x"), password_updated_at=NOW)
    assert new_account("notes", "ann", values, NOW) == expected


def test_a_new_account_needs_an_id() -> None:
    with pytest.raises(InvalidLocalId):
        new_account("notes", "", Changes(), NOW)

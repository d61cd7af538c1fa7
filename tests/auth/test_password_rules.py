"""What a password must be: long enough, not too long, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.auth.errors import MissingPassword, PasswordTooLong, WeakPassword
from ecrin.auth.password.rules import MAX_BYTES, checked_password


def test_no_password_is_not_a_weak_one() -> None:
    with pytest.raises(MissingPassword):
        checked_password("", 8)


@given(st.text(min_size=128, max_size=300))
def test_any_characters_make_a_password(password: str) -> None:
    assert checked_password(password, 6) == password


@given(st.integers(6, 128), st.characters(codec="ascii"))
def test_the_minimum_is_counted_in_characters_and_named(minimum: int, character: str) -> None:
    assert checked_password(character * minimum, minimum)
    with pytest.raises(WeakPassword, match=f"at least {minimum} characters"):
        checked_password(character * (minimum - 1), minimum)


def test_characters_are_counted_as_they_are_hashed() -> None:
    assert checked_password("ﷺ", 8)
    with pytest.raises(WeakPassword):
        checked_password("e\u0301" * 7, 8)


@pytest.mark.parametrize("password", ["x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "\ud800" * (MAX_BYTES // 2)])
def test_a_password_over_4096_bytes_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooLong):
        checked_password(password, 8)


def test_a_password_of_4096_bytes_is_taken() -> None:
    assert checked_password("é" * (MAX_BYTES // 2), 8)

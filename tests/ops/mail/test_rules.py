from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.clock import DAY, MINUTE
from ecrin.ops.mail.rules import DELAYS, MAX_TRIES, may_try, next_try

NOW = 1_800_000_000_000


@given(st.integers(0, 10), st.integers(0, 2 * DAY))
def test_at_most_six_tries_and_only_within_a_day(attempts: int, age: int) -> None:
    assert may_try(attempts, NOW - age, NOW) == (attempts < 6 and age < DAY)


@given(st.integers(1, 10), st.integers(0, 2 * DAY))
def test_the_next_try_is_later_and_is_allowed_then(attempts: int, age: int) -> None:
    again = next_try(attempts, NOW - age, NOW)
    assert again is None or (again > NOW and may_try(attempts, NOW - age, again))


@given(st.integers(1, 5), st.integers(0, DAY // 2))
def test_a_young_letter_with_tries_left_is_tried_again(attempts: int, age: int) -> None:
    assert next_try(attempts, NOW - age, NOW) is not None


def test_the_delays_grow_and_fit_into_a_day() -> None:
    assert list(DELAYS) == sorted(set(DELAYS))
    assert len(DELAYS) == MAX_TRIES - 1
    assert sum(DELAYS) < DAY
    assert DELAYS[0] == MINUTE

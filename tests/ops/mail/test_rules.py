from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.ops.mail.rules import DELAYS, MAX_TRIES, last_moment, may_try, next_try

NOW = 1_800_000_000_000


@given(st.integers(0, 10), st.integers(-DAY, DAY))
def test_at_most_six_tries_and_only_while_the_letter_is_good(attempts: int, left: int) -> None:
    assert may_try(attempts, NOW + left, NOW) == (attempts < 6 and left > 0)


@given(st.integers(1, 10), st.integers(-DAY, DAY))
def test_the_next_try_is_later_and_is_allowed_then(attempts: int, left: int) -> None:
    again = next_try(attempts, NOW + left, NOW)
    assert again is None or (again > NOW and may_try(attempts, NOW + left, again))


@given(st.integers(1, 5), st.integers(6 * HOUR + 1, DAY))
def test_a_letter_that_is_good_for_long_is_tried_again_while_it_has_tries_left(attempts: int, left: int) -> None:
    assert next_try(attempts, NOW + left, NOW) is not None


def test_a_letter_is_good_as_long_as_what_it_holds_and_for_a_day_at_most() -> None:
    assert last_moment(NOW, NOW + HOUR) == NOW + HOUR
    assert last_moment(NOW, NOW + 2 * DAY) == last_moment(NOW, None) == NOW + DAY


def test_the_delays_grow_and_fit_into_a_day() -> None:
    assert list(DELAYS) == sorted(set(DELAYS))
    assert len(DELAYS) == MAX_TRIES - 1
    assert sum(DELAYS) < DAY
    assert DELAYS[0] == MINUTE

"""How often the devices of a network may have something written for them."""

import pytest

from ecrin.base.clock import MINUTE
from ecrin.testing.clock import START
from ecrin.web.capgo.errors import TooManyChoices
from ecrin.web.capgo.throttle import MOST, Throttle

APP = "com.example.notes"


def test_a_network_has_its_number_again_in_the_next_minute() -> None:
    throttle = Throttle()
    for _ in range(MOST):
        throttle.count(APP, "198.51.100.7", START)
    with pytest.raises(TooManyChoices) as refused:
        throttle.count(APP, "198.51.100.7", START + MINUTE - 1)
    assert refused.value.retry_after == 1
    throttle.count(APP, "198.51.100.7", START + MINUTE)


def test_of_a_minute_that_is_over_nothing_is_kept() -> None:
    """Networks are many; they must neither fill the memory nor be looked through with each request."""
    throttle = Throttle()
    for number in range(5_000):
        throttle.count(APP, f"2001:db8:0:{number:x}::1", START)
    throttle.count(APP, "198.51.100.7", START + MINUTE)
    assert len(throttle._counts) == 1

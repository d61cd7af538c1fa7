"""Counting: never more than the limit within a window, whatever the clock does, and one count for one source."""

import ipaddress
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.makers import NOW
from ecrin.auth.limits.rules import ADDRESS_FAILURES, PASSWORD_FAILURES, Count, Limit, allowed, counted, network
from ecrin.base.clock import DAY, HOUR, MINUTE

LIMIT = Limit("test", 3, HOUR)


def count_at(*times: int) -> list[bool]:
    """What each of several tries is told."""
    count, told = None, []
    for at in times:
        count = counted(count, LIMIT, at)
        told.append(allowed(count, LIMIT))
    return told


def test_as_many_as_the_limit_says_are_allowed() -> None:
    assert count_at(NOW, NOW, NOW + 1, NOW + 2, NOW + 3) == [True, True, True, False, False]


def test_a_window_that_is_over_starts_anew() -> None:
    assert count_at(NOW, NOW, NOW, NOW + HOUR - 1, NOW + HOUR) == [True, True, True, False, True]


def test_a_refused_try_does_not_make_the_window_longer() -> None:
    count = counted(Count(7, NOW + MINUTE), LIMIT, NOW)
    assert count == Count(8, NOW + MINUTE)


@given(st.lists(st.integers(0, 10 * HOUR), max_size=40).map(sorted))
def test_no_window_grants_more_than_the_limit(times: list[int]) -> None:
    count, granted = None, Counter[int]()
    for at in times:
        count = counted(count, LIMIT, at)
        granted[count.resets_at] += allowed(count, LIMIT)

    assert max(granted.values(), default=0) <= LIMIT.most


@given(st.lists(st.integers(0, 20 * DAY), min_size=1, max_size=20))
def test_a11_a_window_never_lasts_longer_than_it_may_though_the_clock_goes_back(times: list[int]) -> None:
    count = None
    for at in times:
        count = counted(count, LIMIT, at)
        assert at < count.resets_at <= at + LIMIT.window


@given(st.lists(st.integers(-3650 * DAY, 364 * DAY), max_size=20))
def test_a11_failures_in_a_row_are_forgiven_by_no_clock_that_went_wrong_and_came_back(times: list[int]) -> None:
    count = Count(PASSWORD_FAILURES.most, NOW + PASSWORD_FAILURES.window)
    for at in times:
        count = counted(count, PASSWORD_FAILURES, NOW + at)

    assert not allowed(counted(count, PASSWORD_FAILURES, NOW), PASSWORD_FAILURES)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:0201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:DB8::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", ""),
        ("127.8.9.10", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.1:4711", ""),
    ],
)
def test_a22_every_spelling_of_a_source_is_counted_as_one(address: str, source: str) -> None:
    assert network(address) == source


@given(st.ip_addresses(v=6, network="2000::/3"), st.integers(0, 2**64 - 1))
def test_a22_all_addresses_of_a_64_are_one_source(ip: ipaddress.IPv6Address, other: int) -> None:
    neighbour = ipaddress.IPv6Address(int(ip) >> 64 << 64 | other)
    assert network(str(neighbour)) == network(ip.exploded) != ""


@given(st.ip_addresses(v=4).filter(lambda ip: not ip.is_loopback))
def test_a22_an_ipv4_address_is_one_source_in_both_families(ip: ipaddress.IPv4Address) -> None:
    assert network(str(ip)) == network(f"::ffff:{ip}") == str(ip)


def test_the_limits_of_sign_in_are_those_that_the_design_names() -> None:
    assert (PASSWORD_FAILURES.most, PASSWORD_FAILURES.window >= 365 * DAY) == (100, True)
    assert ADDRESS_FAILURES.most > PASSWORD_FAILURES.most

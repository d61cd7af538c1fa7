"""Events become counts: whatever their order and however they were grouped, the same counts."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.errors import Overloaded
from ecrin.testing.clock import START
from ecrin.updates.errors import OverQuota
from ecrin.updates.stats import rules
from ecrin.updates.stats.model import STEPS, Delivery, Kind, Said
from ecrin.updates.stats.quota import Quota, seconds_left
from ecrin.updates.stats.rules import Names, fold, needed, rolled_up
from updates.stats.making import delivery

ACTIONS = st.sampled_from(["set", "update_fail", "download_fail", "app_crash", "ping", "unheard_of"])
DELIVERIES = st.lists(
    st.builds(
        lambda actions, by, version, at, counted: delivery(*actions, by=by, version=version, at=at, counted=counted),
        st.lists(ACTIONS, max_size=4),
        st.integers(0, 3),
        st.sampled_from(["1.1.0", "1.2.0"]),
        st.integers(START, START + 2 * DAY),
        st.booleans(),
    ),
    max_size=8,
)


@given(DELIVERIES, st.randoms())
def test_the_order_of_events_does_not_matter(deliveries: list[Delivery], random: "object") -> None:
    shuffled = list(deliveries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = fold(deliveries, Names()), fold(shuffled, Names())
    assert (one.counts, one.outcomes) == (other.counts, other.outcomes)


@given(DELIVERIES)
def test_every_event_is_counted_once_in_each_step(deliveries: list[Delivery]) -> None:
    said = Counter(event.action for d in deliveries for event in d.events)
    found: dict[int, Counter[str]] = {step: Counter() for step in STEPS}
    for (_, step, at, action, *_), count in rolled_up(dict(fold(deliveries, Names()).counts)).items():
        assert at % step == 0
        found[step][action] += count
    assert all(counts == said for counts in found.values())


@given(DELIVERIES)
def test_a_device_has_one_outcome_of_a_kind_and_only_where_it_counts(deliveries: list[Delivery]) -> None:
    expected = {
        (d.app_id, event.version, kind.value, d.device_id)
        for d in deliveries
        for event in d.events
        if d.counted and (kind := rules.kind_of(event.action))
    }
    assert set(fold(deliveries, Names()).outcomes) == expected


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("set", Kind.INSTALL),
        ("update_fail", Kind.FAILURE),
        ("session_key_required", Kind.FAILURE),
        ("app_crash", Kind.FAILURE),
        ("app_crash_native", Kind.FAILURE),
        ("app_anr", Kind.FAILURE),
        ("webview_javascript_error", Kind.FAILURE),
        ("webview_unhandled_rejection", Kind.FAILURE),
        ("webview_render_process_gone", Kind.FAILURE),
        ("download_fail", Kind.TROUBLE),
        ("insufficient_disk_space", Kind.TROUBLE),
        ("some_new_fail", Kind.TROUBLE),
        ("webview_resource_error", None),
        ("download_complete", None),
        ("unheard_of", None),
    ],
)
def test_what_an_event_says_of_a_version(action: str, kind: Kind | None) -> None:
    assert rules.kind_of(action) is kind


def test_an_app_has_a_hundred_names_of_its_own() -> None:
    names = Names()
    own = [names.of("com.example.a", f"own_{i}") for i in range(150)]
    assert own == [f"own_{i}" for i in range(100)] + ["other"] * 50
    assert names.of("com.example.a", "own_3") == "own_3"
    assert names.of("com.example.a", "set") == "set"
    assert names.of("com.example.b", "own_149") == "own_149"


@pytest.mark.parametrize("name", ["", "*install", "a b", "é", "a" * 65, "a\n"])
def test_no_client_can_say_a_name_of_the_servers_own(name: str) -> None:
    assert not rules.is_action(name)


@given(st.integers(1, 100), st.integers(0, 10_000))
def test_as_many_devices_as_needed_are_the_share_and_one_less_is_not(share: int, active: int) -> None:
    found = needed(share, active)
    assert found * 100 >= share * active
    assert found == 1 or (found - 1) * 100 < share * active


@given(st.integers(0, 2**41))
def test_buckets_lie_within_each_other(at: int) -> None:
    starts = [rules.floor(at, step) for step in (DAY, HOUR, MINUTE)]
    assert all(wide <= narrow <= at for wide, narrow in pairwise(starts))


def test_an_address_that_sent_much_of_a_flood_is_told_429_and_another_503() -> None:
    quota = Quota()
    quota.take("app", "flood", 100, 100, START)
    with pytest.raises(OverQuota) as refused:
        quota.take("app", "flood", 1, 100, START)
    assert refused.value.retry_after == seconds_left(START)
    with pytest.raises(Overloaded):
        quota.take("app", "other", 1, 100, START)


def test_what_is_sent_together_is_taken_in_a_minute_in_which_nothing_came() -> None:
    """Otherwise a client whose queue is longer than the quota would send it in vain for ever."""
    quota = Quota()
    quota.take("app", "address", 200, 100, START)
    with pytest.raises(OverQuota):
        quota.take("app", "address", 1, 100, START)
    quota.take("app", "address", 200, 100, START + MINUTE)


@pytest.mark.parametrize(
    ("metadata", "weight"),
    [
        ({}, 1),
        ({"message": "x" * 900}, 1),
        ({"message": "x" * 1024}, 2),
        ({"message": "\u00e9" * 1024}, 3),  # bytes count, and not characters
        ({"message": "\x01" * 1024}, 7),  # as it is written
        ({f"k{i}": "x" * 2048 for i in range(30)}, 61),
    ],
)
def test_an_event_weighs_as_many_events_as_its_metadata_has_kibibytes(metadata: dict[str, str], weight: int) -> None:
    assert rules.weight(Said("app_crash", "1.2.0", metadata=metadata)) == weight


def test_one_apps_flood_is_not_anothers() -> None:
    quota = Quota()
    quota.take("one", "address", 100, 100, START)
    quota.take("two", "address", 100, 100, START)


@given(st.integers(0, 2**41))
def test_the_seconds_that_are_told_reach_into_the_next_minute(now: int) -> None:
    left = seconds_left(now)
    assert 1 <= left <= 60
    assert rules.floor(now + left * 1000, MINUTE) > rules.floor(now, MINUTE)


@pytest.mark.parametrize(
    ("action", "platform", "plugin", "ignored"),
    [
        ("download_fail", "ios", (7, 16, 9), True),
        ("download_fail", "ios", (7, 17, 0), False),
        ("download_fail", "android", (6, 14, 24), True),
        ("download_fail", "android", (6, 14, 25), False),
        ("download_fail", "electron", (0, 0, 1), False),
        ("update_fail", "ios", (6, 0, 0), False),
    ],
)
def test_what_old_plugins_said_of_downloads_is_ignored(
    action: str, platform: str, plugin: tuple[int, int, int], ignored: bool
) -> None:
    assert rules.is_ignored(action, platform, plugin) is ignored

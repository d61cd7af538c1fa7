"""The simulated device is like the plugin 8.51 (protocol sheet §2.4, §3)."""

import random

import pytest

from ecrin.testing.fleet.device import QUEUE, Device, Offer
from ecrin.testing.fleet.plan import Plan, draw

PLAN = Plan("com.example.notes", 3, seed=7, every=60.0)
NOW = 1_800_000_000.0
OFFER = Offer("1.1.0", ("http://127.0.0.1/files/a",))


def device() -> Device:
    return Device(*draw(PLAN, 0))


def actions(device: Device) -> list[tuple[str, str]]:
    return [(event["action"], event["version_name"]) for event in device.batch()]


def test_the_same_seed_draws_the_same_fleet() -> None:
    assert [draw(PLAN, n)[0] for n in range(3)] == [draw(PLAN, n)[0] for n in range(3)]


def test_devices_differ() -> None:
    assert len({draw(PLAN, n)[0].device_id for n in range(3)}) == 3


@pytest.mark.parametrize("word", ["error", "kind", "message"])
def test_an_answer_with_one_of_these_words_is_no_update(word: str) -> None:
    assert device().answered({"version": "1.1.0", "url": "http://x/", word: "x"}, NOW) is None


def test_an_offer_is_read_by_its_manifest() -> None:
    files = [{"download_url": "http://x/1"}, {"download_url": "http://x/2"}]
    offer = device().answered({"version": "1.1.0", "url": "http://x/zip", "manifest": files}, NOW)
    assert offer == Offer("1.1.0", ("http://x/1", "http://x/2"))


def test_an_update_is_installed_and_said() -> None:
    one = device()
    one.downloaded(OFFER, complete=True, works=True, now=NOW)
    assert (one.version, actions(one)) == ("1.1.0", [("download_complete", "1.1.0"), ("set", "1.1.0")])


def test_a_version_that_does_not_start_is_taken_back_and_said() -> None:
    one = device()
    one.downloaded(OFFER, complete=True, works=False, now=NOW)
    assert (one.version, actions(one)[-1]) == ("builtin", ("update_fail", "1.1.0"))


def test_a_version_that_failed_is_not_tried_again() -> None:
    one = device()
    one.downloaded(OFFER, complete=True, works=False, now=NOW)
    assert one.answered({"version": "1.1.0", "url": "http://x/zip"}, NOW) is None


def test_a_download_that_fails_may_be_tried_again() -> None:
    one = device()
    one.downloaded(OFFER, complete=False, works=True, now=NOW)
    assert one.answered({"version": "1.1.0", "url": "http://x/zip"}, NOW) is not None


def test_builtin_resets() -> None:
    one = device()
    one.downloaded(OFFER, complete=True, works=True, now=NOW)
    one.answered({"version": "builtin"}, NOW)
    assert (one.version, one.history) == ("builtin", ["builtin", "1.1.0", "builtin"])


@pytest.mark.parametrize(("status", "kept"), [(0, 1), (500, 1), (503, 1), (408, 1), (429, 1), (400, 0), (200, 0)])
def test_events_stay_until_they_are_taken_or_refused(status: int, kept: int) -> None:
    one = device()
    one.say("set", "1.1.0", NOW)
    one.delivered(one.batch(), status)
    assert len(one.queue) == kept


def test_events_of_the_meantime_stay() -> None:
    one = device()
    one.say("get", "1.1.0", NOW)
    batch = one.batch()
    one.say("set", "1.1.0", NOW)
    one.delivered(batch, 200)
    assert actions(one) == [("set", "1.1.0")]


def test_the_oldest_event_goes_when_the_queue_is_full() -> None:
    one = device()
    for number in range(QUEUE + 1):
        one.say("get", f"1.{number}.0", NOW)
    assert (len(one.queue), one.queue[0]["version_name"]) == (QUEUE, "1.1.0")


@pytest.mark.parametrize(("seconds", "until"), [(30.0, NOW + 30), (0.0, 0.0), (10**6, NOW + 86400)])
def test_a_429_silences_for_the_time_it_names_and_a_day_at_most(seconds: float, until: float) -> None:
    one = device()
    one.heard(429, seconds, NOW)
    assert one.silent_until == until


def test_its_clock_is_off() -> None:
    one = device()
    one.say("set", "1.1.0", NOW)
    assert one.batch()[0]["timestamp"] == round(NOW * 1000) + one.facts.skew != round(NOW * 1000)


def test_it_checks_within_its_interval_whatever_its_user_does() -> None:
    facts, _ = draw(PLAN, 0)
    one = Device(facts, random.Random(1))
    assert max(one.pause() for _ in range(1000)) == facts.every

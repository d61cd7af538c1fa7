"""When a try has to wait, when a vault is wiped and when it locks itself: over every moment that can be."""

from hypothesis import given
from hypothesis import strategies as st

from ecrin.vault.device.model import Moment
from ecrin.vault.model import LockReason, Tries, VaultConfig, VaultType
from ecrin.vault.rules import (
    FREE_TRIES,
    MAX_DELAY_MS,
    Use,
    attempts_left,
    clock_was_set_back,
    counted,
    delay_ms,
    elapsed_ms,
    lock_due,
    next_look_ms,
    wait_ms,
)

times = st.integers(0, 2**41)
moments = st.builds(Moment, st.sampled_from(["a", "b"]), times, times)
failures = st.integers(0, 200)
config = VaultConfig(type=VaultType.IN_MEMORY, lock_after_idle_ms=60_000, lock_after_background_ms=5_000)


def at(ms: int, wall_ms: int = 0) -> Moment:
    return Moment("boot", ms, wall_ms)


def test_the_delay_begins_after_three_tries_and_doubles_up_to_five_minutes() -> None:
    delays = [delay_ms(failed) for failed in (0, 2, 3, 4, 5, 11, 12, 1000)]
    assert delays == [0, 0, 1000, 2000, 4000, 256_000, 300_000, 300_000]


@given(failures)
def test_a48_the_delay_never_shrinks(failed: int) -> None:
    assert delay_ms(failed) <= delay_ms(failed + 1) <= MAX_DELAY_MS


@given(failures, moments, moments)
def test_a_wait_is_never_longer_than_the_delay(failed: int, last: Moment, now: Moment) -> None:
    assert 0 <= wait_ms(Tries(failed, last), now) <= delay_ms(failed)


@given(st.integers(FREE_TRIES, 200), moments, times)
def test_a48_within_a_boot_a_set_clock_changes_nothing(failed: int, last: Moment, wall: int) -> None:
    tries = Tries(failed, last)
    now = Moment(last.boot, last.since_boot_ms + 500, wall)
    assert wait_ms(tries, now) == delay_ms(failed) - 500
    assert not clock_was_set_back(tries, now)


def test_over_a_restart_the_clock_on_the_wall_counts() -> None:
    assert wait_ms(Tries(4, Moment("old", 9_999_999, 10_000)), Moment("new", 5, 11_500)) == 500


def test_over_a_restart_with_a_clock_set_back_the_whole_delay_waits_and_begins_anew() -> None:
    tries, now = Tries(4, Moment("old", 5, 10_000)), Moment("new", 5, 9_000)
    assert (wait_ms(tries, now), clock_was_set_back(tries, now)) == (2000, True)
    assert wait_ms(Tries(4, now), Moment("new", 2005, 0)) == 0


def test_a_boot_that_has_the_name_of_an_earlier_one_is_another() -> None:
    assert elapsed_ms(Moment("boot", 9_000_000, 10_000), Moment("boot", 5, 11_000)) == 1_000


def test_free_tries_do_not_wait_for_a_clock() -> None:
    assert not clock_was_set_back(Tries(2, Moment("old", 5, 10_000)), Moment("new", 5, 9_000))


@given(moments, moments)
def test_time_between_two_moments_is_never_negative(since: Moment, now: Moment) -> None:
    passed = elapsed_ms(since, now)
    assert passed is None or passed >= 0


@given(failures, moments)
def test_a_try_counts_one_and_is_stamped(failed: int, now: Moment) -> None:
    assert counted(Tries(failed, at(0)), now) == Tries(failed + 1, now)


@given(st.lists(failures, max_size=4), st.integers(1, 20))
def test_attempts_are_counted_over_all_slots(failed: list[int], wipe_after: int) -> None:
    tries = [Tries(one, at(0)) for one in failed]
    assert attempts_left(tries, wipe_after) == max(0, wipe_after - sum(failed))
    assert attempts_left(tries, None) is None


@given(times, times, st.none() | times)
def test_a47_a_lock_is_due_exactly_when_its_time_has_passed(last: int, now: int, background: int | None) -> None:
    use = Use(at(last), None if background is None else at(background))
    away = background is not None and now - background >= 5_000
    expected = LockReason.BACKGROUND if away else LockReason.IDLE if now - last >= 60_000 else None
    assert lock_due(config, use, at(now)) is expected


@given(times, times, st.none() | times)
def test_the_next_look_comes_no_later_than_the_lock(last: int, later: int, background: int | None) -> None:
    use, now = Use(at(last), None if background is None else at(background)), max(last, background or 0) + later
    left = next_look_ms(config, use, at(now))
    assert left is not None
    assert (left == 0) == (lock_due(config, use, at(now)) is not None)
    assert lock_due(config, use, at(now + left)) is not None


def test_without_times_nothing_is_due_and_nothing_looked_at() -> None:
    use = Use(at(0), at(0))
    assert (lock_due(VaultConfig(), use, at(2**41)), next_look_ms(VaultConfig(), use, at(0))) == (None, None)

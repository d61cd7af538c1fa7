"""When a refresh token is good, and what presenting it does (design: sessions and refresh tokens)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.makers import NOW, session
from ecrin.auth.sessions.model import Session
from ecrin.auth.sessions.rules import (
    GRACE,
    MAX_LATE_RUN,
    MAX_ROTATIONS_KEPT,
    Decision,
    Ended,
    Late,
    Repeated,
    Rotated,
    present,
)
from ecrin.base.clock import DAY, HOUR, SECOND

IDLE = 60 * DAY


def after(decision: Decision) -> Session:
    assert not isinstance(decision, Ended), decision
    return decision.session


def rotate(state: Session, *times: int) -> Session:
    """Present the newest token at each of some times."""
    for at in times:
        state = after(present(state, state.counter, at, IDLE))
    return state


def test_the_newest_token_is_rotated() -> None:
    decision = present(session(), 0, NOW + 1, IDLE)

    assert isinstance(decision, Rotated)
    assert (decision.session.counter, decision.session.rotations, decision.session.used_at) == (1, (NOW + 1,), NOW + 1)


def test_a_rotation_prolongs_the_rest_but_never_the_life() -> None:
    assert rotate(session(), NOW + DAY).idle_at == NOW + DAY + IDLE
    dying = session(expires_at=NOW + 2 * DAY, idle_at=NOW + 2 * DAY)
    assert rotate(dying, NOW + DAY).idle_at == NOW + 2 * DAY


@given(st.integers(0, GRACE - 1), st.integers(1, 20))
def test_a_token_rotated_less_than_10_s_ago_gets_the_newest_however_often(age: int, times: int) -> None:
    state = rotate(session(), NOW)
    for _ in range(times):
        decision = present(state, 0, NOW + age, IDLE)
        assert decision == Repeated(state)


def test_every_token_of_a_fan_out_gets_the_newest() -> None:
    state = rotate(session(), NOW, NOW + 1, NOW + 2)

    assert [type(present(state, n, NOW + 3, IDLE)) for n in range(4)] == [Repeated, Repeated, Repeated, Rotated]


def test_after_the_grace_the_parent_gets_the_newest_and_the_generation_is_late() -> None:
    state = rotate(session(), NOW)

    decision = present(state, 0, NOW + GRACE, IDLE)

    assert decision == Late(replace(state, late=True, late_run=1))


def test_a_late_parent_may_come_again_as_long_as_the_newest_was_not_used() -> None:
    late = after(present(rotate(session(), NOW), 0, NOW + HOUR, IDLE))

    assert present(late, 0, NOW + 2 * HOUR, IDLE) == Late(late)


def test_a2_a_grandparent_after_the_grace_ends_the_session() -> None:
    state = rotate(session(), NOW, NOW + HOUR)

    assert present(state, 0, NOW + 2 * HOUR, IDLE) == Ended("reuse")


def test_a2_a_token_that_was_never_given_out_ends_the_session() -> None:
    assert present(session(), 1, NOW, IDLE) == Ended("reuse")


def late_generation(state: Session, at: int) -> tuple[Decision, int]:
    """The newest token is used, its reply is lost, and its holder comes back with it an hour later."""
    moved = rotate(state, at)
    return present(moved, moved.counter - 1, at + HOUR, IDLE), at + 2 * HOUR


def test_a2_the_third_late_generation_running_ends_the_session() -> None:
    state, at = session(), NOW
    for run in range(1, MAX_LATE_RUN):
        decision, at = late_generation(state, at)
        assert after(decision).late_run == run
        state = after(decision)

    assert late_generation(state, at)[0] == Ended("reuse")


def test_one_generation_in_time_ends_a_row_of_late_ones() -> None:
    state, at = session(), NOW
    for _ in range(MAX_LATE_RUN - 1):
        decision, at = late_generation(state, at)
        state = after(decision)
    state = rotate(state, at, at + HOUR)  # one generation whose parent does not come back

    assert state.late_run == 0
    assert isinstance(late_generation(state, at + 2 * HOUR)[0], Late)


# ---- ends


@pytest.mark.parametrize("reason", ["revoked", "deleted", None])
def test_an_ended_session_stays_ended_for_every_token(reason: str | None) -> None:
    over = session(counter=3, ended_at=NOW, end_reason=reason)
    assert {present(over, n, NOW, IDLE) for n in range(5)} == {Ended(reason or "ended")}


@pytest.mark.parametrize("end", ["idle_at", "expires_at"])
def test_a_session_ends_on_the_millisecond(end: str) -> None:
    resting = replace(session(), **{end: NOW + HOUR})

    assert isinstance(present(resting, 0, NOW + HOUR - 1, IDLE), Rotated)
    assert present(resting, 0, NOW + HOUR, IDLE) == Ended("expired")


def test_a_token_in_its_grace_does_not_outlive_the_session() -> None:
    state = rotate(session(expires_at=NOW + 1), NOW)
    assert present(state, 0, NOW + 1, IDLE) == Ended("expired")


# ---- any history


forwards = st.sampled_from([0, 1, 3 * SECOND, GRACE - 1, GRACE, 16 * SECOND, HOUR])
anywhere = forwards | st.sampled_from([-HOUR, -7 * SECOND])


def histories(ticks: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Which token comes (0 is the newest, 1 its parent), and how long after the one before."""
    return st.lists(st.tuples(st.integers(0, 5), ticks), max_size=30)


def play(history: list[tuple[int, int]]) -> Iterator[tuple[int, int, Session, Decision]]:
    """The number and the age (ms since its rotation) of each token that comes, the state it meets, and the decision."""
    state, now = session(), NOW
    rotated_at: dict[int, int] = {}
    for back, tick in history:
        now += tick
        token = max(0, state.counter - back)
        decision = present(state, token, now, IDLE)
        yield token, abs(now - rotated_at.get(token, now)), state, decision
        if isinstance(decision, Ended):
            return
        if isinstance(decision, Rotated):
            rotated_at[token] = now
        state = decision.session


@given(histories(anywhere))
def test_a1_no_history_ever_makes_two_newest_tokens(history: list[tuple[int, int]]) -> None:
    for token, _, state, decision in play(history):
        assert isinstance(decision, Rotated) == (token == state.counter)
        if not isinstance(decision, Ended):
            assert decision.session.counter == state.counter + isinstance(decision, Rotated)


@given(histories(forwards))
def test_a1_a_token_rotated_less_than_10_s_ago_is_answered_in_every_history(history: list[tuple[int, int]]) -> None:
    for token, age, state, decision in play(history):
        if token < state.counter and age < GRACE:
            assert decision == Repeated(state)


@given(histories(anywhere))
@example([(0, 0), (0, GRACE - 1), (0, -7 * SECOND), (0, -7 * SECOND), (3, 0)])
def test_a11_no_clock_gives_a_token_the_grace_of_another(history: list[tuple[int, int]]) -> None:
    for _, age, _, decision in play(history):
        assert age < GRACE or not isinstance(decision, Repeated)


def test_a11_a_small_step_back_of_the_clock_takes_nobodys_grace_away() -> None:
    history = [(0, 0), (0, GRACE - 1), (0, -7 * SECOND), (0, -7 * SECOND), (4, 0)]
    *_, (token, age, state, decision) = play(history)

    assert (token, age < GRACE) == (0, True)
    assert decision == Repeated(state)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=100))
def test_a_session_keeps_a_bounded_number_of_rotations(ticks: list[int]) -> None:
    state, now = session(), NOW
    for tick in ticks:
        now += tick
        state = rotate(state, now)

    assert len(state.rotations) <= MAX_ROTATIONS_KEPT
    assert state.rotations == tuple(sorted(state.rotations, reverse=True))


def test_a_session_used_seldom_keeps_one_rotation() -> None:
    assert rotate(session(), NOW, NOW + HOUR, NOW + 2 * HOUR).rotations == (NOW + 2 * HOUR,)

"""Rules of rollouts: shares that only grow, alike everywhere, and a halt that needs evidence."""

import subprocess
import sys
import uuid
from dataclasses import replace
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.updates.channels.model import Audience
from ecrin.updates.errors import InvalidRollout, RolloutUnderWay
from ecrin.updates.rollout import rules
from ecrin.updates.rollout.model import WHOLE, Action, HaltPolicy, Rollout, Stage, State
from ecrin.updates.rollout.rules import Tally

NOW = 1_800_000_000_000
START = Rollout("r1", "com.example.notes", 1, "2.0.0", "1.0.0", NOW, NOW)
NO_GROUPS: dict[str, frozenset[str]] = {}
BAD = Tally(100, 50)

ids = st.text("0123456789abcdef", min_size=32, max_size=32)
devices = st.uuids().map(str)
shares = st.integers(0, WHOLE)


def takes(rollout: Rollout, device: str, version: str = "1.0.0", custom_id: str = "") -> bool:
    return rules.takes(rollout, device, version, custom_id, NO_GROUPS)


# --- shares


@given(ids, devices, shares, shares)
def test_raising_the_share_adds_devices_and_takes_none_off(rollout: str, device: str, one: int, two: int) -> None:
    less, more = sorted((one, two))
    base = replace(START, id=rollout)
    assert takes(replace(base, share_bps=more), device) or not takes(replace(base, share_bps=less), device)


@given(ids, devices)
def test_nobody_is_in_at_nothing_and_everybody_at_the_whole(rollout: str, device: str) -> None:
    base = replace(START, id=rollout)
    assert not takes(replace(base, share_bps=0), device)
    assert takes(replace(base, share_bps=WHOLE), device)


@pytest.mark.parametrize("share_bps", [1, 100, 1_000, 2_500, 5_000, 9_900])
def test_the_share_is_kept_within_statistical_bounds(share_bps: int) -> None:
    devices, share = 20_000, share_bps / WHOLE
    admitted = sum(takes(replace(START, share_bps=share_bps), str(uuid.UUID(int=n))) for n in range(devices))
    spread = (devices * share * (1 - share)) ** 0.5
    assert abs(admitted - devices * share) < 5 * spread


def test_places_are_uniform() -> None:
    """Chi-squared over 100 cells: the mean is 99, and 5 standard deviations above it are 169."""
    cells = [0] * 100
    for n in range(50_000):
        cells[rules.place("r1", str(uuid.UUID(int=n))) // 100] += 1
    assert sum((seen - 500) ** 2 / 500 for seen in cells) < 169


def test_who_is_first_in_one_rollout_is_not_first_in_the_next() -> None:
    many = [str(uuid.UUID(int=n)) for n in range(10_000)]
    first = {d for d in many if rules.place("r1", d) < 1_000}
    both = {d for d in first if rules.place("r2", d) < 1_000}
    assert 40 < len(both) < 160  # a tenth of a tenth


def test_another_node_answers_alike() -> None:
    """A process of its own, with another seed of Python's hashes."""
    code = (
        "from ecrin.updates.rollout.rules import place; print([place('r1', f'device-{n}') for n in range(50)], end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "4242"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == str([rules.place("r1", f"device-{n}") for n in range(50)])


def test_places_are_what_they_were_in_earlier_versions() -> None:
    assert [rules.place("r1", f"device-{n}") for n in range(4)] == PLACES


PLACES = [4473, 8729, 8321, 4360]  # int(sha256('r1:device-0').hexdigest()[:16], 16) % 10000 and so on


@given(devices, shares, st.sampled_from(State))
def test_a_device_that_reports_the_version_keeps_it_paused_or_not(device: str, share: int, state: State) -> None:
    assert takes(replace(START, state=state, share_bps=share), device, "2.0.0")


@given(devices)
def test_a_paused_rollout_admits_nobody_else(device: str) -> None:
    assert not takes(replace(START, state=State.PAUSED, share_bps=WHOLE), device)


def test_an_audience_limits_who_is_asked_at_all() -> None:
    chosen = replace(START, share_bps=WHOLE, audience=Audience(frozenset({"ada"}), frozenset({"testers"})))
    groups = {"testers": frozenset({"bob"})}
    assert [rules.takes(chosen, "d", "1.0.0", who, groups) for who in ("ada", "bob", "eve", "")] == [
        True,
        True,
        False,
        False,
    ]


@given(shares, st.integers(-5, WHOLE + 5))
def test_a_share_only_grows_and_not_beyond_the_whole(before: int, after: int) -> None:
    rollout = replace(START, share_bps=before)
    if before < after <= WHOLE:
        assert rules.raised(rollout, after).share_bps == after
        return
    with pytest.raises(InvalidRollout):
        rules.raised(rollout, after)


# --- the timetable

STAGED = replace(START, share_bps=100, stages=(Stage(60, 1_000), Stage(120, 5_000), Stage(240, WHOLE)))


@pytest.mark.parametrize(
    ("minutes", "share"), [(0, 100), (59, 100), (60, 1_000), (119, 1_000), (120, 5_000), (239, 5_000), (10**6, WHOLE)]
)
def test_stages_come_when_they_are_due(minutes: int, share: int) -> None:
    assert rules.due_share(STAGED, NOW + minutes * MINUTE) == share


@given(st.integers(0, 500), st.integers(0, 500), shares)
def test_the_timetable_never_lowers_a_share(one: int, two: int, share: int) -> None:
    rollout = replace(STAGED, share_bps=share)
    early, late = sorted((one, two))
    assert share <= rules.due_share(rollout, NOW + early * MINUTE) <= rules.due_share(rollout, NOW + late * MINUTE)


def test_the_timetable_stands_still_during_a_pause() -> None:
    held = rules.paused(STAGED, "", NOW + 30 * MINUTE)
    again = rules.resumed(held, NOW + 30 * MINUTE + 9 * HOUR)
    assert rules.due_share(again, NOW + 59 * MINUTE + 9 * HOUR) == 100
    assert rules.due_share(again, NOW + 60 * MINUTE + 9 * HOUR) == 1_000


def test_a_clock_that_is_set_back_during_a_pause_lets_nobody_else_in() -> None:
    """Ten years that were never paused must not count as ten years in which the rollout ran (attack A11)."""
    ahead = rules.paused(STAGED, "", NOW + 3650 * DAY)
    again = rules.resumed(ahead, NOW + 30 * MINUTE)
    assert rules.due_share(again, NOW + 31 * MINUTE) == 100


# --- plans

PLANS = {
    "a share below nothing": (-1, (), {}),
    "a share beyond the whole": (WHOLE + 1, (), {}),
    "a stage beyond the whole": (0, (Stage(1, WHOLE + 1),), {}),
    "a stage that lowers": (500, (Stage(1, 100),), {}),
    "stages that lower": (0, (Stage(1, 200), Stage(2, 100)), {}),
    "two stages at once": (0, (Stage(1, 100), Stage(1, 200)), {}),
    "stages in no order": (0, (Stage(2, 100), Stage(1, 200)), {}),
    "a stage before the start": (0, (Stage(-1, 100),), {}),
    "a rate of nothing": (0, (), {"failure_rate_bps": 0}),
    "a rate beyond the whole": (0, (), {"failure_rate_bps": WHOLE + 1}),
    "certainty": (0, (), {"confidence": 1.0}),
    "what is rounded to certainty": (0, (), {"confidence": 0.9999999999999999}),
    "no confidence": (0, (), {"confidence": 0.1}),
    "not a number": (0, (), {"confidence": float("nan")}),
    "no window": (0, (), {"window_minutes": 0}),
    "no attempts": (0, (), {"min_attempts": 0}),
    "no failures": (0, (), {"min_failures": 0}),
    "a cooldown backwards": (0, (), {"cooldown_minutes": -1}),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_makes_no_sense_is_refused(name: str) -> None:
    share, stages, policy = PLANS[name]
    with pytest.raises(InvalidRollout):
        rules.check_plan(share, stages, HaltPolicy(**policy))  # type: ignore[arg-type]


def test_plans_that_make_sense_are_taken() -> None:
    rules.check_plan(0, (), HaltPolicy())
    rules.check_plan(100, (Stage(0, 100), Stage(60, 500), Stage(120, WHOLE)), HaltPolicy(cooldown_minutes=0))


# --- the Wilson bound


@pytest.mark.parametrize(
    ("failures", "attempts", "confidence", "lower"),
    [
        (10, 100, 0.95, 0.055229),
        (1, 10, 0.95, 0.017876),
        (5, 50, 0.95, 0.043476),
        (50, 100, 0.95, 0.403832),
        (1, 1, 0.95, 0.206549),
        (10, 100, 0.99, 0.046026),
        (0, 10, 0.95, 0.0),
        (0, 0, 0.95, 0.0),
    ],
)
def test_the_wilson_bound_has_its_known_values(failures: int, attempts: int, confidence: float, lower: float) -> None:
    assert rules.wilson_lower(failures, attempts, confidence) == pytest.approx(lower, abs=1e-6)


@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_the_wilson_bound_solves_its_equation(attempts: int, share: float, confidence: float) -> None:
    """The bound p is where (rate - p)^2 = z^2 p (1 - p) / n, below the rate (Wilson 1927)."""
    failures = round(share * attempts)
    rate, bound = failures / attempts, rules.wilson_lower(failures, attempts, confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    assert 0 <= bound <= rate + 1e-12
    assert (rate - bound) ** 2 == pytest.approx(z * z * bound * (1 - bound) / attempts, abs=1e-9)


@given(st.integers(0, 500), st.integers(1, 500))
def test_more_of_the_same_is_better_evidence(failures: int, others: int) -> None:
    few = rules.wilson_lower(failures, failures + others, 0.95)
    many = rules.wilson_lower(10 * failures, 10 * (failures + others), 0.95)
    assert many >= few


# --- the halt


@pytest.mark.parametrize(
    ("tally", "halts"),
    [
        (Tally(100, 50), True),
        (Tally(49, 49), False),  # too few tried
        (Tally(50, 4), False),  # too few failed
        (Tally(50, 10), True),
        (Tally(100, 9), False),  # 9 %, but the bound is below 5 %
        (Tally(1000, 90), True),  # 9 % of many
        (Tally(0, 0), False),
    ],
)
def test_a_rollout_halts_on_evidence_alone(tally: Tally, halts: bool) -> None:
    assert rules.must_halt(START, tally, NOW) == halts


def test_a_policy_that_is_off_halts_nothing() -> None:
    assert not rules.must_halt(replace(START, halt=HaltPolicy(enabled=False)), BAD, NOW)


@pytest.mark.parametrize("state", [State.PAUSED, State.PROMOTED, State.ROLLED_BACK])
def test_only_what_runs_is_halted(state: State) -> None:
    assert not rules.must_halt(replace(START, state=state), BAD, NOW)


def test_raising_the_share_does_not_put_the_watch_to_sleep() -> None:
    raised = replace(rules.raised(START, 5_000), changed_at=NOW + MINUTE)
    assert rules.must_halt(raised, BAD, NOW + 2 * MINUTE)


def test_a_pause_by_somebody_does_not_either() -> None:
    again = rules.resumed(rules.paused(START, "lunch", NOW), NOW + MINUTE)
    assert rules.must_halt(again, BAD, NOW + 2 * MINUTE)


def test_who_resumes_what_was_halted_has_the_cooldown_before_it_halts_again() -> None:
    again = rules.resumed(rules.halted(START, NOW), NOW + MINUTE)
    assert again.state is State.RUNNING
    assert not rules.must_halt(again, BAD, NOW + 61 * MINUTE - 1)
    assert rules.must_halt(again, BAD, NOW + 61 * MINUTE)


def test_a_pause_by_somebody_on_top_of_a_halt_changes_nothing() -> None:
    stopped = rules.halted(START, NOW)
    assert rules.paused(stopped, "me too", NOW + 1) == stopped


def test_notify_goes_on_and_says_so_once_in_a_cooldown() -> None:
    told = rules.halted(replace(START, halt=HaltPolicy(action=Action.NOTIFY)), NOW)
    assert (told.state, told.reason) == (State.RUNNING, rules.HALTED)
    assert not rules.must_halt(told, BAD, NOW + HOUR - 1)
    assert rules.must_halt(told, BAD, NOW + HOUR)


@pytest.mark.parametrize(("action", "state"), [(Action.PAUSE, State.PAUSED), (Action.ROLL_BACK, State.ROLLED_BACK)])
def test_a_halt_does_what_its_policy_says(action: Action, state: State) -> None:
    after = rules.halted(replace(START, halt=HaltPolicy(action=action)), NOW)
    assert (after.state, after.reason, after.under_way) == (state, rules.HALTED, state is State.PAUSED)


def test_a_clock_that_was_ahead_does_not_put_the_watch_to_sleep() -> None:
    ahead = rules.resumed(rules.halted(START, NOW + 3650 * DAY), NOW + 3650 * DAY)
    assert rules.must_halt(ahead, BAD, NOW + MINUTE)


def test_a_rollout_that_began_with_a_clock_ahead_is_watched() -> None:
    ahead = replace(START, started_at=NOW + 3650 * DAY)
    assert rules.window(ahead, NOW + 3 * HOUR) == NOW + 2 * HOUR


def test_the_window_does_not_reach_behind_the_start() -> None:
    assert rules.window(START, NOW + MINUTE) == NOW
    assert rules.window(START, NOW + 3 * HOUR) == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("state", "stable", "to", "end"),
    [
        (State.PROMOTED, "1.0.0", None, "2.0.0"),
        (State.ROLLED_BACK, "1.0.0", None, "1.0.0"),
        (State.ROLLED_BACK, "1.0.0", "0.9.0", "0.9.0"),
        (State.ROLLED_BACK, "1.0.0", "builtin", "builtin"),
        (State.ROLLED_BACK, None, None, "builtin"),
        (State.PAUSED, "1.0.0", None, "1.0.0"),
        (State.RUNNING, None, None, None),
    ],
)
def test_where_a_channel_points_after_a_step(state: State, stable: str | None, to: str | None, end: str | None) -> None:
    assert rules.end(replace(START, state=state), stable, to) == end


def test_a_rollout_that_runs_is_not_resumed() -> None:
    assert rules.resumed(START, NOW + HOUR) is START


# --- a channel that is to be pointed elsewhere


@pytest.mark.parametrize("to", ["1.5.0", "2.0.0", "builtin", None])
def test_a_channel_is_not_pointed_elsewhere_under_its_rollout(to: str | None) -> None:
    with pytest.raises(RolloutUnderWay):
        rules.giving_way(START, "production", to, NOW, end=False)


def test_the_refusal_names_what_is_under_way_and_the_commands_that_end_it() -> None:
    with pytest.raises(RolloutUnderWay) as refusal:
        rules.check_free("com.example.notes", "production", "2.0.0", end=False)
    assert "2.0.0" in str(refusal.value)
    for verb in ("promote", "rollback"):
        assert f"`ecrin rollout {verb} production --app com.example.notes`" in refusal.value.advice
    assert "--end-rollout" in refusal.value.advice


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED])
@pytest.mark.parametrize(
    ("to", "end"),
    [
        ("2.0.0", State.PROMOTED),
        ("1.5.0", State.ROLLED_BACK),
        ("builtin", State.ROLLED_BACK),
        (None, State.ROLLED_BACK),
    ],
)
def test_who_says_so_ends_the_rollout_by_pointing_the_channel(state: State, to: str | None, end: State) -> None:
    after = rules.giving_way(replace(START, state=state), "production", to, NOW, end=True)
    assert (after.state, after.ended_at, after.under_way) == (end, NOW, False)


@pytest.mark.parametrize(("to", "named"), [("1.5.0", "1.5.0"), (None, "nothing")])
def test_the_reason_says_where_the_channel_was_pointed(to: str | None, named: str) -> None:
    assert named in rules.giving_way(START, "production", to, NOW, end=True).reason

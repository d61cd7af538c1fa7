"""The verbs of rollouts on each engine: what is kept, what devices get, and what a rollout does by itself."""

import asyncio
import uuid
from dataclasses import replace

import pytest

from auth.sharing import audited
from ecrin.base.clock import HOUR, MINUTE, Instant
from ecrin.base.origin import SYSTEM
from ecrin.updates.channels.model import Audience
from ecrin.updates.devices.model import Platform
from ecrin.updates.errors import BundleNotFound, ChannelNotFound, InvalidRollout, NoRollout, RolloutUnderWay
from ecrin.updates.resolution.model import Ask, Offer, Reset
from ecrin.updates.rollout.model import WHOLE, Action, HaltPolicy, Rollout, Stage, State
from ecrin.updates.rollout.rules import HALTED, Tally
from ecrin.updates.rollout.service import RolloutService
from harness import Instance
from updates.line import Line, line

CHANNEL = "production"
DEVICES = [str(uuid.UUID(int=n)) for n in range(300)]


@pytest.fixture
async def notes(serve: Instance) -> Line:
    return await line(serve, "1.0.0", "1.1.0", "0.9.0", stable="1.0.0")


@pytest.fixture
def rollouts(serve: Instance) -> RolloutService:
    return serve.app.updates.rollouts


def offered(serve: Instance, app: Line, device: str = DEVICES[0], reports: str = "builtin") -> str:
    """What a device is told to install; what it reports where it is told nothing."""
    ask = Ask(app.id, device, Platform.ANDROID, reports, "0.1.0", (8, 51, 0))
    answer = serve.app.updates.catalog.answer(ask)
    if isinstance(answer, Offer):
        return answer.bundle.version
    return "builtin" if isinstance(answer, Reset) else reports


@pytest.fixture(autouse=True)
async def any_limit(serve: Instance, notes: Line) -> None:
    changes: dict[str, object] = {"disable_auto_update": "none", "disable_auto_update_under_native": False}
    await serve.app.updates.channels.update(notes.id, CHANNEL, SYSTEM, changes)


async def nothing(_: Rollout, __: Instant) -> Tally:
    return Tally(0, 0)


async def failing(_: Rollout, __: Instant) -> Tally:
    return Tally(100, 50)


async def told(tally: Tally) -> Tally:
    return tally


async def test_what_was_started_is_kept_as_it_was_asked_for(notes: Line, rollouts: RolloutService) -> None:
    halt = HaltPolicy(window_minutes=30, action=Action.ROLL_BACK, confidence=0.9)
    stages, audience = (Stage(60, 5_000),), Audience(frozenset({"ada"}), frozenset({"testers"}))

    made = await rollouts.start(
        notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100, stages=stages, halt=halt, audience=audience
    )

    assert await rollouts.history(notes.id, CHANNEL) == [made]
    assert (made.previous, made.halt, made.stages, made.audience) == ("1.0.0", halt, stages, audience)


async def test_devices_within_the_share_get_the_next_bundle_and_the_others_the_stable_one(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=2_000)
    before = {d for d in DEVICES if offered(serve, notes, d) == "1.1.0"}
    await rollouts.raise_share(notes.id, CHANNEL, 6_000, SYSTEM)
    after = {d for d in DEVICES if offered(serve, notes, d) == "1.1.0"}

    assert 30 < len(before) < 100 < len(after) < 240
    assert before < after
    assert {offered(serve, notes, d) for d in set(DEVICES) - after} == {"1.0.0"}


async def test_after_a_pause_who_has_it_keeps_it_and_nobody_else_gets_it(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    paused = await rollouts.pause(notes.id, CHANNEL, SYSTEM, "lunch")

    assert (paused.state, paused.reason, paused.halted) == (State.PAUSED, "lunch", False)
    assert offered(serve, notes) == "1.0.0"
    assert offered(serve, notes, reports="1.1.0") == "1.1.0"
    await rollouts.resume(notes.id, CHANNEL, SYSTEM)
    assert offered(serve, notes) == "1.1.0"


async def test_promoting_makes_it_the_stable_bundle(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=0)
    ended = await rollouts.promote(notes.id, CHANNEL, SYSTEM)

    assert (ended.state, ended.under_way) == (State.PROMOTED, False)
    assert (await serve.app.updates.channels.get(notes.id, CHANNEL)).version == "1.1.0"
    assert offered(serve, notes) == "1.1.0"


@pytest.mark.parametrize(("to", "end"), [(None, "1.0.0"), ("0.9.0", "0.9.0"), ("builtin", "builtin")])
async def test_rolling_back_takes_it_from_who_has_it(
    serve: Instance, notes: Line, rollouts: RolloutService, to: str | None, end: str
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    await rollouts.roll_back(notes.id, CHANNEL, SYSTEM, to=to)

    assert offered(serve, notes, reports="1.1.0") == end
    assert (await serve.app.updates.channels.get(notes.id, CHANNEL)).version == end


async def test_a_channel_that_never_had_a_bundle_rolls_back_to_the_builtin_one(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await serve.app.updates.channels.point(notes.id, CHANNEL, None, SYSTEM)
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    await rollouts.roll_back(notes.id, CHANNEL, SYSTEM)

    assert offered(serve, notes, reports="1.1.0") == "builtin"


@pytest.mark.parametrize(
    ("to", "refusal"), [("3.3.3", BundleNotFound), ("1.1.0", InvalidRollout), ("../x", BundleNotFound)]
)
async def test_going_back_to_what_is_not_there_changes_nothing(
    notes: Line, rollouts: RolloutService, to: str, refusal: type[Exception]
) -> None:
    made = await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    with pytest.raises(refusal):
        await rollouts.roll_back(notes.id, CHANNEL, SYSTEM, to=to)
    assert await rollouts.current(notes.id, CHANNEL) == made


async def test_of_many_starts_at_once_one_begins(notes: Line, rollouts: RolloutService) -> None:
    starts = [rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100) for _ in range(8)]
    done = await asyncio.gather(*starts, return_exceptions=True)

    assert sorted(type(r).__name__ for r in done) == ["Rollout", *["RolloutUnderWay"] * 7]
    assert len(await rollouts.history(notes.id, CHANNEL)) == 1


async def test_the_next_rollout_begins_when_this_one_has_ended(notes: Line, rollouts: RolloutService) -> None:
    first = await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    with pytest.raises(RolloutUnderWay):
        await rollouts.start(notes.id, CHANNEL, "0.9.0", SYSTEM, share_bps=100)
    await rollouts.roll_back(notes.id, CHANNEL, SYSTEM)
    second = await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    assert first.id != second.id


@pytest.mark.parametrize(
    ("channel", "version", "share_bps", "refusal"),
    [
        ("nowhere", "1.1.0", 100, ChannelNotFound),
        (CHANNEL, "7.7.7", 100, BundleNotFound),
        (CHANNEL, "1.0.0", 100, InvalidRollout),
        (CHANNEL, "1.1.0", -1, InvalidRollout),
        (CHANNEL, "1.1.0", WHOLE + 1, InvalidRollout),
    ],
)
async def test_what_cannot_be_started_is_refused(
    notes: Line, rollouts: RolloutService, channel: str, version: str, share_bps: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await rollouts.start(notes.id, channel, version, SYSTEM, share_bps=share_bps)


async def test_a_share_is_never_lowered(notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=500)
    for share in (499, 500, 0):
        with pytest.raises(InvalidRollout):
            await rollouts.raise_share(notes.id, CHANNEL, share, SYSTEM)


async def test_without_a_rollout_there_is_nothing_to_move(notes: Line, rollouts: RolloutService) -> None:
    for verb in (rollouts.pause, rollouts.resume, rollouts.promote, rollouts.roll_back, rollouts.current):
        with pytest.raises(NoRollout):
            await verb(notes.id, CHANNEL, *([] if verb == rollouts.current else [SYSTEM]))  # type: ignore[operator]


async def test_saying_the_same_twice_is_one_change(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=500)
    first = await rollouts.pause(notes.id, CHANNEL, SYSTEM)
    serve.clock.tick(MINUTE)
    assert await rollouts.pause(notes.id, CHANNEL, SYSTEM) == first
    assert len(await audited(serve, "rollout.changed")) == 2


# --- a channel that is pointed elsewhere


@pytest.mark.parametrize("paused", [False, True])
async def test_a_channel_is_not_pointed_elsewhere_under_its_rollout(
    serve: Instance, notes: Line, rollouts: RolloutService, paused: bool
) -> None:
    channels = serve.app.updates.channels
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    if paused:
        await rollouts.pause(notes.id, CHANNEL, SYSTEM)
    for version in ("0.9.0", "1.1.0", "builtin", None):
        with pytest.raises(RolloutUnderWay):
            await channels.update(notes.id, CHANNEL, SYSTEM, {"version": version, "ios": False})

    found = await channels.get(notes.id, CHANNEL)
    assert (found.version, found.settings.ios) == ("1.0.0", True)
    assert (await rollouts.current(notes.id, CHANNEL)).under_way


async def test_what_does_not_move_the_channel_is_changed_under_a_rollout(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    changes = {"version": "1.0.0", "ios": False}
    assert not (await serve.app.updates.channels.update(notes.id, CHANNEL, SYSTEM, changes)).settings.ios
    assert (await rollouts.current(notes.id, CHANNEL)).under_way


@pytest.mark.parametrize(
    ("version", "state"), [("0.9.0", State.ROLLED_BACK), ("1.0.0", State.ROLLED_BACK), ("1.1.0", State.PROMOTED)]
)
async def test_a_rollout_ends_with_the_move_of_its_channel_where_that_was_said(
    serve: Instance, notes: Line, rollouts: RolloutService, version: str, state: State
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    await serve.app.updates.channels.update(notes.id, CHANNEL, SYSTEM, {"version": version}, end_rollout=True)

    assert [r.state for r in await rollouts.history(notes.id, CHANNEL)] == [state]
    assert offered(serve, notes, reports="1.1.0") == version
    assert (await audited(serve, "rollout.changed"))[-1]["detail"].count(state)


async def test_a_move_that_fails_ends_no_rollout(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    made = await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    with pytest.raises(BundleNotFound):
        await serve.app.updates.channels.update(notes.id, CHANNEL, SYSTEM, {"version": "7.7.7"}, end_rollout=True)
    assert await rollouts.current(notes.id, CHANNEL) == made


async def test_a_rollout_of_another_channel_holds_nobody_up(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    channels = serve.app.updates.channels
    await channels.create(notes.id, "beta", SYSTEM, version="1.0.0")
    made = await rollouts.start(notes.id, "beta", "1.1.0", SYSTEM, share_bps=100)
    await channels.update(notes.id, CHANNEL, SYSTEM, {"version": "0.9.0"}, end_rollout=True)
    assert await rollouts.current(notes.id, "beta") == made
    assert {r.version for r in (await rollouts.under_way(notes.id)).values()} == {"1.1.0"}


# --- by itself


async def test_the_timetable_raises_the_share(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=0, stages=(Stage(60, 1_000), Stage(120, WHOLE)))
    seen = []
    for _ in range(4):
        await rollouts.tick(nothing)
        seen.append((await rollouts.current(notes.id, CHANNEL)).share_bps)
        serve.clock.tick(HOUR)
    assert seen == [0, 1_000, WHOLE, WHOLE]


async def test_a_bad_rollout_is_paused_and_devices_that_lack_it_are_spared(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    await rollouts.tick(failing)

    stopped = await rollouts.current(notes.id, CHANNEL)
    assert (stopped.state, stopped.halted, stopped.reason) == (State.PAUSED, True, HALTED)
    assert offered(serve, notes) == "1.0.0"


async def test_a_bad_rollout_whose_share_was_just_raised_is_paused_too(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    serve.clock.tick(5 * MINUTE)
    await rollouts.raise_share(notes.id, CHANNEL, 5_000, SYSTEM)
    await rollouts.tick(failing)
    assert (await rollouts.current(notes.id, CHANNEL)).halted


async def test_a_bad_rollout_that_may_be_rolled_back_is(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    halt = HaltPolicy(action=Action.ROLL_BACK)
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE, halt=halt)
    await rollouts.tick(failing)

    assert offered(serve, notes, reports="1.1.0") == "1.0.0"
    assert (await rollouts.history(notes.id, CHANNEL))[0].state is State.ROLLED_BACK


async def test_a_first_bundle_that_is_bad_gives_way_to_the_builtin_one(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await serve.app.updates.channels.point(notes.id, CHANNEL, None, SYSTEM)
    halt = HaltPolicy(action=Action.ROLL_BACK)
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE, halt=halt)
    await rollouts.tick(failing)
    assert offered(serve, notes, reports="1.1.0") == "builtin"


async def test_a_rollout_that_cannot_be_judged_holds_no_other_up(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    others = [await line(serve, "1.0.0", "1.1.0", stable="1.0.0") for _ in range(4)]
    for app in (notes, *others):
        await rollouts.start(app.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)

    async def counts(rollout: Rollout, since: Instant) -> Tally:
        if rollout.app_id == notes.id:
            raise ValueError("no number")
        return await failing(rollout, since)

    await rollouts.tick(counts)
    assert not (await rollouts.current(notes.id, CHANNEL)).halted
    assert all([(await rollouts.current(app.id, CHANNEL)).halted for app in others])


async def test_while_reports_are_refused_the_timetable_stands_still_and_the_watch_goes_on(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    """Whoever floods the statistics of an app could hide the failures of a bundle until everybody has it."""
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100, stages=(Stage(60, WHOLE),))
    serve.clock.tick(2 * HOUR)
    shares = []
    for tally in (Tally(0, 0, cut=True), Tally(0, 0)):
        await rollouts.tick(lambda _, __, tally=tally: told(tally))
        shares.append((await rollouts.current(notes.id, CHANNEL)).share_bps)
    await rollouts.tick(lambda _, __: told(Tally(100, 50, cut=True)))
    assert (shares, (await rollouts.current(notes.id, CHANNEL)).halted) == ([100, WHOLE], True)


async def test_what_was_resumed_after_a_halt_runs_for_the_cooldown(
    serve: Instance, notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=WHOLE)
    await rollouts.tick(failing)
    await rollouts.resume(notes.id, CHANNEL, SYSTEM)
    states = []
    for _ in range(3):
        await rollouts.tick(failing)
        states.append((await rollouts.current(notes.id, CHANNEL)).state)
        serve.clock.tick(30 * MINUTE)
    assert states == [State.RUNNING, State.RUNNING, State.PAUSED]


async def test_counts_are_asked_for_the_window(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    made = await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    asked = []

    async def counts(rollout: Rollout, since: Instant) -> Tally:
        if rollout.id == made.id:
            asked.append(since - made.started_at)
        return Tally(0, 0)

    await rollouts.tick(counts)
    serve.clock.tick(3 * HOUR)
    await rollouts.tick(counts)
    assert asked == [0, 2 * HOUR]


async def test_what_somebody_did_meanwhile_comes_before_what_a_rollout_does_by_itself(
    notes: Line, rollouts: RolloutService
) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)

    async def counts(rollout: Rollout, since: Instant) -> Tally:
        if rollout.app_id == notes.id:
            await rollouts.promote(notes.id, CHANNEL, SYSTEM)
        return await failing(rollout, since)

    await rollouts.tick(counts)
    assert [r.state for r in await rollouts.history(notes.id, CHANNEL)] == [State.PROMOTED]


async def test_every_step_is_an_event_with_its_reason(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    await rollouts.tick(failing)
    await rollouts.roll_back(notes.id, CHANNEL, SYSTEM, reason="crashes")

    told = [row["detail"] for row in await audited(serve, "rollout.changed")]
    assert len(told) == 3
    assert HALTED in told[1]
    assert "crashes" in told[2]


async def test_what_a_restart_finds_is_what_was_kept(serve: Instance, notes: Line, rollouts: RolloutService) -> None:
    await rollouts.start(notes.id, CHANNEL, "1.1.0", SYSTEM, share_bps=100)
    await rollouts.tick(failing)
    serve.clock.tick(HOUR)
    made = await rollouts.resume(notes.id, CHANNEL, SYSTEM)

    assert made == replace(made, held_for=HOUR, quiet_until=serve.clock.now() + HOUR, paused_at=None, halted=False)
    assert await rollouts.current(notes.id, CHANNEL) == made

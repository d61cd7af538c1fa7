"""The shipped simulators behave as the ports say, so that what passes on them means something."""

import asyncio
import contextlib
import dataclasses
from pathlib import Path

import pytest

from ecrin.testing.device import FakeDeviceClock, SimulatedSignals, simulated_platform
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    DevicePasscodeNotSet,
    NotRecognized,
    Unsupported,
    UserCanceled,
)
from ecrin.vault.device.model import Notice, PromptTexts, Signal

TEXTS = PromptTexts()


def quiet(notice: Notice) -> None:
    del notice


async def test_a_finger_that_comes_while_the_prompt_waits_is_taken() -> None:
    sensor, told = SimulatedSensor("thumb"), list[Notice]()
    prompt = asyncio.create_task(sensor.verify(TEXTS, told.append))
    while not told:
        await asyncio.sleep(0)
    sensor.touch("thumb")
    await prompt


async def test_a_touch_from_another_thread_wakes_the_prompt() -> None:
    sensor = SimulatedSensor("thumb")
    prompt = asyncio.create_task(sensor.verify(TEXTS, quiet))
    await asyncio.sleep(0)
    await asyncio.to_thread(sensor.touch, "thumb")
    await asyncio.wait_for(prompt, 20)


async def test_cancelling_a_prompt_leaves_the_sensor_ready() -> None:
    sensor = SimulatedSensor("thumb")
    prompt = asyncio.create_task(sensor.verify(TEXTS, quiet))
    await asyncio.sleep(0)
    prompt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await prompt
    sensor.touch("thumb")
    await sensor.verify(TEXTS, quiet)


async def test_after_too_many_strangers_the_right_finger_is_refused_until_the_sensor_is_unlocked() -> None:
    sensor = SimulatedSensor("thumb", lockout=2)
    for _ in range(2):
        sensor.touch("stranger")
        with pytest.raises(NotRecognized):
            await sensor.verify(TEXTS, quiet)
    with pytest.raises(BiometricsLockedOut):
        await sensor.verify(TEXTS, quiet)
    sensor.unlock()
    sensor.touch("thumb")
    await sensor.verify(TEXTS, quiet)


async def test_a_match_forgives_earlier_failures() -> None:
    sensor = SimulatedSensor("thumb", lockout=2)
    for finger in ("stranger", "thumb", "stranger"):
        sensor.touch(finger)
        with contextlib.suppress(NotRecognized):
            await sensor.verify(TEXTS, quiet)
    assert not (await sensor.state()).locked_out


async def test_a_sensor_without_fingers_says_so_before_it_prompts() -> None:
    sensor = SimulatedSensor()
    with pytest.raises(BiometricsNotEnrolled):
        await sensor.verify(TEXTS, quiet)
    assert (sensor.prompts, (await sensor.state()).enrolled) == ([], b"")


async def test_every_change_of_what_is_enrolled_is_another_mark_and_told() -> None:
    sensor, changes = SimulatedSensor("thumb"), list[bytes]()
    marks = [(await sensor.state()).enrolled]
    end = await sensor.watch(lambda: changes.append(b""))
    sensor.enrol("index")
    marks.append((await sensor.state()).enrolled)
    sensor.remove("index")
    again = (await sensor.state()).enrolled
    sensor.enrol("thumb")
    marks.append((await sensor.state()).enrolled)
    end()
    sensor.remove("thumb")
    assert again == marks[0]
    assert (len(set(marks)), len(changes)) == (3, 3)


async def test_the_passcode_is_judged() -> None:
    passcode = SimulatedPasscode("2468")
    await passcode.verify(b"2468", TEXTS)
    with pytest.raises(NotRecognized):
        await passcode.verify(b"1357", TEXTS)
    passcode.change("")
    with pytest.raises(DevicePasscodeNotSet):
        await passcode.verify(b"2468", TEXTS)


async def test_a_passcode_that_the_system_asks_for_says_what_the_test_says() -> None:
    passcode = SimulatedPasscode("2468", asks_itself=True)
    await passcode.verify(b"", TEXTS)
    passcode.outcome = UserCanceled()
    with pytest.raises(UserCanceled):
        await passcode.verify(b"", TEXTS)


def test_the_clock_tells_time_that_passes_from_a_clock_that_is_set_and_from_a_restart() -> None:
    clock = FakeDeviceClock()
    first = clock.now()
    clock.advance(5)
    passed = clock.now()
    clock.set_wall(first.wall_ms - 1)
    moved = clock.now()
    clock.reboot(off_ms=10)
    up = clock.now()
    assert passed == dataclasses.replace(first, since_boot_ms=first.since_boot_ms + 5, wall_ms=first.wall_ms + 5)
    assert moved == dataclasses.replace(passed, wall_ms=first.wall_ms - 1)
    assert (up.boot != first.boot, up.since_boot_ms, up.wall_ms) == (True, 1_000, moved.wall_ms + 1_010)


async def test_signals_that_are_not_supported_say_so() -> None:
    deaf, silent = SimulatedSignals(supported=False), SimulatedSignals()
    silent.idle_for(None)
    with pytest.raises(Unsupported):
        await deaf.watch(print)
    for signals in (deaf, silent):
        with pytest.raises(Unsupported):
            await signals.idle_ms()


async def test_ending_a_watch_twice_does_nothing_and_leaves_the_others() -> None:
    signals, heard = SimulatedSignals(), list[Signal]()
    end, _ = await signals.watch(print), await signals.watch(heard.append)
    end()
    end()
    signals.emit(Signal.SCREEN_LOCKED)
    assert (signals.heard_by, heard) == (1, [Signal.SCREEN_LOCKED])


def test_a_simulated_device_has_everything_but_a_chip(tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path)
    missing = [field.name for field in dataclasses.fields(platform) if getattr(platform, field.name) is None]
    assert (platform.data_folder, missing) == (tmp_path, ["chip"])

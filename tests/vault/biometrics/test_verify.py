"""`verify` and what there is: with the real reader and a real user where they can do it, else with the simulator."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecrin.testing.device import simulated_platform
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.biometrics.model import Availability, VerifiedBy, VerifyOptions
from ecrin.vault.biometrics.service import Biometrics
from ecrin.vault.device.errors import (
    AppCanceled,
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    DevicePasscodeNotSet,
    FallbackChosen,
    NotInteractive,
    NotRecognized,
    UserCanceled,
)
from ecrin.vault.device.linux.fprintd import Fprintd
from ecrin.vault.device.linux.pam import PamPasscode
from ecrin.vault.device.model import Biometry, Notice, Permission, Strength
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import InvalidConfig
from vault.biometrics.conftest import Account
from vault.fprint import Reader, User

APP = "com.example.notes"
TOUCH, AGAIN = Notice.TOUCH_SENSOR, Notice.NOT_RECOGNIZED


def typing(*passcodes: str) -> Callable[[], Awaitable[bytearray]]:
    """Return somebody who types these, one after the other."""
    left = list(passcodes)

    async def ask() -> bytearray:
        return bytearray(left.pop(0).encode())

    return ask


def with_passcode(*passcodes: str, attempts: int = 1) -> VerifyOptions:
    return VerifyOptions(allow_device_credential=True, ask=typing(*passcodes), max_attempts=attempts)


@pytest.fixture
def sensor() -> SimulatedSensor:
    return SimulatedSensor("mine")


@pytest.fixture
def platform(tmp_path: Path, sensor: SimulatedSensor) -> Platform:
    return simulated_platform(tmp_path, sensor=sensor, passcode=SimulatedPasscode("1234"))


@pytest.fixture
def biometrics(platform: Platform) -> Biometrics:
    return Biometrics(APP, platform=platform)


@pytest.fixture
def at_reader(tmp_path: Path, reader: Reader) -> Biometrics:
    """With the real reader, and one finger enrolled."""
    reader.enrol("finger-A")
    return Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))


async def test_a_finger_is_recognized(at_reader: Biometrics, reader: Reader) -> None:
    assert await at_reader.verify(VerifyOptions(tell=User(reader, "finger-A"))) is VerifiedBy.BIOMETRICS


async def test_one_attempt_is_all_unless_more_are_allowed(at_reader: Biometrics, reader: Reader) -> None:
    with pytest.raises(NotRecognized):
        await at_reader.verify(VerifyOptions(tell=User(reader, "finger-B", "finger-A")))


async def test_after_a_failure_the_next_attempt_may_succeed(at_reader: Biometrics, reader: Reader) -> None:
    user = User(reader, "finger-B", "finger-B", "finger-A")
    await at_reader.verify(VerifyOptions(max_attempts=3, tell=user))
    assert user.heard == [TOUCH, AGAIN, TOUCH, AGAIN, TOUCH]


async def test_the_attempts_have_an_end(at_reader: Biometrics, reader: Reader) -> None:
    user = User(reader, "finger-B", "finger-B", "finger-B", "finger-A")
    with pytest.raises(NotRecognized):
        await at_reader.verify(VerifyOptions(max_attempts=3, tell=user))
    assert user.heard == [TOUCH, AGAIN, TOUCH, AGAIN, TOUCH]


async def test_a_touch_that_could_not_be_read_is_no_attempt(at_reader: Biometrics, reader: Reader) -> None:
    await at_reader.verify(VerifyOptions(tell=User(reader, "RETRY 1", "RETRY 0", "finger-A")))


@pytest.mark.parametrize("attempts", [0, 6, -1])
def test_there_are_one_to_five_attempts(attempts: int) -> None:
    with pytest.raises(InvalidConfig):
        VerifyOptions(max_attempts=attempts)


async def test_the_app_can_take_its_prompt_away(at_reader: Biometrics, reader: Reader) -> None:
    def cancel(notice: Notice) -> None:
        asyncio.get_running_loop().call_soon(at_reader.cancel)

    with pytest.raises(AppCanceled):
        await at_reader.verify(VerifyOptions(tell=cancel))
    await at_reader.verify(VerifyOptions(tell=User(reader, "finger-A")))


async def test_a_task_that_is_cancelled_is_not_called_the_apps_cancellation(biometrics: Biometrics) -> None:
    task = asyncio.create_task(biometrics.verify())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_without_a_prompt_cancels_nothing_later(
    biometrics: Biometrics, sensor: SimulatedSensor
) -> None:
    biometrics.cancel()
    sensor.touch("mine")
    await biometrics.verify()


async def test_a_sensor_weaker_than_wanted_is_not_asked(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    sensor.strength = Strength.WEAK
    with pytest.raises(BiometricsUnavailable, match="weak"):
        await biometrics.verify(VerifyOptions(strength=Strength.STRONG))
    assert sensor.prompts == []


async def test_a_sensor_of_another_kind_than_allowed_is_not_asked(
    biometrics: Biometrics, sensor: SimulatedSensor
) -> None:
    with pytest.raises(BiometricsUnavailable, match="kinds"):
        await biometrics.verify(VerifyOptions(kinds=frozenset({Biometry.FACE})))
    assert sensor.prompts == []


async def test_the_words_of_the_app_reach_the_prompt(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    options = VerifyOptions("Title", "Sub", "Text", "Why", "No", "Passcode")
    sensor.touch("mine")
    await biometrics.verify(options)
    assert sensor.prompts == [options.texts]


async def test_a_device_passcode_opens_where_no_finger_is_enrolled(
    tmp_path: Path, reader: Reader, account: Account
) -> None:
    passcode = PamPasscode(account.service, account.name)
    platform = simulated_platform(tmp_path, sensor=Fprintd(reader.address), passcode=passcode)
    by = await Biometrics(APP, platform=platform).verify(with_passcode(account.passcode))
    assert by is VerifiedBy.DEVICE_PASSCODE


async def test_a_wrong_device_passcode_is_not_recognized(tmp_path: Path, reader: Reader, account: Account) -> None:
    passcode = PamPasscode(account.service, account.name)
    platform = simulated_platform(tmp_path, sensor=Fprintd(reader.address), passcode=passcode)
    with pytest.raises(NotRecognized):
        await Biometrics(APP, platform=platform).verify(with_passcode("wrong", "wrong", attempts=2))


async def test_the_passcode_is_tried_as_often_as_options_say(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    sensor.end(FallbackChosen())
    await biometrics.verify(with_passcode("0", "1", "1234", attempts=3))


async def test_what_was_typed_is_wiped(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    typed = bytearray(b"1234")

    async def ask() -> bytearray:
        return typed

    sensor.end(FallbackChosen())
    await biometrics.verify(VerifyOptions(allow_device_credential=True, ask=ask))
    assert typed == bytes(4)


async def test_the_passcode_opens_after_the_last_finger_failed(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    sensor.touch("other")
    assert await biometrics.verify(with_passcode("1234")) is VerifiedBy.DEVICE_PASSCODE


async def lock_out(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    for _ in range(5):
        sensor.touch("other")
    with pytest.raises(NotRecognized):
        await biometrics.verify(VerifyOptions(max_attempts=5))


async def test_a_sensor_that_is_locked_is_not_asked(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await lock_out(biometrics, sensor)
    with pytest.raises(BiometricsLockedOut):
        await biometrics.verify()


async def test_the_passcode_opens_when_the_sensor_is_locked(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await lock_out(biometrics, sensor)
    assert await biometrics.verify(with_passcode("1234")) is VerifiedBy.DEVICE_PASSCODE


async def test_a_user_who_cancels_is_not_asked_for_the_passcode(
    biometrics: Biometrics, sensor: SimulatedSensor
) -> None:
    sensor.end(UserCanceled())
    with pytest.raises(UserCanceled):
        await biometrics.verify(with_passcode("1234"))


async def test_the_passcode_does_not_open_unless_it_is_allowed(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    sensor.end(FallbackChosen())
    with pytest.raises(FallbackChosen):
        await biometrics.verify(VerifyOptions(ask=typing("1234")))


async def test_without_a_passcode_there_is_no_other_way_in(platform: Platform, sensor: SimulatedSensor) -> None:
    sensor.end(FallbackChosen())
    with pytest.raises(DevicePasscodeNotSet):
        await Biometrics(APP, platform=replace(platform, passcode=None)).verify(with_passcode("1234"))


async def test_without_somebody_who_asks_there_is_no_passcode(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    sensor.end(FallbackChosen())
    with pytest.raises(NotInteractive):
        await biometrics.verify(VerifyOptions(allow_device_credential=True))


async def test_a_platform_that_asks_itself_needs_nobody_else(platform: Platform, sensor: SimulatedSensor) -> None:
    sensor.end(FallbackChosen())
    passcode = SimulatedPasscode("1234", asks_itself=True)
    by = await Biometrics(APP, platform=replace(platform, passcode=passcode)).verify(
        VerifyOptions(allow_device_credential=True)
    )
    assert by is VerifiedBy.DEVICE_PASSCODE


async def test_what_is_available_at_the_real_reader(at_reader: Biometrics) -> None:
    assert await at_reader.is_available() == Availability(
        is_available=True,
        kinds=frozenset({Biometry.FINGERPRINT}),
        strength=Strength.WEAK,
        device_is_secure=False,
        strong_is_available=False,
    )


async def test_without_a_finger_biometrics_are_not_available(tmp_path: Path, reader: Reader) -> None:
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    found = await biometrics.is_available()
    assert (found.is_available, found.reason, found.code) == (False, BiometricsNotEnrolled.code, 3)


async def test_without_a_reader_a_passcode_is_enough_if_asked_so(tmp_path: Path, bus: str) -> None:
    platform = simulated_platform(tmp_path, sensor=Fprintd(bus), passcode=SimulatedPasscode("1234"))
    found = await Biometrics(APP, platform=platform).is_available(allow_device_credential=True)
    assert (found.is_available, found.reason, found.code) == (True, BiometricsUnavailable.code, 1)


async def test_a_strong_sensor_is_available_as_such(biometrics: Biometrics) -> None:
    assert (await biometrics.is_available()).strong_is_available


async def test_a_sensor_that_the_app_may_not_use_is_not_available(
    biometrics: Biometrics, sensor: SimulatedSensor
) -> None:
    sensor.permission = Permission.DENIED
    assert not (await biometrics.is_available()).is_available


@pytest.mark.parametrize("enrolled", [True, False])
async def test_it_tells_whether_anybody_is_enrolled(tmp_path: Path, reader: Reader, enrolled: bool) -> None:
    if enrolled:
        reader.enrol("finger-A")
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    assert await biometrics.is_enrolled() is enrolled


async def test_it_tells_that_the_device_has_a_passcode(tmp_path: Path, account: Account) -> None:
    platform = simulated_platform(tmp_path, passcode=PamPasscode(account.service, account.name))
    assert await Biometrics(APP, platform=platform).has_device_credential()


async def test_it_tells_that_the_device_has_no_passcode(platform: Platform) -> None:
    assert not await Biometrics(APP, platform=replace(platform, passcode=None)).has_device_credential()


async def test_a_listener_hears_what_is_available_after_an_enrolment(tmp_path: Path, reader: Reader) -> None:
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    heard: asyncio.Queue[Availability] = asyncio.Queue()
    stop = await biometrics.add_change_listener(heard.put_nowait)
    await asyncio.to_thread(reader.enrol, "finger-A")
    assert (await asyncio.wait_for(heard.get(), 20)).is_available
    stop()


async def test_a_listener_that_was_removed_hears_nothing(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    heard: list[Availability] = []
    (await biometrics.add_change_listener(heard.append))()
    sensor.enrol("another")
    await biometrics.is_available()
    assert heard == []


def test_an_app_has_a_name_that_can_name_a_folder(platform: Platform) -> None:
    with pytest.raises(InvalidConfig):
        Biometrics("../other", platform=platform)

"""The calls of Identity Vault's Device API, on a simulated device, on a real chip and on a real fingerprint reader."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecrin.testing.device import SimulatedScreen, SimulatedSignals, simulated_platform
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.device.errors import BiometricsUnavailable, NotRecognized, Unsupported, UserCanceled
from ecrin.vault.device.linux.fprintd import Fprintd
from ecrin.vault.device.linux.screen import LinuxScreen
from ecrin.vault.device.linux.tpm import Tpm
from ecrin.vault.device.model import Biometry, Notice, Permission, PromptTexts, Signal, Strength
from ecrin.vault.device.ports import Platform
from ecrin.vault.device.service import Device
from vault.fprint import Reader, finger_reader, system_bus
from vault.swtpm import software_tpm


@pytest.fixture
def sensor() -> SimulatedSensor:
    return SimulatedSensor("thumb", kinds=(Biometry.FINGERPRINT, Biometry.FACE))


@pytest.fixture
def platform(tmp_path: Path, sensor: SimulatedSensor) -> Platform:
    return simulated_platform(tmp_path, sensor=sensor, passcode=SimulatedPasscode("2468"))


@pytest.fixture
def bare(tmp_path: Path) -> Device:
    """A device with nothing but a clock."""
    platform = simulated_platform(tmp_path)
    return Device(replace(platform, key_store=None, sensor=None, passcode=None, signals=None, screen=None))


@pytest.fixture
def reader() -> Iterator[Reader]:
    with system_bus() as address, finger_reader(address) as there:
        yield there


async def test_a_device_tells_what_its_sensor_is_like(platform: Platform) -> None:
    device = Device(platform)
    assert await device.available_hardware() == {Biometry.FINGERPRINT, Biometry.FACE}
    assert await device.biometric_strength() is Strength.STRONG
    assert await device.is_biometrics_allowed() is Permission.GRANTED
    assert await device.is_biometrics_supported()
    assert await device.is_biometrics_enabled()
    assert not await device.is_locked_out_of_biometrics()


async def test_a_sensor_nobody_is_enrolled_on_is_supported_and_not_enabled(
    platform: Platform, sensor: SimulatedSensor
) -> None:
    sensor.remove("thumb")
    assert await Device(platform).is_biometrics_supported()
    assert not await Device(platform).is_biometrics_enabled()


async def test_a_device_without_parts_answers_no(bare: Device) -> None:
    assert await bare.available_hardware() == frozenset()
    assert not await bare.has_secure_hardware()
    assert not await bare.is_biometrics_supported()
    assert not await bare.is_biometrics_enabled()
    assert not await bare.is_locked_out_of_biometrics()
    assert not await bare.is_system_passcode_set()
    assert not await bare.is_screen_hidden()


async def test_a_device_without_parts_refuses_what_it_cannot_do(bare: Device) -> None:
    for asked in (bare.biometric_strength(), bare.is_biometrics_allowed(), bare.show_biometric_prompt()):
        with pytest.raises(BiometricsUnavailable):
            await asked
    for wanted in (bare.hide_screen(), bare.idle_ms(), bare.watch(print)):
        with pytest.raises(Unsupported):
            await wanted


async def test_the_prompt_passes_for_an_enrolled_finger_and_shows_the_apps_words(
    platform: Platform, sensor: SimulatedSensor
) -> None:
    told: list[Notice] = []
    sensor.misread()
    sensor.touch("thumb")
    await Device(platform).show_biometric_prompt(PromptTexts(title="Open the notes"), told.append)
    assert [texts.title for texts in sensor.prompts] == ["Open the notes"]
    assert told == [Notice.TOUCH_SENSOR, Notice.RETRY_TOUCH]


async def test_the_prompt_raises_for_another_finger_and_when_it_is_cancelled(
    platform: Platform, sensor: SimulatedSensor
) -> None:
    sensor.touch("stranger")
    with pytest.raises(NotRecognized):
        await Device(platform).show_biometric_prompt()
    sensor.end(UserCanceled())
    with pytest.raises(UserCanceled):
        await Device(platform).show_biometric_prompt()


async def test_the_lockout_of_the_sensor_is_told(platform: Platform, sensor: SimulatedSensor) -> None:
    for _ in range(5):
        sensor.touch("stranger")
        with pytest.raises(NotRecognized):
            await Device(platform).show_biometric_prompt()
    assert await Device(platform).is_locked_out_of_biometrics()


async def test_the_passcode_is_told_as_the_platform_has_it(platform: Platform) -> None:
    assert await Device(platform).is_system_passcode_set()
    assert not await Device(replace(platform, passcode=SimulatedPasscode())).is_system_passcode_set()


async def test_the_screen_is_hidden_and_shown_again(platform: Platform) -> None:
    device = Device(replace(platform, screen=SimulatedScreen()))
    await device.hide_screen()
    hidden = await device.is_screen_hidden()
    await device.hide_screen(False)
    assert (hidden, await device.is_screen_hidden()) == (True, False)


async def test_linux_says_that_it_cannot_hide_a_screen(platform: Platform) -> None:
    device = Device(replace(platform, screen=LinuxScreen()))
    with pytest.raises(Unsupported):
        await device.hide_screen()
    assert not await device.is_screen_hidden()


async def test_idle_time_and_signals_are_handed_on(platform: Platform) -> None:
    signals, heard = SimulatedSignals(), list[Signal]()
    signals.idle_for(61_500)
    device = Device(replace(platform, signals=signals))
    end = await device.watch(heard.append)
    signals.emit(Signal.SLEEP)
    end()
    signals.emit(Signal.WAKE)
    assert (await device.idle_ms(), heard) == (61_500, [Signal.SLEEP])


async def test_a_chip_that_seals_is_secure_hardware(platform: Platform) -> None:
    with software_tpm() as tpm:
        assert await Device(replace(platform, chip=tpm.chip)).has_secure_hardware()


async def test_a_chip_that_is_not_there_is_no_secure_hardware(platform: Platform, tmp_path: Path) -> None:
    chip = Tpm(f"device:{tmp_path}/tpm")
    assert not await Device(replace(platform, chip=chip)).has_secure_hardware()


@pytest.mark.parametrize("there", [True, False])
async def test_an_opener_that_knows_its_hardware_answers_for_it(platform: Platform, there: bool) -> None:
    class Enclave:
        async def is_there(self) -> bool:
            return there

    assert await Device(replace(platform, openers=(object(), Enclave()))).has_secure_hardware() is there


async def test_a_real_reader_answers_the_same_calls(platform: Platform, reader: Reader) -> None:
    device = Device(replace(platform, sensor=Fprintd(reader.address)))
    assert await device.available_hardware() == {Biometry.FINGERPRINT}
    assert not await device.is_biometrics_enabled()
    await asyncio.to_thread(reader.enrol, "finger-A")
    assert await device.is_biometrics_enabled()
    ready = asyncio.Event()
    prompt = asyncio.create_task(device.show_biometric_prompt(tell=lambda _: ready.set()))
    await asyncio.wait_for(ready.wait(), 20)
    await asyncio.to_thread(reader.finger, "finger-B")
    with pytest.raises(NotRecognized):
        await prompt

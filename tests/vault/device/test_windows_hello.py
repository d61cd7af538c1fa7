"""Windows Hello's yes or no, on its documented interface: which sensors there are, the prompt, the PIN."""

from dataclasses import replace
from pathlib import Path

import pytest

from ecrin.testing.device import simulated_platform
from ecrin.vault.biometrics.service import Biometrics
from ecrin.vault.device import errors
from ecrin.vault.device.model import Biometry, PromptTexts
from ecrin.vault.device.ports import Platform
from ecrin.vault.device.service import Device
from ecrin.vault.device.windows.hello import HelloPin, WindowsHello
from vault.device.windows_dlls import Machine
from vault.device.winrt import Hello, failed

TEXTS = PromptTexts(reason="open the notes")


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return replace(simulated_platform(tmp_path), sensor=WindowsHello(), passcode=HelloPin())


@pytest.mark.parametrize(
    ("sensors", "kinds"),
    [
        ({0x8}, {Biometry.FINGERPRINT}),
        ({0x2}, {Biometry.FACE}),
        ({0x10}, {Biometry.IRIS}),
        ({0x8, 0x2}, {Biometry.FINGERPRINT, Biometry.FACE}),
    ],
)
async def test_the_kinds_are_those_of_the_sensors(
    machine: Machine, windows_hello: Hello, sensors: set[int], kinds: set[Biometry]
) -> None:
    machine.sensors = sensors
    assert (await WindowsHello().state()).kinds == kinds


@pytest.mark.parametrize("availability", [0, 4])
async def test_what_hello_can_ask_is_there_though_windows_lists_no_sensor(
    windows_hello: Hello, availability: int
) -> None:
    windows_hello.availability = availability
    state = await WindowsHello().state()
    assert (state.kinds, bool(state.enrolled)) == (set(), True)


@pytest.mark.parametrize("availability", [1, 2, 3])
async def test_where_no_sensor_is_listed_and_hello_cannot_ask_there_is_none(
    windows_hello: Hello, availability: int
) -> None:
    windows_hello.availability = availability
    with pytest.raises(errors.BiometricsUnavailable):
        await WindowsHello().state()


async def test_hello_shows_the_words_of_the_app(windows_hello: Hello) -> None:
    await WindowsHello().verify(TEXTS, print)
    assert windows_hello.asked == ["open the notes"]


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (1, errors.DevicePasscodeNotSet),
        (2, errors.DevicePasscodeNotSet),
        (3, errors.Unsupported),
        (4, errors.SystemCanceled),
        (5, errors.BiometricsLockedOut),
        (6, errors.UserCanceled),
    ],
)
async def test_a_pin_that_cannot_be_asked_for_is_no_matter_of_biometrics(
    windows_hello: Hello, result: int, kind: type[errors.DeviceError]
) -> None:
    windows_hello.result = result
    with pytest.raises(errors.DeviceError) as raised:
        await HelloPin().verify(b"", TEXTS)
    assert type(raised.value) is kind


@pytest.mark.parametrize(("availability", "there"), [(0, True), (1, False), (2, False), (3, False), (4, True)])
async def test_a_pin_is_set_where_hello_can_ask(windows_hello: Hello, availability: int, there: bool) -> None:
    windows_hello.availability = availability
    assert await HelloPin().is_set() is there


@pytest.mark.parametrize("hresult", [0x80040154, 0x80040111])
async def test_a_windows_without_hello_answers_no_to_yes_or_no(
    windows_hello: Hello, platform: Platform, hresult: int
) -> None:
    windows_hello.failure = failed(hresult)
    biometrics, device = Biometrics("com.example.notes", platform=platform), Device(platform)
    assert not (await biometrics.is_available()).is_available
    assert not await biometrics.has_device_credential()
    assert not await device.available_hardware()
    assert not await device.is_biometrics_supported()
    assert not await device.is_system_passcode_set()


async def test_another_failure_of_hello_is_told(windows_hello: Hello, platform: Platform) -> None:
    windows_hello.failure = failed(0x80070005)
    with pytest.raises(errors.DeviceError, match="0x80070005"):
        await Device(platform).is_system_passcode_set()

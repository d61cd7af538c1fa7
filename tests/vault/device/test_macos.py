"""The adapters of macOS, as far as they are pure: what its codes mean, and that nothing of it is needed elsewhere."""

import sys

import pytest

from ecrin.vault.device import errors
from ecrin.vault.device.here import platform_of
from ecrin.vault.device.macos.authentication import reason
from ecrin.vault.device.macos.clock import MacClock
from ecrin.vault.device.macos.enclave import Access, SecureEnclave
from ecrin.vault.device.macos.keychain import Keychain
from ecrin.vault.device.macos.presence import MacPresence
from ecrin.vault.device.macos.screen import MacScreen
from ecrin.vault.device.macos.status import of_authentication, of_guarded, of_store
from ecrin.vault.device.macos.touchid import NOT_TOLD, TouchId, state_of
from ecrin.vault.device.model import Biometry, PromptTexts, Strength
from ecrin.vault.ports import Hold

elsewhere = pytest.mark.skipif(sys.platform == "darwin", reason="this is about the other systems")


def mark() -> bytes:
    return b"state"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, errors.NotRecognized),
        (-2, errors.UserCanceled),
        (-3, errors.FallbackChosen),
        (-4, errors.SystemCanceled),
        (-5, errors.DevicePasscodeNotSet),
        (-6, errors.BiometricsUnavailable),
        (-7, errors.BiometricsNotEnrolled),
        (-8, errors.BiometricsLockedOut),
        (-9, errors.AppCanceled),
        (-10, errors.AppCanceled),
        (-11, errors.BiometricsUnavailable),
        (-12, errors.BiometricsUnavailable),
        (-13, errors.BiometricsUnavailable),
        (-1004, errors.NotInteractive),
        (-999, errors.DeviceError),
    ],
)
def test_an_error_of_local_authentication_is_ours(code: int, kind: type[errors.DeviceError]) -> None:
    assert type(of_authentication(code)) is kind


@pytest.mark.parametrize(
    ("status", "of_a_store", "of_a_guarded_item"),
    [
        (-128, errors.KeyStoreLocked, errors.UserCanceled),
        (-25293, errors.KeyStoreLocked, errors.NotRecognized),
        (-25308, errors.KeyStoreLocked, errors.NotInteractive),
        (-25291, errors.KeyStoreUnavailable, errors.DeviceError),
        (-34018, errors.KeyStoreUnavailable, errors.Unsupported),
    ],
)
def test_a_status_of_the_keychain_is_ours(
    status: int, of_a_store: type[errors.DeviceError], of_a_guarded_item: type[errors.DeviceError]
) -> None:
    assert (type(of_store(status)), type(of_guarded(status))) == (of_a_store, of_a_guarded_item)


def test_an_app_that_is_not_signed_is_told_so() -> None:
    assert "keychain-access-groups" in of_store(-34018).advice
    assert "keychain-access-groups" in of_guarded(-34018).advice


@pytest.mark.parametrize(("biometry", "kind"), [(1, Biometry.FINGERPRINT), (2, Biometry.FACE), (4, Biometry.IRIS)])
def test_the_sensor_is_what_the_system_says(biometry: int, kind: Biometry) -> None:
    state = state_of(0, biometry, mark)
    assert (state.kinds, state.strength, state.enrolled) == ({kind}, Strength.STRONG, b"state")


@pytest.mark.parametrize(("code", "enrolled", "locked_out"), [(-7, b"", False), (-5, b"", False), (-8, NOT_TOLD, True)])
def test_nobody_enrolled_and_a_lockout_are_told_apart(code: int, enrolled: bytes, locked_out: bool) -> None:
    state = state_of(code, 1, mark)
    assert (state.enrolled, state.locked_out) == (enrolled, locked_out)


@pytest.mark.parametrize(("code", "biometry"), [(0, 0), (-6, 1), (-13, 1), (-1004, 1)])
def test_without_a_sensor_in_reach_there_are_no_biometrics(code: int, biometry: int) -> None:
    with pytest.raises(errors.BiometricsUnavailable):
        state_of(code, biometry, mark)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (PromptTexts(reason="open the notes", description="d"), "open the notes"),
        (PromptTexts(description="d", subtitle="s"), "d"),
        (PromptTexts(title="t"), "t"),
        (PromptTexts(title=""), PromptTexts().title),
    ],
)
def test_the_prompt_has_one_sentence_and_never_none(texts: PromptTexts, shown: str) -> None:
    assert reason(texts) == shown


def test_the_item_is_for_those_whom_the_slot_names() -> None:
    assert {access: access.flags for access in Access} == {
        Access.BIOMETRY: 0x8,
        Access.PASSCODE: 0x10,
        Access.EITHER: 0x4018,
    }
    assert SecureEnclave().hold({"access": "biometry"}) is Hold.HARDWARE


@elsewhere
async def test_elsewhere_each_part_says_that_it_is_not_there() -> None:
    with pytest.raises(errors.KeyStoreUnavailable, match="Security"):
        await Keychain().get("app", "item")
    with pytest.raises(errors.BiometricsUnavailable, match="LocalAuthentication"):
        await TouchId().state()
    for part in (MacPresence().watch(print), MacPresence().idle_ms(), MacScreen().hide(True)):
        with pytest.raises(errors.Unsupported):
            await part
    with pytest.raises(errors.Unsupported):
        MacClock().now()


@elsewhere
async def test_elsewhere_there_is_no_enclave_and_no_hidden_screen() -> None:
    platform = platform_of("darwin")
    assert platform.screen is not None
    assert not await platform.screen.is_hidden()
    assert not await SecureEnclave().is_there()


@pytest.mark.parametrize("size", [0, 2_001])
async def test_an_item_that_would_not_fit_everywhere_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="2000"):
        await Keychain().set("app", "item", bytes(size))

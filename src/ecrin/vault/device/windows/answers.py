"""What Windows Hello answers, as our errors (Windows.Security.Credentials and .UI, their enumerations by number)."""

from collections.abc import Mapping

from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    ChipLockedOut,
    DeviceError,
    DevicePasscodeNotSet,
    FallbackChosen,
    ItemMissing,
    SystemCanceled,
    Unsupported,
    UserCanceled,
)
from ecrin.vault.device.model import Biometry, Permission, SensorState, Strength

ENROLLED = b"windows-hello"  # Windows does not tell which fingers or faces are: the mark does not change with them
AVAILABLE, NO_DEVICE, NOT_CONFIGURED, BY_POLICY, BUSY = range(5)  # UserConsentVerifierAvailability

_CONSENT = {  # UserConsentVerificationResult
    1: BiometricsUnavailable,
    2: BiometricsNotEnrolled,
    3: BiometricsUnavailable,
    4: SystemCanceled,
    5: BiometricsLockedOut,
    6: UserCanceled,
}
_PIN = {**_CONSENT, 1: DevicePasscodeNotSet, 2: DevicePasscodeNotSet, 3: Unsupported}  # the same, of Hello's PIN
_KEY = {  # KeyCredentialStatus
    2: ItemMissing,
    3: UserCanceled,
    4: FallbackChosen,
    6: ChipLockedOut,
    7: Unsupported,
}


def of_consent(result: int) -> DeviceError | None:
    """Return the error of a verification by a sensor, None if it passed."""
    return _of(result, _CONSENT)


def of_pin(result: int) -> DeviceError | None:
    """Return the error of a verification by the PIN, None if it passed."""
    return _of(result, _PIN)


def of_key(status: int) -> DeviceError | None:
    """Return the error of a key credential's status, None for success."""
    return _of(status, _KEY)


def state_of(availability: int, kinds: frozenset[Biometry]) -> SensorState:
    """Return the state of a sensor by the verifier's availability; raises `BiometricsUnavailable`.

    The strength is WEAK, since a PIN passes the same prompt. Windows does not list each camera among its sensors: what
    the verifier can ask is there, also when nobody knows of which kind it is.
    """
    if availability not in ((AVAILABLE, NOT_CONFIGURED, BY_POLICY, BUSY) if kinds else (AVAILABLE, BUSY)):
        raise BiometricsUnavailable
    permission = Permission.DENIED if availability == BY_POLICY else Permission.GRANTED
    enrolled = ENROLLED if availability in (AVAILABLE, BUSY) else b""
    return SensorState(kinds, Strength.WEAK, permission, enrolled)


def _of(number: int, errors: Mapping[int, type[DeviceError]]) -> DeviceError | None:
    if number == 0:
        return None
    return errors[number]() if number in errors else DeviceError(f"Windows Hello answers {number}.")

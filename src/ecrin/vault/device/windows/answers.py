"""What Windows Hello answers, as our errors (Windows.Security.Credentials and .UI, their enumerations by number)."""

from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    ChipLockedOut,
    DeviceError,
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
_KEY = {  # KeyCredentialStatus
    2: ItemMissing,
    3: UserCanceled,
    4: FallbackChosen,
    6: ChipLockedOut,
    7: Unsupported,
}


def of_consent(result: int) -> DeviceError | None:
    """Return the error of a verification, None if it passed."""
    if result == 0:
        return None
    return _CONSENT[result]() if result in _CONSENT else DeviceError(f"Windows Hello answers {result}.")


def of_key(status: int) -> DeviceError | None:
    """Return the error of a key credential's status, None for success."""
    if status == 0:
        return None
    return _KEY[status]() if status in _KEY else DeviceError(f"Windows Hello answers {status}.")


def state_of(availability: int, kinds: frozenset[Biometry]) -> SensorState:
    """Return the state of a sensor by the verifier's availability; raises `BiometricsUnavailable`.

    The strength is WEAK, since a PIN passes the same prompt.
    """
    if availability not in (AVAILABLE, NOT_CONFIGURED, BY_POLICY, BUSY):
        raise BiometricsUnavailable
    permission = Permission.DENIED if availability == BY_POLICY else Permission.GRANTED
    enrolled = ENROLLED if availability in (AVAILABLE, BUSY) else b""
    return SensorState(kinds, Strength.WEAK, permission, enrolled)

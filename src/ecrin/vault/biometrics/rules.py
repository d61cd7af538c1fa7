"""What the biometric calls decide. Pure: states, options and moments in, decisions out."""

from ecrin.vault.biometrics.model import Availability, VerifyOptions
from ecrin.vault.device.codes import CAPGO_BIOMETRIC, number_of
from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsPaused,
    BiometricsUnavailable,
    DeviceError,
    FallbackChosen,
    NotRecognized,
)
from ecrin.vault.device.judging import refusal
from ecrin.vault.device.model import Biometry, Moment, SensorState, Strength

_RANK = (Strength.WEAK, Strength.STRONG, Strength.MAXIMUM)
_INSTEAD = (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsPaused,
    BiometricsUnavailable,
    FallbackChosen,
    NotRecognized,
)


def reaches(has: Strength, wanted: Strength) -> bool:
    """Say whether one strength is at least another."""
    return _RANK.index(has) >= _RANK.index(wanted)


def unfit(state: SensorState, options: VerifyOptions) -> DeviceError | None:
    """Return why a sensor must not be asked with these options, None if it may."""
    if options.kinds != frozenset(Biometry) and not state.kinds & options.kinds:  # not every sensor says what it is
        return BiometricsUnavailable("No sensor of the kinds that are allowed is here.")
    if not reaches(state.strength, options.strength):
        return BiometricsUnavailable(f"The sensor is {state.strength}, and {options.strength} was asked for.")
    return refusal(state)


def takes_passcode(error: DeviceError, options: VerifyOptions) -> bool:
    """Say whether the device's passcode may do what biometrics could not. Who cancelled is not asked again."""
    return options.allow_device_credential and isinstance(error, _INSTEAD)


def availability(found: SensorState | DeviceError, *, secure: bool, allow_device_credential: bool) -> Availability:
    """Return what can be used, from a sensor's state or from what it raised."""
    error = found if isinstance(found, DeviceError) else refusal(found)
    state = None if isinstance(found, DeviceError) else found
    return Availability(
        is_available=error is None or (allow_device_credential and secure),
        kinds=state.kinds if state else frozenset(),
        strength=state.strength if state else None,
        device_is_secure=secure,
        strong_is_available=state is not None and error is None and reaches(state.strength, Strength.STRONG),
        reason=error.code if error else "",
        code=number_of(error, CAPGO_BIOMETRIC) if error else None,
    )


def still_verified(verified: Moment | None, now: Moment, validity_ms: int) -> bool:
    """Say whether an earlier check still counts; sleep counts as time, and a restart of the machine ends it."""
    if verified is None or verified.boot != now.boot:
        return False
    return 0 <= now.since_boot_ms - verified.since_boot_ms < validity_ms

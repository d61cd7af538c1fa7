"""The codes of Identity Vault and of @capgo/capacitor-native-biometric, and which of our errors means the same.

For those who come from there, and for bridges that answer an app in its own words. An error stands once in a table; one
that does not has the number of its nearest base class that does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ecrin.errors import EcrinError
from ecrin.vault import errors as vault
from ecrin.vault.device import errors as device


@dataclass(frozen=True, slots=True)
class Code:
    """One code of somebody else's, and our errors of that meaning; `note` says why there are none."""

    number: int
    name: str
    errors: tuple[type[EcrinError], ...]
    note: str = ""


IDENTITY_VAULT_VAULT = (
    Code(0, "Unknown", (EcrinError,)),
    Code(1, "VaultLocked", (vault.VaultLocked,)),
    Code(2, "VaultUnavailable", (vault.VaultNotInitialized,)),
    Code(3, "InvalidArguments", (vault.InvalidConfig, vault.InvalidEntry, vault.InvalidExport)),
    Code(4, "InvalidatedCredential", (vault.SlotInvalidated,)),
    Code(5, "SecurityNotAvailable", (device.DevicePasscodeNotSet,)),
    Code(6, "AuthFailed", (device.NotRecognized, vault.SlotRefused)),
    Code(7, "TooManyFailedAttempts", (vault.TooManyAttempts,)),
    Code(8, "UserCanceledInteraction", (device.UserCanceled,)),
    Code(9, "MismatchedPasscode", (vault.PasscodeMismatch,)),
    Code(10, "MissingPasscode", (vault.PasscodeMissing,)),
    Code(11, "PasscodeNotEnabled", (vault.SlotMissing,)),
    Code(12, "KeyNotFound", (device.ItemMissing,)),
    Code(13, "BiometricsNotEnabled", (device.BiometricsNotEnrolled, device.BiometricsUnavailable)),
    Code(14, "InvalidAuthMode", (), "a configuration that cannot be is InvalidConfig"),
    Code(15, "MissingBiometrics", (), "the vault asks by itself"),
    Code(16, "AndroidSystemPasscodeUnavailable", (device.Unsupported,)),
    Code(17, "AndroidBiometricsLockedOut", (device.BiometricsLockedOut, device.BiometricsPaused)),
    Code(18, "iOSBiometricsLockedOut", (), "as 17"),
    Code(19, "AndroidUnexpectedKeystoreError", (device.KeyStoreUnavailable, device.KeyStoreLocked)),
)

IDENTITY_VAULT_DEVICE = (
    Code(0, "Unknown", (EcrinError,)),
    Code(1, "InvalidArguments", (), "a call with other arguments than it has is a TypeError"),
    Code(2, "UserCanceledInteraction", (device.UserCanceled,)),
    Code(3, "SecurityNotAvailable", (device.DevicePasscodeNotSet,)),
    Code(4, "AuthFailed", (device.NotRecognized,)),
    Code(5, "BiometricsLockedOut", (device.BiometricsLockedOut, device.BiometricsPaused)),
    Code(6, "BiometricsNotEnabled", (device.BiometricsNotEnrolled, device.BiometricsUnavailable)),
)

CAPGO_BIOMETRIC = (
    Code(0, "unknown", (EcrinError,)),
    Code(1, "unavailable", (device.BiometricsUnavailable,)),
    Code(2, "locked out", (device.BiometricsLockedOut,)),
    Code(3, "not enrolled", (device.BiometricsNotEnrolled,)),
    Code(4, "locked out for 30 s", (device.BiometricsPaused,)),
    Code(10, "failed", (device.NotRecognized,)),
    Code(11, "cancelled by the app", (device.AppCanceled,)),
    Code(12, "invalid context", (), "there is no context that a caller could spoil"),
    Code(13, "not interactive", (device.NotInteractive,)),
    Code(14, "no passcode", (device.DevicePasscodeNotSet,)),
    Code(15, "cancelled by the system", (device.SystemCanceled,)),
    Code(16, "cancelled by the user", (device.UserCanceled,)),
    Code(17, "fallback chosen", (device.FallbackChosen,)),
    Code(21, "no protected item", (device.ItemMissing,)),
)


def number_of(error: EcrinError, table: Sequence[Code]) -> int:
    """Return the number that an error has in a table: 0 for what the table does not know."""
    numbers = {known: code.number for code in table for known in code.errors}
    return next((numbers[kind] for kind in type(error).__mro__ if kind in numbers), 0)

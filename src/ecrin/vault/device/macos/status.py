"""What the Security framework and LocalAuthentication answer, as our errors (SecBase.h, LAError.h)."""

from ecrin.vault.device.errors import (
    AppCanceled,
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    DeviceError,
    DevicePasscodeNotSet,
    FallbackChosen,
    KeyStoreLocked,
    KeyStoreUnavailable,
    NotInteractive,
    NotRecognized,
    SystemCanceled,
    Unsupported,
    UserCanceled,
)

SUCCESS = 0
ITEM_NOT_FOUND = -25300
DUPLICATE_ITEM = -25299
MISSING_ENTITLEMENT = -34018
NOT_ENROLLED, LOCKED_OUT, NO_PASSCODE = -7, -8, -5

_SIGNED = (
    "Sign the app with the entitlement keychain-access-groups; an interpreter that is not signed for it has no access "
    "to the keychain that the Secure Enclave guards."
)
_STORE = {  # OSStatus of a key store
    -128: KeyStoreLocked,  # errSecUserCanceled: the user did not unlock it, or did not let the app in
    -25293: KeyStoreLocked,  # errSecAuthFailed
    -25308: KeyStoreLocked,  # errSecInteractionNotAllowed
}
_GUARDED = {  # OSStatus of an item with access control
    -128: UserCanceled,
    -25293: NotRecognized,
    -25308: NotInteractive,
    -25315: NotInteractive,  # errSecInteractionRequired
}
_AUTHENTICATION = {  # LAError
    -1: NotRecognized,
    -2: UserCanceled,
    -3: FallbackChosen,
    -4: SystemCanceled,
    -5: DevicePasscodeNotSet,
    -6: BiometricsUnavailable,
    -7: BiometricsNotEnrolled,
    -8: BiometricsLockedOut,
    -9: AppCanceled,
    -10: AppCanceled,  # invalidContext: we ended it
    -11: BiometricsUnavailable,  # no watch in reach
    -12: BiometricsUnavailable,  # no keyboard with Touch ID was paired
    -13: BiometricsUnavailable,  # it is not connected
    -1004: NotInteractive,
}


def of_store(status: int) -> DeviceError:
    """Return the error of a key store's OSStatus."""
    if status in _STORE:
        return _STORE[status]()
    hint = _SIGNED if status == MISSING_ENTITLEMENT else None
    return KeyStoreUnavailable(f"The keychain answers {status}.", hint=hint)


def of_guarded(status: int) -> DeviceError:
    """Return the error of the OSStatus of an item that the Secure Enclave guards."""
    if status == MISSING_ENTITLEMENT:
        return Unsupported("This app may not use the keychain that the Secure Enclave guards.", hint=_SIGNED)
    if status in _GUARDED:
        return _GUARDED[status]()
    return DeviceError(f"The keychain answers {status}.")


def of_authentication(code: int) -> DeviceError:
    """Return the error of an LAError."""
    if code in _AUTHENTICATION:
        return _AUTHENTICATION[code]()
    return DeviceError(f"LocalAuthentication answers {code}.")

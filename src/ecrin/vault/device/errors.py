"""What the device refuses, and why: a branch of the tree in `ecrin.errors`; docs/vault.md has the plugins' codes.

DeviceError
├── UserCanceled, AppCanceled, SystemCanceled, FallbackChosen, NotInteractive   nobody was judged
├── NotRecognized                                                              somebody was, and is another
├── BiometricsLockedOut, BiometricsPaused                                      after too many of those
├── BiometricsUnavailable, BiometricsNotEnrolled, DevicePasscodeNotSet         not set up here
├── KeyStoreUnavailable, KeyStoreLocked, ItemMissing, ItemProtected
├── ChipUnavailable, ChipLockedOut
├── SecurityKeyUnavailable, SecurityKeyBlocked
└── Unsupported                                                                this platform cannot do it
"""

from ecrin.errors import EcrinError


class DeviceError(EcrinError):
    """The device cannot do this."""

    code = "DEVICE_ERROR"
    hint = "Nothing was changed."


class UserCanceled(DeviceError):
    """The user cancelled."""

    code = "USER_CANCELED"
    hint = "Offer the way in again when the user asks for it."


class AppCanceled(DeviceError):
    """The app cancelled."""

    code = "APP_CANCELED"
    hint = "Ask again when the user wants it."


class SystemCanceled(DeviceError):
    """The system took the prompt away."""

    code = "SYSTEM_CANCELED"
    hint = "Ask again once the user is back at the app."


class FallbackChosen(DeviceError):
    """The user chose the other way in."""

    code = "FALLBACK_CHOSEN"
    hint = "Open the vault with the passcode."


class NotInteractive(DeviceError):
    """Nobody can be asked here: there is no prompt, or no sensor in reach of this session."""

    code = "NOT_INTERACTIVE"
    hint = "Run it in a session of a user who is at the device."


class NotRecognized(DeviceError):
    """The finger, the face or the passcode is somebody else's."""

    code = "NOT_RECOGNIZED"
    hint = "Try again, or use another way in."


class BiometricsLockedOut(DeviceError):
    """After too many failed tries the sensor is locked until the device passcode is given."""

    code = "BIOMETRICS_LOCKED_OUT"
    hint = "Unlock the device with its passcode, or use another way in."


class BiometricsPaused(DeviceError):
    """After too many failed tries the sensor pauses."""

    code = "BIOMETRICS_PAUSED"
    hint = "Wait 30 seconds, or use another way in."


class BiometricsUnavailable(DeviceError):
    """There is no biometric sensor that this app may use."""

    code = "BIOMETRICS_UNAVAILABLE"
    hint = "Use another way in: a passcode, a security key, the TPM."


class BiometricsNotEnrolled(DeviceError):
    """No finger or face is enrolled on this device."""

    code = "BIOMETRICS_NOT_ENROLLED"
    hint = "Enrol one in the settings of the system (on Linux: `fprintd-enroll`)."


class DevicePasscodeNotSet(DeviceError):
    """The device has no passcode."""

    code = "DEVICE_PASSCODE_NOT_SET"
    hint = "Set one in the settings of the system."


class KeyStoreUnavailable(DeviceError):
    """The system's key store does not answer."""

    code = "KEY_STORE_UNAVAILABLE"
    hint = "Start it (on Linux: gnome-keyring, KWallet or KeePassXC), or name a way without it; nothing weaker is used."


class KeyStoreLocked(DeviceError):
    """The system's key store is locked."""

    code = "KEY_STORE_LOCKED"
    hint = "Unlock it: sign in to the desktop, or open it in its settings."


class ItemMissing(DeviceError):
    """The key store does not have this item."""

    code = "KEY_STORE_ITEM_MISSING"
    hint = "It was removed, or belongs to another user or device: open the vault another way."


class ItemProtected(DeviceError):
    """This item is given out only after its user was recognized."""

    code = "ITEM_PROTECTED"
    hint = "Call `get_secure_credentials` or `get_secure_data`."


class ChipUnavailable(DeviceError):
    """There is no TPM 2.0 that this process can use."""

    code = "TPM_UNAVAILABLE"
    hint = "If the machine has one, switch it on in the firmware and let this user open it; else use another way in."


class ChipLockedOut(DeviceError):
    """After too many wrong PINs the chip refuses the right one too."""

    code = "TPM_LOCKED_OUT"
    hint = "Wait until the chip's lockout has passed, or use another way in."


class SecurityKeyUnavailable(DeviceError):
    """No security key that can do this is plugged in."""

    code = "SECURITY_KEY_UNAVAILABLE"
    hint = "Plug in the key (to open: the one that was enrolled); it needs hmac-secret and a PIN or a fingerprint."


class SecurityKeyBlocked(DeviceError):
    """After too many wrong PINs the security key is blocked."""

    code = "SECURITY_KEY_BLOCKED"
    hint = "Use another way in; the key has to be reset, which ends what it opened."


class Unsupported(DeviceError):
    """This platform cannot do it."""

    code = "DEVICE_UNSUPPORTED"
    hint = "docs/vault.md in Écrin's repository says what each platform has."

"""What fprintd's words mean to us: results, errors, and the mark of what is enrolled. Pure.

After the documentation of the interfaces net.reactivated.Fprint.Manager and .Device.
"""

from collections.abc import Iterable
from hashlib import sha256

from ecrin.vault.device.errors import (
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    DeviceError,
    NotInteractive,
    NotRecognized,
    SystemCanceled,
)
from ecrin.vault.device.linux.bus import ServiceFailed

MATCH = "verify-match"
GONE = "gone"  # ours: fprintd or the bus ended
PERMISSION_DENIED = "net.reactivated.Fprint.Error.PermissionDenied"
NO_ENROLLED_PRINTS = "net.reactivated.Fprint.Error.NoEnrolledPrints"
_ERROR = "net.reactivated.Fprint.Error."


def ending(result: str) -> DeviceError | None:
    """Return what the last status of a try means: None for yes."""
    if result == MATCH:
        return None
    if result == "verify-no-match":
        return NotRecognized()
    if result == "verify-disconnected":
        return BiometricsUnavailable("The fingerprint reader was unplugged.")
    if result == GONE:
        return BiometricsUnavailable("fprintd ended while it was waiting for a finger.")
    return SystemCanceled("The fingerprint reader gave up.")


def refusal(failed: ServiceFailed) -> DeviceError:
    """Return the error of the device for one of fprintd's, or of the bus."""
    if failed.absent:
        return BiometricsUnavailable("fprintd does not answer.", hint="Install it: the package is called fprintd.")
    if failed.name == _ERROR + "NoSuchDevice":
        return BiometricsUnavailable("There is no fingerprint reader that fprintd knows.")
    if failed.name == PERMISSION_DENIED:
        return NotInteractive(
            "This session may not use the fingerprint reader.",
            hint="polkit lets in a user who sits at the machine: not a remote session, not a service.",
        )
    if failed.name == NO_ENROLLED_PRINTS:
        return BiometricsNotEnrolled()
    if failed.name == _ERROR + "AlreadyInUse":
        return BiometricsUnavailable(
            "Another program is using the fingerprint reader.",
            hint="Wait until it has finished, or use another way in.",
        )
    return SystemCanceled("The fingerprint reader gave up.", hint="Try again; fprintd's log has the reason.")


def mark(device: str, fingers: Iterable[str]) -> bytes:
    """Return the mark of what is enrolled on a device of this name: 32 bytes, or none if nothing is."""
    names = sorted(set(fingers))
    return sha256("\0".join((device, *names)).encode()).digest() if names else b""

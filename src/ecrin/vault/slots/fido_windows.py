"""Windows keeps security keys to itself: programs reach them through its WebAuthn API, which asks and shows by itself.

Written from the documented API (webauthn.dll, by python-fido2); it has not been run on Windows yet. What it cannot tell
there: whether a key from before CTAP 2.1 has a secret of its own for whoever gave no PIN (`Keys.enrol`).
"""

from fido2.client import ClientDataCollector, WebAuthnClient

from ecrin.errors import EcrinError
from ecrin.vault.device.errors import DeviceError, SecurityKeyUnavailable, UserCanceled

_CANCELLED = (0x800704C7, 0x80090036)  # ERROR_CANCELLED, NTE_USER_CANCELLED
_TIMEOUT = 0x800705B4  # ERROR_TIMEOUT
_NOT_FOUND = 0x80090011  # NTE_NOT_FOUND
_NO_DEVICE = 0x80090035  # NTE_DEVICE_NOT_FOUND
_NOT_SUPPORTED = (0x80070032, 0x80090029)  # ERROR_NOT_SUPPORTED, NTE_NOT_SUPPORTED


def client(collector: ClientDataCollector) -> WebAuthnClient | None:
    """Return the client of this Windows; None elsewhere, and on a Windows from before the API."""
    try:
        from fido2.client.windows import WindowsClient
    except (ImportError, AttributeError, OSError):  # ctypes has no such functions on other systems
        return None
    return WindowsClient(collector) if WindowsClient.is_available() else None


def refusal(error: OSError) -> EcrinError:
    """Return our error for one of the API's."""
    code = (getattr(error, "winerror", None) or 0) & 0xFFFFFFFF
    if code in _CANCELLED:
        return UserCanceled()
    if code == _TIMEOUT:
        return UserCanceled("Nobody touched the security key.")
    if code == _NOT_FOUND:
        return SecurityKeyUnavailable("The security key has no secret for this vault.")
    if code == _NO_DEVICE:
        return SecurityKeyUnavailable()
    if code in _NOT_SUPPORTED:
        return SecurityKeyUnavailable("This Windows, or this security key, cannot do it.")
    return DeviceError(f"Windows refuses the security key: 0x{code:08x}.")

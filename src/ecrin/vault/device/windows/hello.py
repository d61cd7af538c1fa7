"""Windows Hello's yes or no: `UserConsentVerifier`. No key comes out, and the user's Hello PIN passes it too: a gate.

`hellokey` is the lock.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import BiometricsUnavailable, DeviceError, Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.device.model import Biometry, PromptTexts, SensorState
from ecrin.vault.device.polling import watch_by_asking
from ecrin.vault.device.ports import Tell
from ecrin.vault.device.windows.answers import AVAILABLE, BUSY, of_consent, of_pin, state_of
from ecrin.vault.device.windows.api import DWORD, dll, translated
from ecrin.vault.threads import in_thread

EVERY_S = 5.0  # the system does not tell that a finger was enrolled
_FACTORS = {0x8: Biometry.FINGERPRINT, 0x2: Biometry.FACE, 0x10: Biometry.IRIS}  # WINBIO_BIOMETRIC_TYPE


class WindowsHello:
    """The machine's sensors, as Hello offers them; Hello chooses which one it asks, and knows the PIN besides."""

    async def state(self) -> SensorState:
        """Return what Hello says; raises `BiometricsUnavailable` if there is no sensor."""
        try:
            availability, kinds = await _availability(), await in_thread(_kinds)
        except Unsupported as error:
            raise BiometricsUnavailable(error.detail, hint=error.advice) from error
        return state_of(availability, kinds)

    async def verify(self, texts: PromptTexts, tell: Tell) -> None:
        """Show Hello's prompt, which tells the user what to do by itself; see `Sensor`."""
        del tell
        await _consent(texts, of_consent)

    async def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when another state is seen; it is looked at every few seconds."""
        return await watch_by_asking(self.state, lambda _: changed(), EVERY_S)


class HelloPin:
    """The device's passcode on Windows: Hello's PIN. A finger or a face passes the same prompt."""

    asks_itself = True

    async def is_set(self) -> bool:
        """Return whether the user has set Hello up, which begins with a PIN."""
        return await _availability() in (AVAILABLE, BUSY)

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Show Hello's prompt; `passcode` is not looked at."""
        del passcode
        await _consent(texts, of_pin)


def message(texts: PromptTexts) -> str:
    """Return what the prompt says: Hello has room for one text."""
    return texts.reason or texts.description or texts.subtitle or texts.title


def _verifier() -> Any:
    return library("winrt.windows.security.credentials.ui", "winrt-Windows.Security.Credentials.UI").UserConsentVerifier


async def _availability() -> int:
    with translated():
        return int(await _verifier().check_availability_async())


async def _consent(texts: PromptTexts, refusal: Callable[[int], DeviceError | None]) -> None:
    with translated():
        result = int(await _verifier().request_verification_async(message(texts)))
    if (error := refusal(result)) is not None:
        raise error


def _kinds() -> frozenset[Biometry]:
    """Return what the sensors look at (WinBioEnumBiometricUnits)."""
    winbio = dll("winbio")
    winbio.WinBioFree.argtypes = (ctypes.c_void_p,)
    found = set()
    for factor, kind in _FACTORS.items():
        units, count = ctypes.c_void_p(), ctypes.c_size_t()
        if winbio.WinBioEnumBiometricUnits(DWORD(factor), ctypes.byref(units), ctypes.byref(count)) == 0:
            winbio.WinBioFree(units)
            if count.value:
                found.add(kind)
    return frozenset(found)

"""The device as an app asks about it: the calls of Identity Vault's `Device`, idle time and presence.

A question with yes or no is answered no where there is no such part; one for a value raises then. Nothing here is a
lock: `show_biometric_prompt` is a gate, as it is there (docs/vault.md). What opens a vault is in `ecrin.vault.slots`.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ecrin.vault.device.errors import BiometricsUnavailable, ChipUnavailable, Unsupported
from ecrin.vault.device.here import here
from ecrin.vault.device.judging import is_set
from ecrin.vault.device.model import Biometry, Notice, Permission, PromptTexts, SensorState, Signal, Strength
from ecrin.vault.device.ports import Chip, Platform, Sensor, Tell


@runtime_checkable
class SecureHardware(Protocol):
    """An opener that can say whether its hardware is there."""

    async def is_there(self) -> bool:
        """Return whether this process can use it."""
        ...


def _quiet(notice: Notice) -> None:
    del notice


class Device:
    """One device; `platform` is this one by default. Raises `Unsupported` on a system that has no platform here."""

    def __init__(self, platform: Platform | None = None) -> None:
        self._platform = platform or here()

    async def available_hardware(self) -> frozenset[Biometry]:
        """Return what the sensors look at; nothing if there are none. (`getAvailableHardware`)."""
        state = await self._state()
        return state.kinds if state else frozenset()

    async def biometric_strength(self) -> Strength:
        """Return how far the sensor can be trusted; raises `BiometricsUnavailable`. (`getBiometricStrengthLevel`)."""
        return (await self._sensor().state()).strength

    async def has_secure_hardware(self) -> bool:
        """Return whether a chip here keeps a secret for this process: one is sealed to see. (`hasSecureHardware`)."""
        if self._platform.chip is not None and await _seals(self._platform.chip):
            return True
        hardware = [opener for opener in self._platform.openers if isinstance(opener, SecureHardware)]
        return any([await part.is_there() for part in hardware])

    async def is_biometrics_supported(self) -> bool:
        """Return whether there is a sensor. (`isBiometricsSupported`)."""
        return await self._state() is not None

    async def is_biometrics_enabled(self) -> bool:
        """Return whether there is a sensor and somebody is enrolled. (`isBiometricsEnabled`)."""
        state = await self._state()
        return state is not None and bool(state.enrolled)

    async def is_biometrics_allowed(self) -> Permission:
        """Return whether the app may use the sensor; raises `BiometricsUnavailable`. (`isBiometricsAllowed`)."""
        return (await self._sensor().state()).permission

    async def is_locked_out_of_biometrics(self) -> bool:
        """Return whether too many tries failed, as far as the sensor says so. (`isLockedOutOfBiometrics`)."""
        state = await self._state()
        return state is not None and state.locked_out

    async def is_system_passcode_set(self) -> bool:
        """Return whether the user's account on this device has a passcode. (`isSystemPasscodeSet`)."""
        return await is_set(self._platform.passcode)

    async def is_screen_hidden(self) -> bool:
        """Return whether the app's windows are kept out of captures. (`isHideScreenOnBackgroundEnabled`)."""
        return self._platform.screen is not None and await self._platform.screen.is_hidden()

    async def hide_screen(self, hidden: bool = True) -> None:
        """Keep the app's windows out of captures, or not; raises `Unsupported`. (`setHideScreenOnBackground`)."""
        if self._platform.screen is None:
            raise Unsupported
        await self._platform.screen.hide(hidden)

    async def show_biometric_prompt(self, texts: PromptTexts | None = None, tell: Tell = _quiet) -> None:
        """Ask for one try of the sensor: a gate and never the lock. (`showBiometricPrompt`).

        There it answers yes or no; here all but yes raises, as `Sensor.verify` says: nobody can forget to look.
        """
        await self._sensor().verify(texts or PromptTexts(), tell)

    async def idle_ms(self) -> int:
        """Return for how many milliseconds the user has touched nothing; raises `Unsupported`."""
        if self._platform.signals is None:
            raise Unsupported
        return await self._platform.signals.idle_ms()

    async def watch(self, heard: Callable[[Signal], None]) -> Callable[[], None]:
        """Call `heard` when the screen is locked or the device sleeps; return what ends that; raises `Unsupported`."""
        if self._platform.signals is None:
            raise Unsupported
        return await self._platform.signals.watch(heard)

    def _sensor(self) -> Sensor:
        if self._platform.sensor is None:
            raise BiometricsUnavailable
        return self._platform.sensor

    async def _state(self) -> SensorState | None:
        try:
            return await self._sensor().state()
        except BiometricsUnavailable:
            return None


async def _seals(chip: Chip) -> bool:
    try:
        await chip.seal(bytes(32), b"")
    except ChipUnavailable:
        return False
    return True

"""What is the same for everybody who asks a sensor or for the device's passcode: whether to ask, and how often."""

import hmac
from collections.abc import Awaitable, Callable

from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    DeviceError,
    NotRecognized,
    Unsupported,
)
from ecrin.vault.device.model import Notice, Permission, SensorState
from ecrin.vault.device.ports import DevicePasscode, Tell


def refusal(state: SensorState) -> DeviceError | None:
    """Return why a sensor in this state cannot be asked now, None if it can.

    Permission and lockout come first: without the one and during the other nobody may know what is enrolled.
    """
    if state.permission is Permission.DENIED:
        return BiometricsUnavailable(
            "This app may not use the sensor.",
            hint="On Linux: sit at the machine; elsewhere see the system's settings.",
        )
    if state.locked_out:
        return BiometricsLockedOut()
    return None if state.enrolled else BiometricsNotEnrolled()


def changed(enrolled: str, state: SensorState) -> bool:
    """Say whether another set is enrolled than at the mark `enrolled` (hexadecimal).

    Without permission, and while macOS locks the sensor out, nobody knows what is enrolled: nothing is called changed.
    """
    known = state.permission is not Permission.DENIED and not state.locked_out
    return known and not hmac.compare_digest(enrolled.encode(), state.enrolled.hex().encode())


async def repeated(attempt: Callable[[], Awaitable[None]], at_most: int, tell: Tell) -> None:
    """Let somebody try up to `at_most` times and tell them of failures in between; raises the last `NotRecognized`."""
    for _ in range(at_most - 1):
        try:
            await attempt()
        except NotRecognized:
            tell(Notice.NOT_RECOGNIZED)
        else:
            return
    await attempt()


async def is_set(passcode: DevicePasscode | None) -> bool:
    """Say whether there is a passcode of the device to ask for; on a platform that has none there is not."""
    try:
        return passcode is not None and await passcode.is_set()
    except Unsupported:
        return False

"""Touch ID (and Face ID, Optic ID where they are): a gate by LocalAuthentication.

The mark of what is enrolled is LocalAuthentication's domain state, which changes when a finger is added or removed.
While the sensor is locked out the system does not tell it.
"""

from collections.abc import Callable
from typing import Any

from ecrin.vault.device.errors import BiometricsUnavailable, Unsupported
from ecrin.vault.device.macos.authentication import BIOMETRICS, context, evaluate, refusal
from ecrin.vault.device.macos.pool import in_pool
from ecrin.vault.device.macos.status import LOCKED_OUT, NO_PASSCODE, NOT_ENROLLED
from ecrin.vault.device.model import Biometry, Permission, PromptTexts, SensorState, Strength
from ecrin.vault.device.polling import watch_by_asking
from ecrin.vault.device.ports import Tell

EVERY_S = 5.0  # the system does not tell that a finger was enrolled
NOT_TOLD = b"\0"  # somebody is enrolled, and which set it is is not known
_KINDS = {1: Biometry.FINGERPRINT, 2: Biometry.FACE, 4: Biometry.IRIS}  # LABiometryType


class TouchId:
    """The Mac's sensor."""

    async def state(self) -> SensorState:
        """Return what the sensor is like; raises `BiometricsUnavailable` if there is none, or not in reach."""
        return await in_pool(_state)

    async def verify(self, texts: PromptTexts, tell: Tell) -> None:
        """Show the system's prompt, which tells the user what to do by itself; see `Sensor`."""
        del tell
        await evaluate(BIOMETRICS, texts)

    async def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when another state is seen; it is looked at every few seconds."""
        return await watch_by_asking(self.state, lambda _: changed(), EVERY_S)


def _state() -> SensorState:
    try:
        asked = context()
    except Unsupported as error:
        raise BiometricsUnavailable(error.detail, hint=error.advice) from error
    return state_of(refusal(asked, BIOMETRICS), int(asked.biometryType()), lambda: _mark(asked))


def state_of(code: int, biometry: int, mark: Callable[[], bytes]) -> SensorState:
    """Return the state for the LAError of asking (0: none) and the LABiometryType; raises `BiometricsUnavailable`."""
    if biometry not in _KINDS or code not in (0, NOT_ENROLLED, LOCKED_OUT, NO_PASSCODE):
        raise BiometricsUnavailable
    enrolled = mark() if code == 0 else NOT_TOLD if code == LOCKED_OUT else b""
    return SensorState(
        frozenset({_KINDS[biometry]}), Strength.STRONG, Permission.GRANTED, enrolled, locked_out=code == LOCKED_OUT
    )


def _mark(asked: Any) -> bytes:
    if asked.respondsToSelector_("evaluatedPolicyDomainState"):  # the older name: a new system keeps the mark
        data = asked.evaluatedPolicyDomainState()
    else:
        data = asked.domainState().biometry().stateHash()
    return bytes(data) if data is not None else NOT_TOLD

"""Gate only: a device key in the system's key store, behind a yes or no of a sensor or of the device's passcode.

It keeps a person who sits down at an open machine away, and no program: any process of this user can read the key
store. So it is never taken unasked (`GateOnly`). Where a key can come out of the gate, another kind of slot is there.
"""

from typing import Protocol, cast

from ecrin.vault.device.errors import DevicePasscodeNotSet, NotRecognized
from ecrin.vault.device.judging import changed, refusal, repeated
from ecrin.vault.device.model import SensorState
from ecrin.vault.device.ports import DevicePasscode, Sensor
from ecrin.vault.errors import SlotInvalidated, SlotRefused
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asked, Asking, DeviceKey, Enrolled, Hold, Params, Place

BIOMETRICS, PASSCODE = "gate-biometrics", "gate-passcode"
TOUCHES = 3  # of one unlock
_REFUSED = {
    BIOMETRICS: "The finger or the face was not recognized.",
    PASSCODE: "This is not the passcode of this device.",
}


class GateSlot:
    """A slot of the kind "gate-biometrics" behind a `Sensor`, or "gate-passcode" behind a `DevicePasscode`.

    The biometric one ends with the set of fingers or faces that it was made with, as far as the platform tells.
    """

    def __init__(self, kind: str, key: DeviceKey, gate: Sensor | DevicePasscode) -> None:
        self.kind = kind
        self._key = key
        self._gate: _Gate
        if kind == BIOMETRICS:
            self._gate = _Touch(cast("Sensor", gate))
        elif kind == PASSCODE:
            self._gate = _Passcode(cast("DevicePasscode", gate))
        else:
            raise ValueError(f"There is no gate of the kind {kind}.")

    def hold(self, params: Params) -> Hold:
        """Return that it is a gate only."""
        return Hold.GATE_ONLY

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Make the device key; nobody is asked.

        Raises why the gate cannot be used: `BiometricsNotEnrolled`, `DevicePasscodeNotSet` and the like.
        """
        params = await self._gate.enrol()
        leads, secret = await self._key.create(place, b"")
        return Enrolled({**params, "key": leads}, secret)

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Ask at the gate, and only then load the device key.

        Raises `SlotRefused` after the last try, `SlotInvalidated`, `ItemMissing`, an error of the gate (a cancellation
        after a try was counted, too).
        """
        try:
            await self._gate.ask(params, asking)
        except NotRecognized:
            raise SlotRefused(_REFUSED[self.kind]) from None
        return await self._key.load(place, params.get("key", {}), b"")

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove the device key."""
        await self._key.remove(place, params.get("key", {}))


class _Gate(Protocol):
    async def enrol(self) -> Params: ...

    async def ask(self, params: Params, asking: Asking) -> None: ...


class _Touch:
    """Up to three touches of a sensor; what is enrolled is looked at before them and after."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor

    async def enrol(self) -> Params:
        return {"enrolled": (await self._usable()).enrolled.hex()}

    async def ask(self, params: Params, asking: Asking) -> None:
        async def touch() -> None:
            await asking.trying()
            await self._sensor.verify(asking.texts, asking.tell)

        await self._unchanged(params)
        await repeated(touch, TOUCHES, asking.tell)
        await self._unchanged(params)

    async def _usable(self) -> SensorState:
        state = await self._sensor.state()
        if (error := refusal(state)) is not None:
            raise error
        return state

    async def _unchanged(self, params: Params) -> None:
        state = await self._sensor.state()
        if changed(str(params.get("enrolled")), state):
            raise SlotInvalidated
        if (error := refusal(state)) is not None:
            raise error


class _Passcode:
    """One try of the device's passcode."""

    def __init__(self, passcode: DevicePasscode) -> None:
        self._passcode = passcode

    async def enrol(self) -> Params:
        if not await self._passcode.is_set():
            raise DevicePasscodeNotSet
        return {}

    async def ask(self, params: Params, asking: Asking) -> None:
        typed = bytearray() if self._passcode.asks_itself else await asking.secret(Asked.DEVICE_PASSCODE)
        try:
            await asking.trying(seen=not self._passcode.asks_itself)
            await self._passcode.verify(typed, asking.texts)
        finally:
            typed[:] = bytes(len(typed))

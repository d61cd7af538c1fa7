"""A passcode: what somebody knows, at the price of Argon2id, and bound to a secret of this device.

Four to six digits cannot stand against whoever has the file alone (10^6 tries are hours). So the slot's secret also
takes a key that the device keeps: in the system's key store, or in a chip that counts wrong passcodes itself. Without
one only by name (`Bound.NOTHING`), and then at the full price of the profile.
"""

from collections.abc import Mapping
from typing import Any

from ecrin.crypto.profiles import DEVICE, Profile
from ecrin.vault.device.errors import ChipUnavailable, KeyStoreUnavailable
from ecrin.vault.errors import PasscodeMismatch, SlotRefused, VaultDamaged
from ecrin.vault.memory import SecretRoom
from ecrin.vault.model import Bound
from ecrin.vault.ports import Asked, Asking, DeviceKey, Enrolled, Hold, Params, Place
from ecrin.vault.slots.stretch import new_cost, stretch
from ecrin.vault.threads import in_thread

HALF = 32  # bytes: one half is the chip's to check, the other the slot's
_HOLDS = {Bound.KEY_STORE: Hold.KEY_STORE, Bound.CHIP: Hold.HARDWARE}
_WITH = {Hold.KEY_STORE: Hold.PASSCODE_AND_KEY_STORE, Hold.HARDWARE: Hold.PASSCODE_AND_HARDWARE}


class PasscodeSlot:
    """`keys` are the device keys that this machine may have, `bound` the one that a new passcode is bound to."""

    kind = "passcode"

    def __init__(self, keys: Mapping[Bound, DeviceKey], bound: Bound, profile: Profile = DEVICE) -> None:
        self._keys = keys
        self._bound = bound
        self._profile = profile

    def hold(self, params: Params) -> Hold:
        """Return what holds the secret besides the passcode."""
        bound = _bound(params)
        return Hold.PASSCODE if bound is Bound.NOTHING else _WITH[_HOLDS[bound]]

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Ask for a new passcode and make the device key that it is bound to."""
        passcode = await asking.secret(Asked.NEW_PASSCODE)
        params: dict[str, Any] = {**new_cost(self._profile), "bound": self._bound.value}
        secret = await _stretched(passcode, params)
        try:
            if self._bound is not Bound.NOTHING:
                with secret.view[:HALF] as auth:
                    params["key"], key = await self._key(self._bound).create(place, auth)
                _put(key, secret)
        except BaseException:
            secret.close()
            raise
        return Enrolled(params, secret)

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Ask for the passcode and count the try; raises `PasscodeMismatch` where a chip tells."""
        passcode = await asking.secret(Asked.PASSCODE)
        try:
            await asking.trying(seen=_bound(params) is Bound.CHIP)
        except BaseException:
            passcode[:] = bytes(len(passcode))
            raise
        secret = await _stretched(passcode, params)
        try:
            if (bound := _bound(params)) is not Bound.NOTHING:
                with secret.view[:HALF] as auth:
                    key = await self._key(bound).load(place, params.get("key", {}), auth)
                _put(key, secret)
        except SlotRefused:
            secret.close()
            raise PasscodeMismatch from None
        except BaseException:
            secret.close()
            raise
        return secret

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove the device key."""
        if (bound := _bound(params)) is not Bound.NOTHING:
            await self._key(bound).remove(place, params.get("key", {}))

    def _key(self, bound: Bound) -> DeviceKey:
        if bound not in self._keys:
            raise ChipUnavailable if bound is Bound.CHIP else KeyStoreUnavailable
        return self._keys[bound]


async def _stretched(passcode: bytearray, params: Params) -> SecretRoom:
    """Return 64 bytes of a passcode, which is wiped."""
    secret = SecretRoom(2 * HALF)
    try:
        await in_thread(lambda: stretch(passcode, params, secret.view))
    except BaseException:
        secret.close()
        raise
    finally:
        passcode[:] = bytes(len(passcode))
    return secret


def _put(key: SecretRoom, secret: SecretRoom) -> None:
    """Replace the half that the device has seen by its key."""
    secret.view[:HALF] = key.view
    key.close()


def _bound(params: Params) -> Bound:
    try:
        return Bound(str(params.get("bound")))
    except ValueError:
        raise VaultDamaged("A passcode is bound to nothing that is known.") from None

"""A way into the vault that the Secure Enclave guards: a keychain item that it gives out after its own check.

The item is in the data protection keychain, with access control (SecAccessControlCreateWithFlags) and bound to this
device; it goes when the device's password is removed. With BIOMETRY it goes when other fingers or faces are enrolled.
Only an app that is signed with the entitlement keychain-access-groups has that keychain: a plain Python has not.
"""

from enum import StrEnum
from typing import Any

from ecrin.vault.device.errors import DeviceError, Unsupported
from ecrin.vault.device.macos import items
from ecrin.vault.device.macos.authentication import context
from ecrin.vault.device.macos.pool import in_pool
from ecrin.vault.device.macos.status import ITEM_NOT_FOUND, MISSING_ENTITLEMENT, SUCCESS, of_guarded
from ecrin.vault.errors import SlotInvalidated
from ecrin.vault.memory import SecretRoom, drawn
from ecrin.vault.ports import Asking, Enrolled, Hold, Params, Place

SECRET = 32  # bytes
_OR = 1 << 14
_CURRENT_SET, _PASSCODE = 1 << 3, 1 << 4  # kSecAccessControlBiometryCurrentSet, kSecAccessControlDevicePasscode


class Access(StrEnum):
    """Who gets the item."""

    BIOMETRY = "biometry"  # those who are enrolled now
    PASSCODE = "passcode"
    EITHER = "either"

    @property
    def flags(self) -> int:
        """The SecAccessControlCreateFlags."""
        return {"biometry": _CURRENT_SET, "passcode": _PASSCODE, "either": _CURRENT_SET | _OR | _PASSCODE}[self]


class SecureEnclave:
    """A slot whose secret the Secure Enclave guards; `access` says for whom, in new slots."""

    kind = "secure-enclave"

    def __init__(self, access: Access = Access.BIOMETRY) -> None:
        self._access = access

    def hold(self, params: Params) -> Hold:
        """Return that hardware holds the secret."""
        return Hold.HARDWARE

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Draw a secret and keep it under guard; nobody is asked. Raises `Unsupported`."""
        room = drawn(32)
        try:
            await in_pool(lambda: _add(place.app_id, place.item, room, self._access))
        except BaseException:
            room.close()
            raise
        return Enrolled({"access": self._access.value}, room)

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Return the secret, after the system's prompt, which cancelling takes away.

        Raises `SlotInvalidated` when it went, and as `Sensor` does.
        """
        asked = await in_pool(lambda: context(asking.texts))
        return await in_pool(lambda: _get(place.app_id, place.item, asked), stop=asked.invalidate)

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove the item."""
        status = await in_pool(lambda: items.remove(items.named(place.app_id, place.item, guarded=True)))
        if status not in (SUCCESS, ITEM_NOT_FOUND):
            raise of_guarded(status)

    async def is_there(self) -> bool:
        """Return whether there is a Secure Enclave and this app may use it: an item is made and removed to see."""
        try:
            await in_pool(_try)
        except DeviceError:
            return False
        return True


def _add(service: str, account: str, room: SecretRoom, access: Access) -> None:
    _need_enclave()
    sec = items.security()
    control, error = sec.SecAccessControlCreateWithFlags(
        None, sec.kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly, access.flags, None
    )
    if control is None:
        raise Unsupported(f"The keychain cannot guard an item like this: {error}.")
    attributes = {sec.kSecAttrAccessControl: control}
    status = items.write(items.named(service, account, guarded=True), room.view, attributes)
    if status != SUCCESS:
        raise of_guarded(status)


def _get(service: str, account: str, asked: Any) -> SecretRoom:
    query: dict[Any, Any] = items.named(service, account, guarded=True)
    query[items.security().kSecUseAuthenticationContext] = asked
    status, room = items.read(query)
    if status == ITEM_NOT_FOUND:
        raise SlotInvalidated
    if room is None:
        raise of_guarded(status)
    return room


def _need_enclave() -> None:
    """Raise `Unsupported` on a Mac without one: a key is made in it that nobody keeps."""
    sec = items.security()
    attributes = {
        sec.kSecAttrKeyType: sec.kSecAttrKeyTypeECSECPrimeRandom,
        sec.kSecAttrKeySizeInBits: 256,
        sec.kSecAttrTokenID: sec.kSecAttrTokenIDSecureEnclave,
        sec.kSecPrivateKeyAttrs: {sec.kSecAttrIsPermanent: False},
    }
    key, error = sec.SecKeyCreateRandomKey(attributes, None)
    if key is None and error.code() == MISSING_ENTITLEMENT:
        raise of_guarded(MISSING_ENTITLEMENT)
    if key is None:
        raise Unsupported(f"This Mac has no Secure Enclave that this app may use: {error}.")


def _try() -> None:
    service, account, room = "ecrin", "is there a secure enclave", drawn(32)
    try:
        _add(service, account, room, Access.PASSCODE)
    finally:
        room.close()
        items.remove(items.named(service, account, guarded=True))

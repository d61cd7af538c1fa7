"""Generic passwords of a keychain, by pyobjc (Keychain Services, SecItemAdd and its family); it blocks.

A value goes in and out through buffers that are wiped. What the framework copies for itself, nobody can wipe.
"""

from collections.abc import Mapping
from typing import Any

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.libraries import library
from ecrin.vault.device.macos.status import DUPLICATE_ITEM, ITEM_NOT_FOUND, SUCCESS
from ecrin.vault.memory import SecretRoom


def security() -> Any:
    """Return the Security framework."""
    return library("Security", "pyobjc-framework-Security")


def foundation() -> Any:
    """Return the Foundation framework."""
    return library("Foundation", "pyobjc-framework-Cocoa")


def named(service: str, account: str, *, guarded: bool) -> dict[Any, Any]:
    """Return a query for one item; `guarded` ones are in the data protection keychain, for which an app is signed."""
    sec = security()
    return {
        sec.kSecClass: sec.kSecClassGenericPassword,
        sec.kSecAttrService: service,
        sec.kSecAttrAccount: account,
        sec.kSecUseDataProtectionKeychain: guarded,
        sec.kSecAttrSynchronizable: False,
    }


def read(query: Mapping[Any, Any]) -> tuple[int, SecretRoom | None]:
    """Return the OSStatus and the value, in a room that the caller closes; an item without one is none."""
    sec = security()
    status, data = sec.SecItemCopyMatching(
        {**query, sec.kSecReturnData: True, sec.kSecMatchLimit: sec.kSecMatchLimitOne}, None
    )
    if status != SUCCESS:
        return status, None
    if not data.length():
        return ITEM_NOT_FOUND, None
    room = SecretRoom(data.length())
    room.view[:] = data.bytes()
    return status, room


def write(query: Mapping[Any, Any], secret: Buffer, attributes: Mapping[Any, Any]) -> int:
    """Change an item's value, or add it with these attributes; return the OSStatus."""
    sec = security()
    data = foundation().NSMutableData.dataWithBytes_length_(secret, len(secret))
    try:
        status = int(sec.SecItemUpdate(query, {sec.kSecValueData: data}))
        if status == ITEM_NOT_FOUND:
            status = int(sec.SecItemAdd({**query, **attributes, sec.kSecValueData: data}, None)[0])
        if status == DUPLICATE_ITEM:  # somebody else added it meanwhile
            status = int(sec.SecItemUpdate(query, {sec.kSecValueData: data}))
        return status
    finally:
        data.resetBytesInRange_((0, len(secret)))


def remove(query: Mapping[Any, Any]) -> int:
    """Remove an item; return the OSStatus."""
    return int(security().SecItemDelete(query))

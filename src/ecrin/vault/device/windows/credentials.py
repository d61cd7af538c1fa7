"""The key store of Windows: generic credentials of the Credential Manager (wincred.h), which DPAPI encrypts.

Any process of the user's logon may read them. They stay on this machine (CRED_PERSIST_LOCAL_MACHINE), and one has at
most 2,560 bytes.
"""

import ctypes
from ctypes import wintypes
from typing import Any

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import KeyStoreUnavailable, Unsupported
from ecrin.vault.device.ports import MAX_ITEM
from ecrin.vault.device.windows.api import DWORD, dll, last_error
from ecrin.vault.memory import SecretRoom
from ecrin.vault.naming import file_name
from ecrin.vault.threads import in_thread

_GENERIC, _LOCAL_MACHINE = 1, 2  # CRED_TYPE_GENERIC, CRED_PERSIST_LOCAL_MACHINE
_NOT_FOUND, _NO_LOGON = 1168, 1312  # ERROR_NOT_FOUND, ERROR_NO_SUCH_LOGON_SESSION


class _Credential(ctypes.Structure):
    """CREDENTIALW."""

    _fields_ = (
        ("Flags", DWORD),
        ("Type", DWORD),
        ("TargetName", wintypes.LPWSTR),
        ("Comment", wintypes.LPWSTR),
        ("LastWritten", DWORD * 2),
        ("CredentialBlobSize", DWORD),
        ("CredentialBlob", ctypes.c_void_p),
        ("Persist", DWORD),
        ("AttributeCount", DWORD),
        ("Attributes", ctypes.c_void_p),
        ("TargetAlias", wintypes.LPWSTR),
        ("UserName", wintypes.LPWSTR),
    )


class CredentialManager:
    """The Credential Manager of the user's logon."""

    name = "Credential Manager"

    async def get(self, service: str, item: str) -> SecretRoom | None:
        """Return an item in a room that the caller closes, or None if there is none."""
        return await in_thread(lambda: _read(target(service, item)))

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        """Keep an item, in the place of one that is there; raises `ValueError` unless it has 1 to `MAX_ITEM` bytes."""
        if not 1 <= len(secret) <= MAX_ITEM:
            raise ValueError(f"An item has 1 to {MAX_ITEM} bytes.")
        await in_thread(lambda: _write(target(service, item), secret))

    async def delete(self, service: str, item: str) -> None:
        """Remove an item; one that is not there is no error."""
        await in_thread(lambda: _delete(target(service, item)))


def target(service: str, item: str) -> str:
    """Return the name of an item there: one for each service and item, though the Credential Manager ignores case."""
    named = file_name(service)
    return f"ecrin:{len(named)}:{named}:{file_name(item)}"


def failure(code: int) -> KeyStoreUnavailable:
    """Return our error for one of the Credential Manager's."""
    if code == _NO_LOGON:
        return KeyStoreUnavailable(
            "This logon has no Credential Manager.", hint="Run it in a session of the user's own, not over the network."
        )
    return KeyStoreUnavailable(f"The Credential Manager answers {code}.")


def _read(name: str) -> SecretRoom | None:
    found = ctypes.POINTER(_Credential)()
    api = _api()
    if not api.CredReadW(name, _GENERIC, 0, ctypes.byref(found)):
        if (code := last_error()) == _NOT_FOUND:
            return None
        raise failure(code)
    try:
        size, blob = found.contents.CredentialBlobSize, found.contents.CredentialBlob
        if not size:
            return None
        room = SecretRoom(size)
        room.view[:] = memoryview((ctypes.c_ubyte * size).from_address(blob)).cast("B")
        ctypes.memset(blob, 0, size)
        return room
    finally:
        api.CredFree(found)


def _write(name: str, secret: Buffer) -> None:
    blob = (ctypes.c_ubyte * len(secret)).from_buffer_copy(secret)
    credential = _Credential(
        Type=_GENERIC,
        TargetName=name,
        CredentialBlobSize=len(secret),
        CredentialBlob=ctypes.addressof(blob),
        Persist=_LOCAL_MACHINE,
        UserName="ecrin",
    )
    try:
        if not _api().CredWriteW(ctypes.byref(credential), 0):
            raise failure(last_error())
    finally:
        ctypes.memset(blob, 0, len(secret))


def _delete(name: str) -> None:
    if not _api().CredDeleteW(name, _GENERIC, 0) and (code := last_error()) != _NOT_FOUND:
        raise failure(code)


def _api() -> Any:
    try:
        api = dll("advapi32")
    except Unsupported as error:
        raise KeyStoreUnavailable(error.detail) from error
    api.CredReadW.argtypes = (wintypes.LPCWSTR, DWORD, DWORD, ctypes.c_void_p)
    api.CredWriteW.argtypes = (ctypes.c_void_p, DWORD)
    api.CredDeleteW.argtypes = (wintypes.LPCWSTR, DWORD, DWORD)
    api.CredFree.argtypes = (ctypes.c_void_p,)
    api.CredFree.restype = None
    return api

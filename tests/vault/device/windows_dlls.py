"""Windows as its headers describe it, as far as our adapters call it: DLLs that are called by the C ABI.

Each function has the prototype of the documentation, so that an argument in another place arrives as another one, and
refuses what Windows refuses. Only our own layouts are not used here: they are what is tested.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_int, c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p, c_wchar_p
from typing import Any

import pytest

from ecrin.vault.device.windows import api

INVALID_PARAMETER, NOT_FOUND = 87, 1168  # winerror.h


class CREDENTIALW(ctypes.Structure):
    """wincred.h."""

    _fields_ = [
        ("Flags", c_uint32),
        ("Type", c_uint32),
        ("TargetName", c_wchar_p),
        ("Comment", c_wchar_p),
        ("LastWritten", c_uint64),
        ("CredentialBlobSize", c_uint32),
        ("CredentialBlob", c_void_p),
        ("Persist", c_uint32),
        ("AttributeCount", c_uint32),
        ("Attributes", c_void_p),
        ("TargetAlias", c_wchar_p),
        ("UserName", c_wchar_p),
    ]


class WTSINFOEXW(ctypes.Structure):
    """wtsapi32.h: the level, and behind it WTSINFOEX_LEVEL1_W."""

    class Level1(ctypes.Structure):
        _fields_ = [
            ("SessionId", c_uint32),
            ("SessionState", c_int32),
            ("SessionFlags", c_int32),
            ("Names", c_uint16 * (33 + 21 + 18)),
            ("Times", c_int64 * 5),
            ("Counts", c_uint32 * 6),
        ]

    _fields_ = [("Level", c_uint32), ("Data", Level1)]


class Machine:
    """A machine with Windows; a test sets what it is like."""

    def __init__(self) -> None:
        self.error = 0
        self.broken = 0  # what the Credential Manager answers to everything
        self.ticks = 90_000
        self.last_input = 60_000
        self.front = 0x1_0002
        self.tpm: int | None = 2
        self.sensors: set[int] = set()
        self.locked: bool | None = False
        self.items: dict[str, tuple[bytes, int]] = {}  # names in small letters: Windows ignores case
        self.windows = {0x10: [os.getpid(), True, 0], 0x20: [os.getpid(), False, 0], 0x30: [1, True, 0]}
        self.told: tuple[int, int] | None = None
        self.missing: set[str] = set()
        self._kept: list[Any] = []
        self._dlls = {name: type(name, (), getattr(self, f"_{name}")()) for name in _NAMES}

    def load(self, name: str, *, use_last_error: bool) -> Any:
        """Do what `ctypes.WinDLL` does."""
        if not use_last_error or name in self.missing:
            raise OSError(f"Could not find module '{name}'")
        return self._dlls[name]

    def power(self, kind: int) -> threading.Thread:
        """Tell of a change of power, on a thread of the system's."""
        assert self.told is not None
        callback, context = self.told
        call = CFUNCTYPE(c_uint32, c_void_p, c_uint32, c_void_p)(callback)
        thread = threading.Thread(target=call, args=(context, kind, None))
        thread.start()
        return thread

    def _refuse(self, error: int) -> int:
        self.error = error
        return 0

    def _keep(self, made: Any) -> int:
        self._kept.append(made)
        return ctypes.addressof(made)

    def _advapi32(self) -> dict[str, Any]:
        def read(name: str, kind: int, flags: int, out: int) -> int:
            if self.broken or kind != 1 or flags:
                return self._refuse(self.broken or INVALID_PARAMETER)
            if name.lower() not in self.items:
                return self._refuse(NOT_FOUND)
            secret, persist = self.items[name.lower()]
            blob = (ctypes.c_ubyte * len(secret)).from_buffer_copy(secret)
            found = CREDENTIALW(
                Type=1, CredentialBlobSize=len(secret), CredentialBlob=self._keep(blob), Persist=persist
            )
            c_void_p.from_address(out).value = self._keep(found)
            return 1

        def write(credential: int, flags: int) -> int:
            given = CREDENTIALW.from_address(credential)
            if self.broken or given.Type != 1 or flags or given.Persist not in (1, 2, 3) or given.AttributeCount:
                return self._refuse(self.broken or INVALID_PARAMETER)
            secret = ctypes.string_at(given.CredentialBlob, given.CredentialBlobSize)
            self.items[given.TargetName.lower()] = (secret, given.Persist)
            return 1

        def delete(name: str, kind: int, flags: int) -> int:
            if self.broken or kind != 1 or flags:
                return self._refuse(self.broken or INVALID_PARAMETER)
            return 1 if self.items.pop(name.lower(), None) else self._refuse(NOT_FOUND)

        return {
            "CredReadW": CFUNCTYPE(c_int, c_wchar_p, c_uint32, c_uint32, c_void_p)(read),
            "CredWriteW": CFUNCTYPE(c_int, c_void_p, c_uint32)(write),
            "CredDeleteW": CFUNCTYPE(c_int, c_wchar_p, c_uint32, c_uint32)(delete),
            "CredFree": CFUNCTYPE(None, c_void_p)(lambda _: None),
        }

    def _kernel32(self) -> dict[str, Any]:
        return {
            "GetTickCount64": CFUNCTYPE(c_uint64)(lambda: self.ticks),
            "GetTickCount": CFUNCTYPE(c_uint32)(lambda: self.ticks & 0xFFFFFFFF),
        }

    def _user32(self) -> dict[str, Any]:
        def last_input(out: int) -> int:
            if c_uint32.from_address(out).value != 8:  # cbSize of LASTINPUTINFO
                return self._refuse(INVALID_PARAMETER)
            c_uint32.from_address(out + 4).value = self.last_input
            return 1

        def each(see: int, given: int) -> int:
            call = CFUNCTYPE(c_int, c_void_p, c_void_p)(see)
            return int(all(call(window, given) for window in self.windows))

        def owner(window: int, out: int) -> int:
            c_uint32.from_address(out).value = self.windows[window][0]
            return 1

        def hide(window: int, affinity: int) -> int:
            if affinity not in (0x00, 0x01, 0x11):  # WDA_NONE, WDA_MONITOR, WDA_EXCLUDEFROMCAPTURE (winuser.h)
                return self._refuse(INVALID_PARAMETER)
            self.windows[window][2] = affinity
            return 1

        def affinity(window: int, out: int) -> int:
            c_uint32.from_address(out).value = self.windows[window][2]
            return 1

        return {
            "GetForegroundWindow": CFUNCTYPE(c_void_p)(lambda: self.front),
            "GetLastInputInfo": CFUNCTYPE(c_int, c_void_p)(last_input),
            "EnumWindows": CFUNCTYPE(c_int, c_void_p, c_void_p)(each),
            "GetWindowThreadProcessId": CFUNCTYPE(c_uint32, c_void_p, c_void_p)(owner),
            "IsWindowVisible": CFUNCTYPE(c_int, c_void_p)(lambda window: self.windows[window][1]),
            "SetWindowDisplayAffinity": CFUNCTYPE(c_int, c_void_p, c_uint32)(hide),
            "GetWindowDisplayAffinity": CFUNCTYPE(c_int, c_void_p, c_void_p)(affinity),
        }

    def _wtsapi32(self) -> dict[str, Any]:
        def query(server: int | None, session: int, kind: int, out: int, size: int) -> int:
            if server is not None or session != 0xFFFFFFFF or kind != 25 or self.locked is None:
                return self._refuse(INVALID_PARAMETER)
            made = WTSINFOEXW(Level=1)
            made.Data.SessionId, made.Data.SessionFlags = 3, 0 if self.locked else 1
            c_void_p.from_address(out).value = self._keep(made)
            c_uint32.from_address(size).value = ctypes.sizeof(made)
            return 1

        return {
            "WTSQuerySessionInformationW": CFUNCTYPE(c_int, c_void_p, c_uint32, c_uint32, c_void_p, c_void_p)(query),
            "WTSFreeMemory": CFUNCTYPE(None, c_void_p)(lambda _: None),
        }

    def _powrprof(self) -> dict[str, Any]:
        def register(flags: int, recipient: int, handle: int) -> int:
            if flags != 2:  # else the recipient is a handle of a window or a service
                return INVALID_PARAMETER
            self.told = (c_void_p.from_address(recipient).value or 0, c_void_p.from_address(recipient + 8).value or 0)
            c_void_p.from_address(handle).value = 0x77
            return 0

        def unregister(handle: int) -> int:
            self.told = None if handle == 0x77 else self.told
            return 0

        return {
            "PowerRegisterSuspendResumeNotification": CFUNCTYPE(c_uint32, c_uint32, c_void_p, c_void_p)(register),
            "PowerUnregisterSuspendResumeNotification": CFUNCTYPE(c_uint32, c_void_p)(unregister),
        }

    def _tbs(self) -> dict[str, Any]:
        def info(size: int, out: int) -> int:
            if size != 16 or self.tpm is None:
                return 0x8028400F  # TBS_E_TPM_NOT_FOUND
            for at, value in enumerate((1, self.tpm, 5, 1)):
                c_uint32.from_address(out + 4 * at).value = value
            return 0

        return {"Tbsi_GetDeviceInfo": CFUNCTYPE(c_uint32, c_uint32, c_void_p)(info)}

    def _winbio(self) -> dict[str, Any]:
        def units(factor: int, out: int, count: int) -> int:
            c_void_p.from_address(out).value = self._keep(c_uint32())
            c_size_t.from_address(count).value = int(factor in self.sensors)
            return 0

        return {
            "WinBioEnumBiometricUnits": CFUNCTYPE(c_int32, c_uint32, c_void_p, c_void_p)(units),
            "WinBioFree": CFUNCTYPE(c_int32, c_void_p)(lambda _: 0),
        }


_NAMES = ("advapi32", "kernel32", "user32", "wtsapi32", "powrprof", "tbs", "winbio")


@contextmanager
def windows() -> Iterator[Machine]:
    """Give this process the DLLs of a machine with Windows."""
    machine = Machine()
    prototypes: Callable[..., Any] = CFUNCTYPE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ctypes, "WinDLL", machine.load, raising=False)
        patch.setattr(ctypes, "WINFUNCTYPE", prototypes, raising=False)
        patch.setattr(ctypes, "get_last_error", lambda: machine.error, raising=False)
        api.dll.cache_clear()
        yield machine
    api.dll.cache_clear()

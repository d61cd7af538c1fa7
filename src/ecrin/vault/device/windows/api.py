"""The Windows API by ctypes and WinRT: a DLL by its name, the window in front, and what a call fails with."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import Any

from ecrin.vault.device.errors import DeviceError, Unsupported

DWORD = ctypes.c_uint32  # four bytes on every system (wintypes' is not): layouts can be tested elsewhere
_NO_CLASS = (0x80040154, 0x80040111)  # REGDB_E_CLASSNOTREG, CLASS_E_CLASSNOTAVAILABLE


@cache  # some are asked every second
def dll(name: str) -> Any:
    """Return a DLL whose functions keep their last error; raises `Unsupported` where there is no Windows."""
    load = vars(ctypes).get("WinDLL")
    if load is None:
        raise Unsupported("This is not Windows.")
    try:
        return load(name, use_last_error=True)
    except OSError as error:
        raise Unsupported(f"This Windows has no {name}.") from error


def window_in_front() -> int:
    """Return the handle of the window that the user works in, 0 if there is none: prompts are shown over it."""
    front = dll("user32").GetForegroundWindow
    front.restype = wintypes.HWND
    return int(front() or 0)


def last_error() -> int:
    """Return the error code of the last call that failed in this thread."""
    return int(vars(ctypes)["get_last_error"]())


@contextmanager
def translated() -> Iterator[None]:
    """Turn the HRESULT of a call of WinRT into an error of the device: `Unsupported` for a class that is not there."""
    try:
        yield
    except OSError as error:
        code = (getattr(error, "winerror", None) or 0) & 0xFFFFFFFF
        if code in _NO_CLASS:
            raise Unsupported("This Windows does not have what was called.") from error
        raise DeviceError(f"Windows refuses: 0x{code:08x}.") from error

"""The Windows API by ctypes and WinRT: a DLL by its name, and what a call fails with."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from ecrin.vault.device.errors import DeviceError, Unsupported


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


def last_error() -> int:
    """Return the error code of the last call that failed in this thread."""
    return int(vars(ctypes)["get_last_error"]())


@contextmanager
def translated() -> Iterator[None]:
    """Turn the HRESULT of a call of WinRT into an error of the device."""
    try:
        yield
    except OSError as error:
        code = (getattr(error, "winerror", None) or 0) & 0xFFFFFFFF
        raise DeviceError(f"Windows refuses: 0x{code:08x}.") from error

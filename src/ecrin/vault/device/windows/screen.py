"""Keeping an app's windows out of captures on Windows: display affinity, WDA_EXCLUDEFROMCAPTURE.

Before version 2004 of Windows 10 that is taken for WDA_MONITOR: a capture shows the window, and nothing in it.
"""

import ctypes
import os
from ctypes import wintypes
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.windows.api import DWORD, dll, last_error

_SHOWN, _EXCLUDED = 0x00, 0x11  # WDA_NONE, WDA_EXCLUDEFROMCAPTURE


class WindowsScreen:
    """The windows that the app has now; call it again for those that it opens later."""

    async def hide(self, hidden: bool) -> None:
        """Keep the windows out of captures, or not any more; raises `Unsupported` if the app has none."""
        user = _user()
        for window in _windows(user):
            if not user.SetWindowDisplayAffinity(window, _EXCLUDED if hidden else _SHOWN):
                raise Unsupported(f"Windows cannot keep this window out of captures: {last_error()}.")

    async def is_hidden(self) -> bool:
        """Return whether all windows are kept out."""
        affinity = DWORD()
        try:
            user = _user()
            return all(
                user.GetWindowDisplayAffinity(window, ctypes.byref(affinity)) and affinity.value != _SHOWN
                for window in _windows(user)
            )
        except Unsupported:
            return False


def _user() -> Any:
    user = dll("user32")
    user.SetWindowDisplayAffinity.argtypes = (wintypes.HWND, DWORD)
    user.GetWindowDisplayAffinity.argtypes = (wintypes.HWND, ctypes.c_void_p)
    user.GetWindowThreadProcessId.argtypes = (wintypes.HWND, ctypes.c_void_p)
    user.IsWindowVisible.argtypes = (wintypes.HWND,)
    return user


def _windows(user: Any) -> list[int]:
    """Return this process's visible windows at the top level."""
    found: list[int] = []

    def see(window: int, _: int) -> bool:
        owner = DWORD()
        user.GetWindowThreadProcessId(window, ctypes.byref(owner))
        if owner.value == os.getpid() and user.IsWindowVisible(window):
            found.append(window)
        return True

    user.EnumWindows(vars(ctypes)["WINFUNCTYPE"](wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)(see), 0)
    if not found:
        raise Unsupported("This app has no window.")
    return found

"""Keeping an app's windows out of captures on a Mac: NSWindow.sharingType. ScreenCaptureKit may not heed it."""

from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.device.macos.items import foundation

_NONE, _READ_ONLY = 0, 1  # NSWindowSharingType


class MacScreen:
    """The windows that the app has now; call it again for those that it opens later. Call it on the main thread."""

    async def hide(self, hidden: bool) -> None:
        """Keep the windows out of captures, or not any more; raises `Unsupported` if the app has none."""
        for window in _windows():
            window.setSharingType_(_NONE if hidden else _READ_ONLY)

    async def is_hidden(self) -> bool:
        """Return whether all windows are kept out."""
        try:
            return all(window.sharingType() == _NONE for window in _windows())
        except Unsupported:
            return False


def _windows() -> Any:
    if not foundation().NSThread.isMainThread():
        raise Unsupported("On macOS, windows are touched on the main thread only.")
    windows = library("AppKit", "pyobjc-framework-Cocoa").NSApplication.sharedApplication().windows()
    if not windows:
        raise Unsupported("This app has no window.")
    return windows

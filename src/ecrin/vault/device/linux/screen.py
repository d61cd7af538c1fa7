"""The screen of Linux: neither X11 nor Wayland lets a window keep itself out of captures."""

from ecrin.vault.device.errors import Unsupported


class LinuxScreen:
    """A screen that cannot be hidden, and says so."""

    async def hide(self, hidden: bool) -> None:
        """Raise `Unsupported`; not to hide is done already."""
        if hidden:
            raise Unsupported("On Linux no window can keep itself out of captures.")

    async def is_hidden(self) -> bool:
        """Return False."""
        return False

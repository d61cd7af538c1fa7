"""Which platform this is: the only place that looks at the name of the system."""

import sys

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.ports import Platform


def here() -> Platform:
    """Return this device's platform; nothing is asked of it yet. Raises `Unsupported` on other systems."""
    return platform_of(sys.platform)


def platform_of(system: str) -> Platform:
    """Return the platform of a system by its name in `sys.platform`."""
    make = _PLATFORMS.get(system)
    if make is None:
        raise Unsupported(f"There is no adapter for this system: {system}.")
    return make()


def _linux() -> Platform:
    from ecrin.vault.device.linux.platform import linux_platform

    return linux_platform()


def _macos() -> Platform:
    from ecrin.vault.device.macos.platform import macos_platform

    return macos_platform()


def _windows() -> Platform:
    from ecrin.vault.device.windows.platform import windows_platform

    return windows_platform()


_PLATFORMS = {"linux": _linux, "darwin": _macos, "win32": _windows}

"""This Windows machine, as its user's session sees it."""

import os
from pathlib import Path

from ecrin.vault.device.ports import Platform
from ecrin.vault.device.windows.clock import WindowsClock
from ecrin.vault.device.windows.credentials import CredentialManager
from ecrin.vault.device.windows.hello import HelloPin, WindowsHello
from ecrin.vault.device.windows.hellokey import HelloKey
from ecrin.vault.device.windows.presence import WindowsPresence
from ecrin.vault.device.windows.screen import WindowsScreen


def windows_platform() -> Platform:
    """Return the machine's parts; each says at its first use whether it is there."""
    return Platform(
        name="windows",
        data_folder=data_folder(),
        clock=WindowsClock(),
        key_store=CredentialManager(),
        sensor=WindowsHello(),
        passcode=HelloPin(),
        signals=WindowsPresence(),
        screen=WindowsScreen(),
        openers=(HelloKey(),),
    )


def data_folder() -> Path:
    """Return where the user's apps keep data that stays on this machine (FOLDERID_LocalAppData)."""
    named = os.environ.get("LOCALAPPDATA")
    return Path(named) if named else Path.home() / "AppData/Local"

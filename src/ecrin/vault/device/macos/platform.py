"""This Mac, as its user's session sees it."""

from pathlib import Path

from ecrin.vault.device.macos.clock import MacClock
from ecrin.vault.device.macos.enclave import SecureEnclave
from ecrin.vault.device.macos.keychain import Keychain
from ecrin.vault.device.macos.passcode import MacPasscode
from ecrin.vault.device.macos.presence import MacPresence
from ecrin.vault.device.macos.screen import MacScreen
from ecrin.vault.device.macos.touchid import TouchId
from ecrin.vault.device.ports import Platform


def macos_platform(*, signed: bool = False) -> Platform:
    """Return the Mac's parts; `signed`: the app has the entitlement keychain-access-groups (see `Keychain`)."""
    return Platform(
        name="macos",
        data_folder=Path.home() / "Library/Application Support",
        clock=MacClock(),
        key_store=Keychain(signed=signed),
        sensor=TouchId(),
        passcode=MacPasscode(),
        signals=MacPresence(),
        screen=MacScreen(),
        openers=(SecureEnclave(),),
    )

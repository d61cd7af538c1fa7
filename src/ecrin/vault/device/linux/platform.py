"""This Linux machine, as its user's session sees it."""

import os
from pathlib import Path

from ecrin.vault.device.linux.clock import LinuxClock
from ecrin.vault.device.linux.presence import LinuxPresence
from ecrin.vault.device.linux.screen import LinuxScreen
from ecrin.vault.device.ports import Platform


def linux_platform() -> Platform:
    """Return the machine's parts; each says at its first use whether it is there.

    `ECRIN_TPM_TCTI` names another TPM than the kernel's, as tpm2-tss spells it.
    """
    from ecrin.vault.device.linux.fprintd import Fprintd
    from ecrin.vault.device.linux.pam import PamPasscode
    from ecrin.vault.device.linux.secretservice import SecretService
    from ecrin.vault.device.linux.tpm import Tpm

    return Platform(
        name="linux",
        data_folder=data_folder(),
        clock=LinuxClock(),
        key_store=SecretService(),
        chip=Tpm(os.environ.get("ECRIN_TPM_TCTI")),
        sensor=Fprintd(),
        passcode=PamPasscode(),
        signals=LinuxPresence(),
        screen=LinuxScreen(),
    )


def data_folder() -> Path:
    """Return where the user's apps keep data (XDG Base Directory Specification: a relative path there is ignored)."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local/share"

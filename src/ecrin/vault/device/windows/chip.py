"""Whether a Windows machine has a TPM 2.0, by the TPM Base Services (tbs.h). Hello keeps its keys there if it can."""

import ctypes

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.windows.api import DWORD, dll

_VERSION_2 = 2


class _Info(ctypes.Structure):
    """TPM_DEVICE_INFO."""

    _fields_ = (
        ("structVersion", DWORD),
        ("tpmVersion", DWORD),
        ("tpmInterfaceType", DWORD),
        ("tpmImpRevision", DWORD),
    )


def has_tpm() -> bool:
    """Return whether there is a TPM 2.0."""
    try:
        tbs = dll("tbs")
    except Unsupported:
        return False
    info = _Info()
    answered = tbs.Tbsi_GetDeviceInfo(DWORD(ctypes.sizeof(info)), ctypes.byref(info)) == 0
    return bool(answered and info.tpmVersion == _VERSION_2)

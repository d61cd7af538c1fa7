"""Where a session lives on a device: an encrypted store of its own, opened by whatever the device has to open it with.

Follows docs/specs/vault-format.md; its verbs follow Identity Vault's (docs/vault.md). It runs on the device: nothing of
the server is imported here, and each name below is loaded when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrin.vault.account.service import PersistentAccount
    from ecrin.vault.biometrics.service import Biometrics
    from ecrin.vault.device.service import Device
    from ecrin.vault.model import Anchored, Bound, DeviceSecurity, VaultConfig, VaultType
    from ecrin.vault.service import Vault
    from ecrin.vault.sync import SyncVault

__all__ = [
    "Anchored",
    "Biometrics",
    "Bound",
    "Device",
    "DeviceSecurity",
    "PersistentAccount",
    "SyncVault",
    "Vault",
    "VaultConfig",
    "VaultType",
]

_ROOMS = {
    "Anchored": "model",
    "Biometrics": "biometrics.service",
    "Bound": "model",
    "Device": "device.service",
    "DeviceSecurity": "model",
    "PersistentAccount": "account.service",
    "SyncVault": "sync",
    "Vault": "service",
    "VaultConfig": "model",
    "VaultType": "model",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__

"""Écrin keeps an app's sessions safe: sign-in, tokens and sessions, on your own server.

This package is small to import: nothing of the server is loaded before it is asked for, and each name below, which
runs on the device, when it is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrin.vault import (
        Anchored,
        Biometrics,
        Bound,
        Device,
        DeviceSecurity,
        PersistentAccount,
        SyncVault,
        Vault,
        VaultConfig,
        VaultType,
    )

__version__ = "0.1.0"  # here and nowhere else: the package's metadata read it from this line

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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ecrin import vault

    return getattr(vault, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""Whole vaults on real parts: a TPM in software, gnome-keyring, and a security key that python-fido2 drives."""

from vault.core.conftest import bench
from vault.secret_service import secret_service, secret_service_daemon
from vault.swtpm import tpm

__all__ = ["bench", "secret_service", "secret_service_daemon", "tpm"]

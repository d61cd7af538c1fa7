"""A chip for each test, fresh from the factory."""

from vault.swtpm import tpm

__all__ = ["tpm"]

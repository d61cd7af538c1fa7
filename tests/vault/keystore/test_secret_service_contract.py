"""The Secret Service of gnome-keyring keeps the contract of a key store."""

import pytest

from ecrin.vault.device.linux.secretservice import SecretService
from vault.keystore.contract import *  # noqa: F403
from vault.secret_service import SecretServiceDaemon


@pytest.fixture
def key_store(secret_service: SecretServiceDaemon) -> SecretService:
    return SecretService()

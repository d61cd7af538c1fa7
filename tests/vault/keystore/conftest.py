"""The real Secret Service that these tests run against."""

from vault.secret_service import secret_service, secret_service_daemon

__all__ = ["secret_service", "secret_service_daemon"]

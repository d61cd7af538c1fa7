"""What the tests of the command line share: a data folder that has had its first start, and a real key store."""

from server_process import data, first_start
from vault.secret_service import secret_service, secret_service_daemon

__all__ = ["data", "first_start", "secret_service", "secret_service_daemon"]

"""What the tests of long sweeps share: a data folder that has had its first start."""

from server_process import data, first_start

__all__ = ["data", "first_start"]

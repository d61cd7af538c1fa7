"""What the tests of the real process share: a data folder that has had its first start."""

from disks import freeze
from server_process import data, first_start

__all__ = ["data", "first_start", "freeze"]

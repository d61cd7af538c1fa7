"""What is not installed: named with the command that installs it, while a fault of our own stays what it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ecrin.errors import MissingExtra


@contextmanager
def server_extra(command: str) -> Iterator[None]:
    """Import in here what the extra `server` brings.

    Raises `MissingExtra` for a module of somebody else; one of ours or of Python itself is brought by no extra.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "ecrin").partition(".")[0]
        if package == "ecrin" or package in sys.stdlib_module_names:
            raise
        raise MissingExtra(f"`{command}` needs the server extra ({error.name} is missing).") from None

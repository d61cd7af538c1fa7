"""Libraries that only one system has: imported by name when they are needed, so that the others can read our code."""

from importlib import import_module
from typing import Any

from ecrin.vault.device.errors import Unsupported


def library(module: str, package: str) -> Any:
    """Return a module; raises `Unsupported` with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise Unsupported(f"{module} is not there.", hint=f"Install it with: pip install {package}") from error

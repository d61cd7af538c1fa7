"""Machines of other systems: their libraries are stand-ins that answer as the documentation says, and know no more."""

from collections.abc import Iterator

import pytest

from vault.device.macos_frameworks import Mac, macos
from vault.device.windows_dlls import Machine, windows
from vault.device.winrt import Hello, hello


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine with Windows."""
    with windows() as there:
        yield there


@pytest.fixture
def windows_hello(machine: Machine) -> Iterator[Hello]:
    """Windows Hello on that machine."""
    with hello() as there:
        yield there


@pytest.fixture
def mac() -> Iterator[Mac]:
    """A Mac with Touch ID, and a Python that is signed for the data protection keychain."""
    with macos() as there:
        yield there

"""What every error of the vault and the device tells whoever meets it."""

from collections.abc import Iterator

import pytest

from ecrin.errors import EcrinError
from ecrin.vault.device.errors import DeviceError
from ecrin.vault.errors import VaultError


def those_below(kind: type[EcrinError]) -> Iterator[type[EcrinError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from those_below(child)


@pytest.mark.parametrize("kind", [*those_below(VaultError), *those_below(DeviceError)])
def test_a_hint_that_names_a_page_says_where_it_is(kind: type[EcrinError]) -> None:
    """Who installed a wheel has no docs."""
    assert kind.hint.count("docs/") == kind.hint.count("docs/vault.md in Écrin's repository")

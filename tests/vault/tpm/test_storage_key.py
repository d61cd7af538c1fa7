"""The machine's own storage root key is used where there is one; an owner's password then does not matter."""

from collections.abc import Callable
from typing import Any

import pytest

from ecrin.vault.device.errors import ChipUnavailable
from ecrin.vault.device.linux import tpm_storage
from ecrin.vault.device.linux.tpm_connection import OWNED, Connection
from vault.swtpm import SoftwareTpm
from vault.tpm.test_sealed import PIN, SECRET, opened

PASSWORD = b"the owner's"


def persist(tpm: SoftwareTpm, change: Callable[[Connection, Any], None]) -> None:
    """Do what provisioning does: derive a storage root key and keep it at its place."""
    with tpm.open() as on:
        template = tpm_storage._template(on.lib)
        change(on, template)
        handle, *_ = on.esapi.create_primary(None, template)
        on.esapi.evict_control(on.lib.ESYS_TR.OWNER, handle, tpm_storage.PERSISTENT)
        on.esapi.flush_context(handle)


def with_another_point(on: Connection, template: Any) -> None:
    template.publicArea.unique.ecc.x = bytes(32)


def that_signs(on: Connection, template: Any) -> None:
    other = on.lib.TPM2B_PUBLIC.parse(
        "ecc256:ecdsa-sha256", objectAttributes="sign|fixedtpm|fixedparent|userwithauth|sensitivedataorigin"
    )
    template.publicArea = other.publicArea


def own(tpm: SoftwareTpm) -> None:
    with tpm.open() as on:
        on.esapi.hierarchy_change_auth(on.lib.ESYS_TR.OWNER, PASSWORD)


async def test_what_the_machines_key_sealed_opens_on_a_machine_with_an_owners_password(tpm: SoftwareTpm) -> None:
    persist(tpm, with_another_point)
    own(tpm)
    sealed = await tpm.chip.seal(SECRET, PIN)
    assert await opened(tpm.chip, sealed, PIN) == SECRET


async def test_what_was_sealed_before_the_machine_had_a_key_still_opens(tpm: SoftwareTpm) -> None:
    sealed = await tpm.chip.seal(SECRET, PIN)
    persist(tpm, with_another_point)
    assert await opened(tpm.chip, sealed, PIN) == SECRET


async def test_a_key_of_another_sort_in_its_place_is_left_alone(tpm: SoftwareTpm) -> None:
    persist(tpm, that_signs)
    sealed = await tpm.chip.seal(SECRET, PIN)
    assert await opened(tpm.chip, sealed, PIN) == SECRET


@pytest.mark.parametrize("call", [lambda chip: chip.seal(SECRET, PIN), lambda chip: chip.counter_create()])
async def test_an_owners_password_that_is_in_the_way_is_named(tpm: SoftwareTpm, call: Callable[[Any], Any]) -> None:
    own(tpm)
    with pytest.raises(ChipUnavailable, match="owner's password") as refused:
        await call(tpm.chip)
    assert refused.value.advice == OWNED

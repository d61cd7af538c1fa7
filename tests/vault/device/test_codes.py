"""The codes of others: which of our errors answers to which."""

import inspect

import pytest

from ecrin.errors import EcrinError
from ecrin.vault import errors as vault
from ecrin.vault.device import errors
from ecrin.vault.device.codes import CAPGO_BIOMETRIC, IDENTITY_VAULT_DEVICE, IDENTITY_VAULT_VAULT, Code, number_of

TABLES = (IDENTITY_VAULT_VAULT, IDENTITY_VAULT_DEVICE, CAPGO_BIOMETRIC)
OURS_ALONE = {  # what Capgo's plugin has no word for
    errors.DeviceError,
    errors.ItemProtected,
    errors.KeyStoreUnavailable,
    errors.KeyStoreLocked,
    errors.ChipUnavailable,
    errors.ChipLockedOut,
    errors.SecurityKeyUnavailable,
    errors.SecurityKeyBlocked,
    errors.Unsupported,
}


def device_errors() -> list[type[EcrinError]]:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return [kind for kind in kinds if issubclass(kind, errors.DeviceError)]


@pytest.mark.parametrize("table", TABLES)
def test_a_number_and_an_error_stand_once_in_a_table(table: tuple[Code, ...]) -> None:
    numbers = [code.number for code in table]
    kinds = [kind for code in table for kind in code.errors]
    assert len(set(numbers)) == len(numbers)
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize("table", TABLES)
def test_a_code_without_an_error_of_ours_says_why(table: tuple[Code, ...]) -> None:
    assert all(bool(code.errors) is not bool(code.note) for code in table)


def test_the_numbers_are_those_of_identity_vault_and_of_the_plugin() -> None:
    vaults, devices, capgo = ([code.number for code in table] for table in TABLES)
    assert vaults == list(range(20))
    assert devices == list(range(7))
    assert capgo == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17, 21]


@pytest.mark.parametrize("kind", device_errors())
def test_capgos_plugin_has_a_number_for_every_error_of_biometrics(kind: type[EcrinError]) -> None:
    assert (number_of(kind(), CAPGO_BIOMETRIC) == 0) is (kind in OURS_ALONE)


def test_cancel_failure_and_lockout_have_numbers_of_their_own_everywhere() -> None:
    for table in TABLES:
        told = {
            number_of(kind(), table) for kind in (errors.UserCanceled, errors.NotRecognized, errors.BiometricsLockedOut)
        }
        assert len(told) == 3
        assert 0 not in told


def test_a_leaf_without_a_number_has_that_of_its_base() -> None:
    class OtherFinger(errors.NotRecognized):
        """Another finger."""

    assert number_of(OtherFinger(), IDENTITY_VAULT_VAULT) == 6
    assert number_of(vault.SlotRefused(), IDENTITY_VAULT_VAULT) == 6
    assert number_of(vault.PasscodeMismatch(), IDENTITY_VAULT_VAULT) == 9
    assert number_of(vault.PasscodeMismatch(), IDENTITY_VAULT_DEVICE) == 0

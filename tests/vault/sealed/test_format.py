"""A sealed file opens in its own place, on its own terms, under its own key, and nowhere else."""

import pytest

from ecrin.vault.errors import VaultDamaged
from ecrin.vault.sealed.format import Keys, Place, Sealed, seal, unseal

ROOT = bytes(range(32))
ACCOUNTS = Place("com.example.notes", "accounts")
ID = "00" * 32
TERMS = b'["none","",0]'


def sealed(place: Place = ACCOUNTS) -> bytes:
    return seal(Keys.of(ROOT), place, ID, TERMS, b"secret")


def test_what_was_sealed_is_opened_with_its_terms() -> None:
    found = Sealed.of(ID, sealed())
    assert (found.terms, unseal(Keys.of(ROOT), ACCOUNTS, found)) == (TERMS, b"secret")


@pytest.mark.parametrize(
    "place", [Place("com.example.notes", "biometrics"), Place("com.example.other", "accounts")], ids=["room", "app"]
)
def test_a46_a_file_of_another_room_or_app_does_not_open_even_under_the_same_key(place: Place) -> None:
    with pytest.raises(VaultDamaged):
        unseal(Keys.of(ROOT), ACCOUNTS, Sealed.of(ID, sealed(place)))


def test_a46_a_file_in_the_place_of_another_item_does_not_open() -> None:
    with pytest.raises(VaultDamaged):
        unseal(Keys.of(ROOT), ACCOUNTS, Sealed.of("11" * 32, sealed()))


def test_a46_a_file_on_other_terms_does_not_open() -> None:
    file = sealed().replace(TERMS, b'["none","",1]')
    with pytest.raises(VaultDamaged):
        unseal(Keys.of(ROOT), ACCOUNTS, Sealed.of(ID, file))


def test_a45_a_file_does_not_open_under_another_key() -> None:
    with pytest.raises(VaultDamaged):
        unseal(Keys.of(bytes(32)), ACCOUNTS, Sealed.of(ID, sealed()))


def test_a45_a_name_is_called_differently_under_each_key() -> None:
    assert Keys.of(ROOT).id_of(b"anna") != Keys.of(bytes(32)).id_of(b"anna")


def test_a50_keys_are_not_printed() -> None:
    keys = Keys.of(ROOT)
    assert (repr(keys), str(keys)) == ("Keys(…)", "Keys(…)")

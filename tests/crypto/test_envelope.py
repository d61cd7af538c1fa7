import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecrin.crypto.envelope import Envelope
from ecrin.errors import CryptoError, DecryptionFailed, KeyUnknown

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PLACE = {"table": "users", "row": "u-1", "column": "totp_secret"}
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
places = st.fixed_dictionaries({"table": names, "row": names, "column": names})


@pytest.fixture
def envelope() -> Envelope:
    return Envelope({"old": OLD, "new": NEW}, "new")


def test_our_vectors(vectors):
    for case in vectors("envelope")["cases"]:
        key, nonce, plaintext, sealed = (bytes.fromhex(case[name]) for name in ("key", "nonce", "plaintext", "sealed"))
        place = {name: case[name] for name in ("table", "row", "column")}
        envelope = Envelope({case["key_id"]: key}, case["key_id"])
        assert envelope.seal(plaintext, **place, nonce=nonce) == sealed, case["name"]
        assert envelope.unseal(sealed, **place) == plaintext, case["name"]


def test_refused_vectors(vectors):
    first = vectors("envelope")["cases"][0]
    envelope = Envelope({first["key_id"]: bytes.fromhex(first["key"])}, first["key_id"])
    for case in vectors("envelope")["refused"]:
        with pytest.raises(DecryptionFailed):
            pytest.fail(f"{case['name']}: {envelope.unseal(bytes.fromhex(case['sealed']), **PLACE)!r}")


def test_a_value_sealed_before_the_rotation_opens_after_it(envelope):
    sealed = Envelope({"old": OLD}, "old").seal(b"x", **PLACE)
    assert (envelope.key_of(sealed), envelope.unseal(sealed, **PLACE)) == ("old", b"x")


def test_new_values_are_sealed_with_the_active_key(envelope):
    assert envelope.key_of(envelope.seal(b"x", **PLACE)) == "new"


def test_a_value_of_a_key_that_is_gone_names_it_as_unknown(envelope):
    sealed = envelope.seal(b"x", **PLACE)
    with pytest.raises(KeyUnknown):
        Envelope({"old": OLD}, "old").unseal(sealed, **PLACE)


def test_another_key_under_the_same_id_is_refused(envelope):
    with pytest.raises(DecryptionFailed):
        Envelope({"new": OLD}, "new").unseal(envelope.seal(b"x", **PLACE), **PLACE)


@given(places, places)
def test_a_ciphertext_cannot_be_moved(here, there):
    assume(here != there)
    envelope = Envelope({"new": NEW}, "new")
    sealed = envelope.seal(b"x", **here)
    assert envelope.unseal(sealed, **here) == b"x"
    with pytest.raises(DecryptionFailed):
        envelope.unseal(sealed, **there)


def test_a_boundary_between_names_cannot_be_shifted(envelope):
    sealed = envelope.seal(b"x", table="ab", row="c", column="")
    for table, row, column in [("a", "bc", ""), ("abc", "", ""), ("", "ab", "c"), ("ab", "", "c")]:
        with pytest.raises(DecryptionFailed):
            envelope.unseal(sealed, table=table, row=row, column=column)


def test_every_changed_byte_is_refused(envelope):
    sealed = envelope.seal(b"hello", **PLACE)
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes((sealed[position] ^ 1,)) + sealed[position + 1 :]
        with pytest.raises(CryptoError):
            envelope.unseal(changed, **PLACE)


@given(st.binary(max_size=100))
def test_junk_is_refused(junk):
    with pytest.raises(CryptoError):
        Envelope({"new": NEW}, "new").unseal(junk, **PLACE)


@pytest.mark.parametrize("key_id", ["", "é", "k" * 256])
def test_a_key_id_that_the_layout_cannot_hold_is_refused(key_id):
    with pytest.raises(ValueError, match="key id"):
        Envelope({key_id: NEW}, key_id)


def test_an_active_key_that_is_not_there_is_refused():
    with pytest.raises(KeyUnknown):
        Envelope({"old": OLD}, "new")


def test_repr_shows_no_key(envelope):
    assert repr(envelope) == "Envelope(active='new')"

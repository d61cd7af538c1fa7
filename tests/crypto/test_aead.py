import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.crypto import aead
from ecrin.errors import DecryptionFailed

KEY = bytes(range(32))


def test_known_answers_of_the_gcm_specification(vectors):
    for case in vectors("aead")["cases"]:
        key, nonce, aad, plaintext, sealed = (
            bytes.fromhex(case[name]) for name in ("key", "nonce", "aad", "plaintext", "sealed")
        )
        assert aead.seal(key, plaintext, aad, nonce=nonce) == sealed
        assert aead.unseal(key, sealed, aad) == plaintext


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_is_sealed_opens(plaintext, aad):
    assert aead.unseal(KEY, aead.seal(KEY, plaintext, aad), aad) == plaintext


def test_every_seal_draws_another_nonce():
    nonces = {aead.seal(KEY, b"x", b"")[: aead.NONCE_BYTES] for _ in range(1000)}
    assert len(nonces) == 1000


@pytest.mark.parametrize("position", range(aead.NONCE_BYTES + 5 + aead.TAG_BYTES))
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_is_refused(position, bit):
    sealed = bytearray(aead.seal(KEY, b"hello", b"aad"))
    sealed[position] ^= 1 << bit
    with pytest.raises(DecryptionFailed):
        aead.unseal(KEY, bytes(sealed), b"aad")


def test_every_cut_is_refused():
    sealed = aead.seal(KEY, b"hello", b"aad")
    for length in range(len(sealed)):
        with pytest.raises(DecryptionFailed):
            aead.unseal(KEY, sealed[:length], b"aad")


@pytest.mark.parametrize(("key", "aad"), [(bytes(32), b"aad"), (KEY, b"aae"), (KEY, b"")])
def test_another_key_or_other_associated_data_is_refused(key, aad):
    sealed = aead.seal(KEY, b"hello", b"aad")
    with pytest.raises(DecryptionFailed):
        aead.unseal(key, sealed, aad)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_of_another_size_is_refused_and_never_a_weaker_aes(size):
    with pytest.raises(ValueError, match="32 bytes"):
        aead.seal(bytes(size), b"", b"")
    with pytest.raises(ValueError, match="32 bytes"):
        aead.unseal(bytes(size), bytes(28), b"")


@pytest.mark.parametrize("size", [0, 8, 11, 13, 16])
def test_a_nonce_of_another_size_is_refused(size):
    with pytest.raises(ValueError, match="12 bytes"):
        aead.seal(KEY, b"", b"", nonce=bytes(size))

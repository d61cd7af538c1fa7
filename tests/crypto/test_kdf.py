import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.crypto.kdf import derive, derive_into


def test_known_answers_of_rfc_5869_and_ours(vectors):
    for case in vectors("kdf")["cases"]:
        secret, output = bytes.fromhex(case["secret"]), bytes.fromhex(case["output"])
        assert derive(secret, case["label"], case["length"]) == output, case["name"]


@given(st.binary(min_size=1, max_size=80), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_first_block_is_hmac_of_hmac(secret, label):
    extracted = hmac.digest(bytes(32), secret, "sha256")
    assert derive(secret, label) == hmac.digest(extracted, label.encode() + b"\x01", "sha256")


def test_a_shorter_output_is_the_beginning_of_a_longer_one():
    assert derive(b"k" * 32, "a", 100)[:32] == derive(b"k" * 32, "a")


def test_a8_labels_give_unrelated_keys():
    labels = ["", "a", "b", "ab", "a\0", "A"]
    assert len({derive(b"k" * 32, label) for label in labels}) == len(labels)


def test_more_than_255_blocks_are_refused():
    assert len(derive(b"k" * 32, "a", 8160)) == 8160
    with pytest.raises(ValueError, match="Cannot derive keys larger"):
        derive(b"k" * 32, "a", 8161)


def test_bytes_derived_into_memory_of_the_caller_are_the_same():
    out = bytearray(32)
    derive_into(bytes(range(32)), b"", b"label", memoryview(out))
    assert out == derive(bytes(range(32)), "label")

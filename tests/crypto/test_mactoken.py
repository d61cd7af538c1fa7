"""Stateless tokens: attacks A8 (a token of one kind used as another) and A9 (other spellings, cuts)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.encoding import b64url, unb64url
from ecrin.crypto.mactoken import MAX_PAYLOAD, MacTokens
from ecrin.errors import KeyUnknown, SignatureInvalid

SECRET, OTHER = bytes(range(32)), bytes(range(32, 64))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def tokens() -> MacTokens:
    return MacTokens({7: SECRET}, 7, "refresh")


def test_our_vectors(vectors):
    for case in vectors("mactoken")["cases"]:
        tokens = MacTokens({case["number"]: bytes.fromhex(case["secret"])}, case["number"], case["label"])
        payload = bytes.fromhex(case["payload"])
        assert (tokens.issue(payload), tokens.open(case["token"])) == (case["token"], payload), case["name"]


def test_a9_refused_vectors(vectors, tokens):
    for case in vectors("mactoken")["refused"]:
        with pytest.raises(SignatureInvalid):
            pytest.fail(f"{case['name']}: {tokens.open(case['token'])!r}")


@given(st.binary(max_size=MAX_PAYLOAD))
def test_what_is_issued_opens(payload):
    tokens = MacTokens({7: SECRET}, 7, "refresh")
    assert tokens.open(tokens.issue(payload)) == payload


@given(st.text(max_size=40), st.text(max_size=40))
def test_a8_a_token_of_one_label_never_opens_under_another(one, other):
    one, other = (label.encode(errors="replace").decode() for label in (one, other))
    token = MacTokens({7: SECRET}, 7, one).issue(b"payload")
    if one == other:
        assert MacTokens({7: SECRET}, 7, other).open(token) == b"payload"
    else:
        with pytest.raises(SignatureInvalid):
            MacTokens({7: SECRET}, 7, other).open(token)


@pytest.mark.parametrize("payload", [b"payload", b"payload+", b"payload++"], ids=["1 over", "2 over", "whole"])
def test_a9_every_other_character_at_every_place_is_refused(tokens, payload):
    token = tokens.issue(payload)
    for position, character in enumerate(token):
        for other in set(ALPHABET + "=+/. \n\0é") - {character}:
            with pytest.raises(SignatureInvalid):
                tokens.open(token[:position] + other + token[position + 1 :])


def test_a9_every_cut_and_every_added_character_is_refused(tokens):
    token = tokens.issue(b"payload")
    for length in range(len(token)):
        for changed in (token[:length], token[length:] if length else token + "A", token + token[: length + 1]):
            with pytest.raises(SignatureInvalid):
                tokens.open(changed)


@given(st.text(max_size=80) | st.text(ALPHABET, max_size=80))
def test_junk_is_refused(junk):
    with pytest.raises(SignatureInvalid):
        MacTokens({7: SECRET}, 7, "refresh").open(junk)


def test_a7_a_token_over_the_limit_is_refused_before_it_is_decoded(tokens, work, parsers):
    huge = "A" * 10_000_000

    def refuse() -> None:
        with pytest.raises(SignatureInvalid, match="too long"):
            tokens.open(huge)

    done = work(refuse)
    assert not done.calls.keys() & parsers
    assert done.peak < 100_000


def test_junk_of_the_right_spelling_costs_no_mac_unless_it_names_our_version_and_key(tokens, work):
    def refuse(head: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            tokens.open(b64url(head + bytes(30)))

    assert "digest" not in work(lambda: refuse(b"\x02\x07")).calls
    assert "digest" not in work(lambda: refuse(b"\x01\x08")).calls
    assert "compare_digest" in work(lambda: refuse(b"\x01\x07")).calls


def test_a_token_of_an_older_key_opens_after_the_rotation(tokens):
    rotated = MacTokens({7: SECRET, 8: OTHER}, 8, "refresh")
    assert rotated.open(tokens.issue(b"payload")) == b"payload"
    with pytest.raises(SignatureInvalid):
        tokens.open(rotated.issue(b"payload"))


def test_the_key_number_is_under_the_mac():
    both = MacTokens({7: SECRET, 8: SECRET}, 7, "refresh")
    data = unb64url(both.issue(b"payload"))
    with pytest.raises(SignatureInvalid):
        both.open(b64url(b"\x01\x08" + data[2:]))


def test_a_payload_that_could_not_be_read_again_is_not_issued(tokens):
    assert len(tokens.issue(bytes(MAX_PAYLOAD))) == 2048
    with pytest.raises(ValueError, match="too long"):
        tokens.issue(bytes(MAX_PAYLOAD + 1))


@pytest.mark.parametrize("keys", [{-1: SECRET}, {256: SECRET}, {1: b""}, {1: SECRET + b"x"}, {1: SECRET, 2: b"short"}])
def test_keys_out_of_range_are_refused(keys):
    with pytest.raises(ValueError, match="key number"):
        MacTokens(keys, next(iter(keys)), "refresh")


def test_an_active_key_that_is_not_there_is_refused():
    with pytest.raises(KeyUnknown):
        MacTokens({1: SECRET}, 2, "refresh")


def test_repr_shows_no_secret(tokens):
    assert SECRET.hex() not in repr(tokens)
    assert repr(SECRET) not in repr(tokens)

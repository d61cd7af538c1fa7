"""What we sign: exact bytes, readable by others' libraries, and never more than we would read ourselves."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.encoding import unb64url
from ecrin.crypto.jose import strict, unsigned
from ecrin.crypto.jose.rsa import private_pem
from ecrin.crypto.jose.sign import Rs256Signer
from ecrin.crypto.jose.verify import Rs256Verifier
from ecrin.errors import InvalidRequest, KeyUnknown, SignatureInvalid

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
claim_sets = st.dictionaries(words, values, max_size=5)


def nested(levels: int) -> dict[str, object]:
    claims: dict[str, object] = {}
    for _ in range(levels - 1):
        claims = {"a": claims}
    return claims


def test_our_vectors(vectors, signer, verifier):
    for case in vectors("jose")["cases"]:
        assert signer.sign(case["claims"]) == case["token"], case["name"]
        assert verifier.verify(case["token"]) == case["claims"], case["name"]


def test_the_header_is_exactly_alg_kid_and_typ(signer, rsa_key):
    header = unb64url(signer.sign({}).split(".")[0])
    assert header == b'{"alg":"RS256","kid":"%s","typ":"JWT"}' % rsa_key.kid.encode()


@given(claim_sets)
def test_what_is_signed_verifies(signer, verifier, claims):
    assert verifier.verify(signer.sign(claims)) == claims


def test_another_library_reads_our_token(signer, rsa_key):
    claims = {"sub": "ada", "name": "Ada é", "firebase": {"identities": {}}}
    token = signer.sign(claims)
    assert jwt.decode(token, load_der_public_key(rsa_key.public), algorithms=["RS256"]) == claims
    assert jwt.get_unverified_header(token)["kid"] == rsa_key.kid


def test_we_read_a_token_of_another_library(verifier, rsa_key):
    token = jwt.encode({"sub": "ada"}, private_pem(rsa_key.private), algorithm="RS256", headers={"kid": rsa_key.kid})
    assert verifier.verify(token) == {"sub": "ada"}


def test_a_token_without_a_kid_verifies_only_where_a_default_key_is_named(verifier, rsa_key):
    token = jwt.encode({"sub": "ada"}, private_pem(rsa_key.private), algorithm="RS256")
    with pytest.raises(SignatureInvalid, match="names no key"):
        verifier.verify(token)
    assert Rs256Verifier({"k": rsa_key.public}, default="k").verify(token) == {"sub": "ada"}


def test_a_default_key_never_stands_in_for_a_kid_that_is_unknown(signer, rsa_key):
    with pytest.raises(KeyUnknown):
        Rs256Verifier({"k": rsa_key.public}, default="k").verify(signer.sign({}))


def test_a_default_key_that_is_not_there_is_refused(rsa_key):
    with pytest.raises(KeyUnknown):
        Rs256Verifier({"k": rsa_key.public}, default="other")


def test_a_token_that_is_shown_again_is_known_without_its_key(signer, rsa_key, monkeypatch):
    verifier = Rs256Verifier({rsa_key.kid: rsa_key.public}, remember=1)
    token = signer.sign({"sub": "ada"})
    assert verifier.verify(token) == {"sub": "ada"}
    monkeypatch.setattr(verifier, "_keys", {})
    assert verifier.verify(token) == {"sub": "ada"}


def test_the_token_that_was_not_shown_for_longest_is_forgotten_first(signer, rsa_key, monkeypatch):
    verifier = Rs256Verifier({rsa_key.kid: rsa_key.public}, remember=2)
    first, second, third = (signer.sign({"sub": sub}) for sub in "abc")
    for token in (first, second, first, third):
        verifier.verify(token)
    monkeypatch.setattr(verifier, "_keys", {})
    assert [verifier.verify(token)["sub"] for token in (first, third)] == ["a", "c"]
    with pytest.raises(KeyUnknown):
        verifier.verify(second)


def test_a_token_that_was_refused_is_refused_again(signer, rsa_key):
    verifier = Rs256Verifier({rsa_key.kid: rsa_key.public}, remember=2)
    token = signer.sign({"sub": "ada"})
    broken = token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")
    verifier.verify(token)
    for _ in range(2):
        with pytest.raises(SignatureInvalid):
            verifier.verify(broken)


UNSIGNABLE = [
    {"a": float("nan")},
    {"a": float("inf")},
    {"a": b"bytes"},
    {"a": {1, 2}},
    {"a": "\ud800"},
    {1: 1, "a": 1},
    nested(33),
    nested(100_000),
    {"a": "x" * 20_000},
]


@pytest.mark.parametrize("claims", UNSIGNABLE, ids=lambda claims: repr(claims)[:20] if "a" not in claims else "claims")
def test_claims_that_we_would_not_read_are_not_signed(signer, claims):
    with pytest.raises(InvalidRequest):
        signer.sign(claims)


def test_claims_up_to_the_limits_are_signed_and_read(signer, verifier):
    overhead = len(signer.sign({"a": ""}))
    long = {"a": "x" * ((strict.MAX_TOKEN - overhead) * 3 // 4 - 2)}
    assert strict.MAX_TOKEN - 4 <= len(signer.sign(long)) <= strict.MAX_TOKEN
    assert verifier.verify(signer.sign(long)) == long
    assert verifier.verify(signer.sign(nested(32))) == nested(32)


def test_a_signer_wants_a_private_key_and_a_verifier_public_ones(rsa_key):
    with pytest.raises(ValueError, match="deserialize"):
        Rs256Signer("k", rsa_key.public)
    with pytest.raises(ValueError, match="deserialize"):
        Rs256Verifier({"k": rsa_key.private})


def der(key) -> tuple[bytes, bytes]:
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


OTHERS = {
    "another kind": lambda: ec.generate_private_key(ec.SECP256R1()),
    "1024 bits": lambda: rsa.generate_private_key(65537, 1024),
}


@pytest.mark.parametrize("name", OTHERS)
def test_keys_of_another_kind_or_too_short_are_refused(name):
    private, public = der(OTHERS[name]())
    with pytest.raises(ValueError, match="RSA key of 2048"):
        Rs256Signer("k", private)
    with pytest.raises(ValueError, match="RSA key of 2048"):
        Rs256Verifier({"k": public})


def test_repr_shows_no_key(signer, rsa_key):
    assert rsa_key.private[40:60].hex() not in repr(signer)
    assert repr(signer) == object.__repr__(signer)


def test_an_unsigned_token_has_an_empty_third_segment():
    header, payload, signature = unsigned.encode({"sub": "ada"}).split(".")
    assert json.loads(unb64url(header)) == {"alg": "none", "typ": "JWT"}
    assert (json.loads(unb64url(payload)), signature) == ({"sub": "ada"}, "")


@given(claim_sets)
def test_what_is_encoded_unsigned_decodes(claims):
    assert unsigned.decode(unsigned.encode(claims)) == claims


def test_a_signed_token_does_not_pass_as_an_unsigned_one(signer):
    token = signer.sign({})
    for candidate in (token, token.rsplit(".", 1)[0] + ".", unsigned.encode({}) + "AAAA"):
        with pytest.raises(SignatureInvalid):
            unsigned.decode(candidate)

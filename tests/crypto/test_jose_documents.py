"""RSA keys, their certificates, and the public documents (checklist 43: public halves only)."""

import json
from datetime import UTC, datetime

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
)

from ecrin.base.clock import DAY
from ecrin.base.secret import Secret
from ecrin.crypto.jose import rsa
from ecrin.crypto.jose.documents import jwks, x509_map
from ecrin.crypto.keyset import Key

START = 1_700_000_000_000


@pytest.fixture(scope="module")
def key(rsa_key) -> Key:
    certificate = rsa.certificate(rsa_key.private, "ecrin test", START, START + DAY)
    return Key(rsa_key.kid, "id-token", Secret(rsa_key.private), rsa_key.public, certificate, START, START, None)


@pytest.fixture(scope="module")
def elliptic():
    return ec.generate_private_key(ec.SECP256R1())


def other(public: bytes) -> Key:
    return Key("k", "id-token", Secret(b""), public, "", START, START, None)


def test_a_generated_key_is_rsa_2048_with_its_public_half():
    private, public = rsa.generate()
    key = load_der_private_key(private, password=None)
    assert key.public_key() == load_der_public_key(public)
    assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)


def test_a_key_below_2048_bits_is_refused():
    with pytest.raises(ValueError, match="2048"):
        rsa.generate(2047)


def test_the_certificate_is_self_signed_and_for_signatures_only(key, rsa_key):
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == load_der_public_key(rsa_key.public)
    assert certificate.subject.rfc4514_string() == "CN=ecrin test"
    assert certificate.not_valid_before_utc == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2023, 11, 15, 22, 13, 20, tzinfo=UTC)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_two_certificates_differ_in_their_serial_numbers(rsa_key):
    one, two = (rsa.certificate(rsa_key.private, "ecrin test", START, START + DAY) for _ in range(2))
    assert one != two


@pytest.mark.parametrize(("name", "end"), [("", DAY), ("x" * 65, DAY), ("x", -DAY)])
def test_a_certificate_that_cannot_be_is_refused(rsa_key, name, end):
    with pytest.raises(ValueError, match=r"length|before"):
        rsa.certificate(rsa_key.private, name, START, START + end)


def test_the_private_pem_holds_the_same_key(rsa_key):
    pem = rsa.private_pem(rsa_key.private)
    assert pem.startswith("-----BEGIN PRIVATE KEY-----\n")
    loaded = load_pem_private_key(pem.encode(), password=None)
    assert loaded.private_numbers() == load_der_private_key(rsa_key.private, password=None).private_numbers()


def test_a_key_of_another_kind_is_refused(elliptic):
    with pytest.raises(ValueError, match="RSA"):
        rsa.private_pem(elliptic.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def test_the_jwk_set_holds_six_public_members(key):
    (jwk,) = jwks([key])["keys"]
    assert {name: jwk[name] for name in ("kty", "e", "alg", "use", "kid")} == {
        "kty": "RSA",
        "e": "AQAB",
        "alg": "RS256",
        "use": "sig",
        "kid": "test-1",
    }
    assert set(jwk) == {"kty", "n", "e", "alg", "use", "kid"}


def test_another_library_verifies_by_our_jwk_set(key, signer):
    token = signer.sign({"sub": "ada"})
    found = jwt.PyJWKSet.from_json(json.dumps(jwks([key])))[key.id]
    assert jwt.decode(token, found, algorithms=["RS256"]) == {"sub": "ada"}


def test_another_library_verifies_by_our_certificates(key, signer):
    certificate = x509.load_pem_x509_certificate(x509_map([key])[key.id].encode())
    token = signer.sign({"sub": "ada"})
    assert jwt.decode(token, certificate.public_key(), algorithms=["RS256"]) == {"sub": "ada"}


def test_a_document_of_no_keys_is_empty():
    assert (jwks([]), x509_map([])) == ({"keys": []}, {})


def test_a_key_without_an_rsa_public_half_is_never_published(elliptic):
    spki = elliptic.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="RSA"):
        jwks([other(spki)])
    with pytest.raises(ValueError, match="deserialize"):
        jwks([other(b"")])


def test_a_key_without_a_certificate_is_not_left_out_in_silence():
    with pytest.raises(ValueError, match="certificate"):
        x509_map([other(b"")])

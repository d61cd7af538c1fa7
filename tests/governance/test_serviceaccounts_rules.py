"""What a token signed by a service account must look like (RFC 7523 §3)."""

from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from auth.forging import STRANGER
from ecrin.errors import CryptoError, KeyUnknown
from ecrin.governance.serviceaccounts import rules
from ecrin.governance.serviceaccounts.model import ServiceAccountKey, email_of
from ecrin.testing.clock import START


def spki(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


EMAIL = email_of("notes")
NOW = START // 1000
OWN = ServiceAccountKey("0" * 40, "notes", EMAIL, spki(STRANGER.public_key()), START)
OTHER = spki(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key())


@given(st.integers(-5000, 5000), st.integers(-5000, 5000), st.sampled_from(["iss", "sub", "aud", ""]))
@example(0, 3600, "")
@example(0, 3600, "sub")
@example(0, 3661, "")
def test_only_a_token_of_an_hour_that_holds_now_in_its_own_name_is_accepted(
    issued: int, lives: int, other: str
) -> None:
    plain = {"iss": EMAIL, "sub": EMAIL, "aud": "us", "iat": NOW + issued, "exp": NOW + issued + lives}
    token = jwt.encode(plain | ({other: "somebody"} if other else {}), STRANGER, algorithm="RS256")

    try:
        accepted = rules.verify(token, [OWN], "us", START) == OWN
    except CryptoError:
        accepted = False
    holds = issued <= 60 and issued + lives > -60 and lives <= 3660
    assert accepted == (holds and not other)


def test_the_key_that_signed_is_found_among_those_of_one_account() -> None:
    keys = [replace(OWN, id="1" * 40, public=OTHER), replace(OWN, id="2" * 40, email="x@example.org"), OWN]
    token = jwt.encode({"iss": EMAIL, "aud": "us", "iat": NOW, "exp": NOW + 60}, STRANGER, algorithm="RS256")

    assert rules.verify(token, keys, "us", START) == OWN


def test_a_token_that_no_key_of_the_account_signed_is_refused() -> None:
    token = jwt.encode({"iss": EMAIL, "aud": "us", "iat": NOW, "exp": NOW + 60}, STRANGER, algorithm="RS256")

    with pytest.raises(KeyUnknown):
        rules.verify(token, [replace(OWN, public=OTHER)], "us", START)

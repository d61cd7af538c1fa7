"""Sealing against what `@capgo/cli` made (vectors/sealing.json), and against what nobody should make."""

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.secret import Secret
from ecrin.errors import CryptoError, DecryptionFailed, InvalidRequest, SignatureInvalid
from ecrin.updates.sealing import checksum, keys, session
from ecrin.updates.sealing.keys import PrivateKey, PublicKey
from ecrin.updates.sealing.session import SessionKey

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/sealing.json").read_text())
PRIVATE = PrivateKey(Secret(VECTORS["private_key"]))
PUBLIC = PublicKey(VECTORS["public_key"])
SESSION = SessionKey(bytes(range(16)), bytes(range(16, 32)))
SHA = "c3" * 32
cases = pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])


def opened(key: SessionKey, *chunks: bytes) -> bytes:
    return b"".join(key.open(chunks))


def sealed(key: SessionKey, *chunks: bytes) -> bytes:
    return b"".join(key.seal(chunks))


@cases
def test_sealed_bytes_are_those_of_the_command(case: dict[str, Any]) -> None:
    key = SessionKey(bytes.fromhex(case["key"]), bytes.fromhex(case["iv"]))
    assert sealed(key, bytes.fromhex(case["plaintext"])).hex() == case["sealed"]
    assert opened(key, bytes.fromhex(case["sealed"])).hex() == case["plaintext"]


@cases
def test_session_key_is_spelled_as_the_command_spells_it(case: dict[str, Any]) -> None:
    key = SessionKey(bytes.fromhex(case["key"]), bytes.fromhex(case["iv"]))
    assert key.spelled(PRIVATE) == case["session_key"]
    assert session.recover(case["session_key"], PUBLIC) == key


@cases
def test_checksum_of_either_spelling_is_read(case: dict[str, Any]) -> None:
    assert checksum.recover(case["checksum"], PUBLIC) == case["sha256"]


def test_checksum_is_written_in_the_spelling_of_today() -> None:
    case = VECTORS["cases"][0]
    assert checksum.seal(case["sha256"], PRIVATE) == case["checksum"]


def test_the_key_pair_and_its_id_are_those_of_the_command() -> None:
    assert PRIVATE.public.pem == PUBLIC.pem == VECTORS["public_key"]
    assert PUBLIC.id == VECTORS["key_id"]


def test_a_new_pair_belongs_together() -> None:
    private, public = keys.create()
    assert PublicKey(public).recover(PrivateKey(private).seal(b"sixteen bytes...")) == b"sixteen bytes..."
    assert private.reveal().startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert public.startswith("-----BEGIN RSA PUBLIC KEY-----\n")


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_what_is_sealed_in_any_pieces_opens_in_any(data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    parts = [data[a:b] for a, b in pairwise(edges)]
    whole = sealed(SESSION, *parts)
    assert whole == sealed(SESSION, data)
    assert len(whole) == len(data) // 16 * 16 + 16
    assert opened(SESSION, *(whole[i : i + 7] for i in range(0, len(whole), 7))) == data


@given(st.binary(max_size=600))
def test_opening_junk_raises_our_error_or_gives_bytes_that_no_checksum_vouches_for(junk: bytes) -> None:
    try:
        opened(SESSION, junk)
    except DecryptionFailed:
        return
    assert len(junk) % 16 == 0


@pytest.mark.parametrize("cut", [1, 15, 16, 31, 33])
def test_a_cut_bundle_does_not_open_to_what_it_was(cut: int) -> None:
    data = bytes(range(48))
    try:
        assert opened(SESSION, sealed(SESSION, data)[:-cut]) != data
    except DecryptionFailed:
        assert True


@given(st.text(max_size=400) | st.from_regex(r"[A-Za-z0-9+/]{0,400}={0,2}:[A-Za-z0-9+/]{0,400}={0,2}", fullmatch=True))
def test_session_key_of_junk_is_refused_by_our_errors(text: str) -> None:
    with pytest.raises((InvalidRequest, CryptoError)):
        session.recover(text, PUBLIC)


@given(st.text(max_size=600) | st.from_regex(r"[0-9a-f]{512}", fullmatch=True))
def test_checksum_of_junk_is_refused_by_our_errors(text: str) -> None:
    with pytest.raises((InvalidRequest, CryptoError)):
        checksum.recover(text, PUBLIC)


@given(st.integers(0, 255), st.integers(0, 7))
def test_a_flipped_bit_of_a_checksum_is_refused(position: int, bit: int) -> None:
    block = bytearray(PRIVATE.seal(bytes.fromhex(SHA)))
    block[position] ^= 1 << bit
    with pytest.raises(CryptoError):
        checksum.verify(block.hex(), SHA, PUBLIC)


def test_a_checksum_of_other_content_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        checksum.verify(checksum.seal(SHA, PRIVATE), "0" * 64, PUBLIC)


def test_another_publishers_key_opens_nothing() -> None:
    other = PublicKey(keys.create()[1])
    with pytest.raises(DecryptionFailed):
        session.recover(SESSION.spelled(PRIVATE), other)
    with pytest.raises(DecryptionFailed):
        checksum.recover(checksum.seal(SHA, PRIVATE), other)


def test_a_checksum_cannot_stand_in_for_a_session_key() -> None:
    block = base64.b64encode(PRIVATE.seal(bytes.fromhex(SHA))).decode()
    with pytest.raises(DecryptionFailed, match="16 bytes"):
        session.recover(f"{base64.b64encode(bytes(16)).decode()}:{block}", PUBLIC)


@pytest.mark.parametrize("text", ["", "abc", "A" * 64, "g" * 64, "c3" * 31, f"{SHA}\n"])
def test_only_a_sha256_in_lower_case_hex_is_sealed(text: str) -> None:
    with pytest.raises(InvalidRequest):
        checksum.seal(text, PRIVATE)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "no key",
        VECTORS["public_key"],
        _pem(rsa.generate_private_key(65537, 3072)),
        _pem(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["nothing", "text", "public", "3072 bits", "elliptic"],
)
def test_what_is_no_private_key_of_2048_bits_is_refused(pem: str) -> None:
    with pytest.raises(InvalidRequest, match="private key"):
        PrivateKey(Secret(pem))


@pytest.mark.parametrize("pem", ["", "no key", VECTORS["private_key"]])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(InvalidRequest, match="public key"):
        PublicKey(pem)


def test_a_public_key_in_the_newer_form_has_the_same_id() -> None:
    spki = PUBLIC._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert PublicKey(spki).id == VECTORS["key_id"]


def test_session_key_does_not_show() -> None:
    assert "00010203" not in repr(SESSION)
    assert repr(bytes(range(16))) not in repr(SESSION)

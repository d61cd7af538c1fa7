"""The adapters of Windows, as far as they are pure: what its codes mean, and the secret that a signature makes."""

import struct
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ecrin.base.encoding import b64url
from ecrin.vault.device import errors
from ecrin.vault.device.here import platform_of
from ecrin.vault.device.model import Biometry, Permission, Strength
from ecrin.vault.device.windows import answers
from ecrin.vault.device.windows.clock import WindowsClock
from ecrin.vault.device.windows.credentials import CredentialManager, failure, target
from ecrin.vault.device.windows.hello import WindowsHello
from ecrin.vault.device.windows.hellokey import HelloKey, challenge_of, check, name, secret_of
from ecrin.vault.device.windows.presence import WindowsPresence, locked_of, since_tick
from ecrin.vault.device.windows.screen import WindowsScreen
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.ports import Hold, Params, Place

elsewhere = pytest.mark.skipif(sys.platform == "win32", reason="this is about the other systems")
PLACE = Place("com.example.notes", bytes(16), bytes(range(16)))
CHALLENGE = bytes(32)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (1, errors.BiometricsUnavailable),
        (2, errors.BiometricsNotEnrolled),
        (3, errors.BiometricsUnavailable),
        (4, errors.SystemCanceled),
        (5, errors.BiometricsLockedOut),
        (6, errors.UserCanceled),
        (99, errors.DeviceError),
    ],
)
def test_what_hello_answers_a_prompt_is_ours(result: int, kind: type[errors.DeviceError]) -> None:
    assert type(answers.of_consent(result)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (1, errors.DeviceError),
        (2, errors.ItemMissing),
        (3, errors.UserCanceled),
        (4, errors.FallbackChosen),
        (5, errors.DeviceError),
        (6, errors.ChipLockedOut),
        (7, errors.Unsupported),
    ],
)
def test_what_hello_answers_about_a_key_is_ours(status: int, kind: type[errors.DeviceError]) -> None:
    assert type(answers.of_key(status)) is kind


def test_success_is_no_error() -> None:
    assert (answers.of_consent(0), answers.of_key(0)) == (None, None)


@pytest.mark.parametrize(
    ("availability", "permission", "enrolled"),
    [
        (0, Permission.GRANTED, True),
        (2, Permission.GRANTED, False),
        (3, Permission.DENIED, False),
        (4, Permission.GRANTED, True),
    ],
)
def test_the_state_is_what_the_verifier_says(availability: int, permission: Permission, enrolled: bool) -> None:
    state = answers.state_of(availability, frozenset({Biometry.FACE}))
    assert (state.permission, bool(state.enrolled), state.strength) == (permission, enrolled, Strength.WEAK)


def test_without_a_device_there_are_no_biometrics() -> None:
    with pytest.raises(errors.BiometricsUnavailable):
        answers.state_of(1, frozenset({Biometry.FACE}))


def test_a_signature_that_is_the_same_each_time_is_taken(key: rsa.RSAPrivateKey) -> None:
    signatures = {key.sign(CHALLENGE, padding.PKCS1v15(), SHA256()) for _ in range(2)}
    assert len(signatures) == 1
    check(public(key), CHALLENGE, signatures.pop())


def test_a_signature_that_is_another_each_time_is_refused(key: rsa.RSAPrivateKey) -> None:
    pss = key.sign(CHALLENGE, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    curve = ec.generate_private_key(ec.SECP256R1())
    of_another = rsa.generate_private_key(65537, 2048).sign(CHALLENGE, padding.PKCS1v15(), SHA256())
    for made_by, signature in (
        (key, pss),
        (key, of_another),
        (curve, curve.sign(CHALLENGE, ec.ECDSA(SHA256()))),
    ):
        with pytest.raises(errors.Unsupported):
            check(public(made_by), CHALLENGE, signature)
    with pytest.raises(errors.Unsupported):
        check(b"no key", CHALLENGE, pss)


def test_the_secret_depends_on_signature_challenge_and_place_and_the_signature_is_wiped() -> None:
    places = (PLACE, Place(PLACE.app_id, bytes(16), bytes(16)), Place(PLACE.app_id, bytes([1] * 16), PLACE.slot_id))
    made = set()
    for place in places:
        for challenge in (CHALLENGE, bytes([1] * 32)):
            for first in (1, 2):
                signature = bytearray([first] * 256)
                room = secret_of(place, challenge, signature)
                made.add(bytes(room.view))
                room.close()
                assert signature == bytes(256)
    assert len(made) == 12


@pytest.mark.parametrize("params", [{}, {"challenge": "?"}, {"challenge": b64url(bytes(31))}, {"challenge": 7}])
def test_params_without_a_challenge_are_damage(params: Params) -> None:
    with pytest.raises(VaultDamaged):
        challenge_of(params)


def test_a_challenge_is_read_as_it_was_written() -> None:
    assert challenge_of({"challenge": b64url(CHALLENGE), "chip": True}) == CHALLENGE


def test_a_key_that_no_chip_was_attested_for_is_not_called_hardware() -> None:
    holds = [HelloKey().hold(params) for params in ({"chip": True}, {"chip": False}, {}, {"chip": "yes"})]
    assert holds == [Hold.HARDWARE, Hold.KEY_STORE, Hold.KEY_STORE, Hold.KEY_STORE]


def test_every_slot_has_a_key_of_its_own_in_hello() -> None:
    assert name(PLACE) == f"com.example.notes vault {'00' * 16} slot 000102030405060708090a0b0c0d0e0f"


def test_no_two_items_have_the_same_name_in_the_credential_manager() -> None:
    pairs = [("a", "b:c"), ("a:b", "c"), ("a", "b"), ("", "a:b"), ("a:", "b"), ("a", ":b")]
    assert len({target(*pair) for pair in pairs}) == len(pairs)


def test_a_logon_without_a_credential_manager_is_told_what_to_do() -> None:
    assert "session" in failure(1312).advice
    assert "87" in str(failure(87))


@pytest.mark.parametrize(("level", "flags", "locked"), [(1, 0, True), (1, 1, False), (1, -1, None), (2, 0, None)])
def test_a_session_is_locked_as_its_flags_say(level: int, flags: int, locked: bool | None) -> None:
    assert locked_of(struct.pack("<I4xIIi", level, 3, 0, flags) + bytes(200)) is locked


def test_an_answer_that_is_cut_says_nothing() -> None:
    assert locked_of(bytes(19)) is None


@pytest.mark.parametrize(("now", "then", "passed"), [(5_000, 2_000, 3_000), (10, 0xFFFFFFF6, 20), (7, 7, 0)])
def test_idle_time_goes_on_when_the_tick_count_begins_anew(now: int, then: int, passed: int) -> None:
    assert since_tick(now, then) == passed


@elsewhere
async def test_elsewhere_each_part_says_that_it_is_not_there() -> None:
    with pytest.raises(errors.KeyStoreUnavailable):
        await CredentialManager().get("app", "item")
    with pytest.raises(errors.BiometricsUnavailable):
        await WindowsHello().state()
    for part in (WindowsPresence().watch(print), WindowsPresence().idle_ms(), WindowsScreen().hide(True)):
        with pytest.raises(errors.Unsupported):
            await part
    with pytest.raises(errors.Unsupported):
        WindowsClock().now()


@elsewhere
async def test_elsewhere_there_is_no_hello_and_no_hidden_screen() -> None:
    platform = platform_of("win32")
    assert platform.screen is not None
    assert not await platform.screen.is_hidden()
    assert not await HelloKey().is_there()


@pytest.mark.parametrize("size", [0, 2_001])
async def test_an_item_that_would_not_fit_everywhere_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="2000"):
        await CredentialManager().set("app", "item", bytes(size))

"""The software key keeps to CTAP, seen by python-fido2's own lower floors."""

import pytest
from fido2.cose import ES256
from fido2.ctap import CtapError
from fido2.ctap2.base import AssertionResponse, AttestationResponse, Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocolV2

from ecrin.testing.authenticator import SoftAuthenticator
from vault.securitykey.conftest import PIN

PARTY, HASH = "notes.example.com", bytes(32)
MAKE, ASSERT = ClientPin.PERMISSION.MAKE_CREDENTIAL, ClientPin.PERMISSION.GET_ASSERTION


def proof(ctap: Ctap2, permission: ClientPin.PERMISSION, party: str = PARTY) -> bytes:
    token = ClientPin(ctap).get_pin_token(PIN, permission, party)
    return PinProtocolV2().authenticate(token, HASH)  # type: ignore[no-untyped-call, no-any-return]


def made(ctap: Ctap2, proven: bytes | None, algorithm: int = -7) -> AttestationResponse:
    params = [{"type": "public-key", "alg": algorithm}]
    protocol = 2 if proven else None
    return ctap.make_credential(
        HASH, {"id": PARTY, "name": ""}, {"id": b"u", "name": ""}, params, pin_uv_param=proven, pin_uv_protocol=protocol
    )


def asserted(ctap: Ctap2, id_: bytes, proven: bytes | None, *, up: bool = True) -> AssertionResponse:
    allowed = [{"type": "public-key", "id": id_}]
    options = None if up else {"up": False}
    protocol = 2 if proven else None
    return ctap.get_assertion(PARTY, HASH, allowed, options=options, pin_uv_param=proven, pin_uv_protocol=protocol)


def credential(ctap: Ctap2) -> tuple[bytes, ES256]:
    data = made(ctap, proof(ctap, MAKE)).auth_data.credential_data
    assert data is not None
    return data.credential_id, ES256(data.public_key)


@pytest.fixture
def ctap(key: SoftAuthenticator) -> Ctap2:
    return Ctap2(key)


def test_an_assertion_is_signed_by_the_credential_and_says_who_was_there(ctap: Ctap2) -> None:
    id_, public = credential(ctap)
    answer = asserted(ctap, id_, proof(ctap, ASSERT))
    answer.verify(HASH, public)
    assert (answer.auth_data.is_user_present(), answer.auth_data.is_user_verified()) == (True, True)


def test_a_silent_assertion_needs_no_touch_and_says_so(ctap: Ctap2, key: SoftAuthenticator) -> None:
    id_, _ = credential(ctap)
    before = key.touches
    answer = asserted(ctap, id_, None, up=False)
    assert (answer.auth_data.is_user_present(), answer.auth_data.is_user_verified()) == (False, False)
    assert key.touches == before


def refused(code: CtapError.ERR, call: object, *arguments: object, **options: object) -> None:
    with pytest.raises(CtapError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    assert caught.value.code == code


def test_a_credential_is_made_for_its_owner_only(ctap: Ctap2) -> None:
    refused(CtapError.ERR.PUAT_REQUIRED, made, ctap, None)
    refused(CtapError.ERR.PIN_AUTH_INVALID, made, ctap, bytes(32))
    refused(CtapError.ERR.PIN_AUTH_INVALID, made, ctap, proof(ctap, ASSERT))
    refused(CtapError.ERR.PIN_AUTH_INVALID, made, ctap, proof(ctap, MAKE, "other.example.com"))


def test_a_token_is_good_for_one_touch(ctap: Ctap2) -> None:
    id_, _ = credential(ctap)
    proven = proof(ctap, ASSERT)
    asserted(ctap, id_, proven, up=False)
    asserted(ctap, id_, proven)
    refused(CtapError.ERR.PIN_AUTH_INVALID, asserted, ctap, id_, proven)


def test_it_has_the_credentials_of_no_other_key(ctap: Ctap2) -> None:
    id_, _ = credential(Ctap2(SoftAuthenticator(pin=PIN)))
    refused(CtapError.ERR.NO_CREDENTIALS, asserted, ctap, id_, None, up=False)


def test_it_signs_with_es256_alone(ctap: Ctap2) -> None:
    refused(CtapError.ERR.UNSUPPORTED_ALGORITHM, made, ctap, proof(ctap, MAKE), -257)


def test_it_does_not_know_the_other_commands(ctap: Ctap2) -> None:
    refused(CtapError.ERR.INVALID_COMMAND, ctap.reset)
    refused(CtapError.ERR.INVALID_SUBCOMMAND, ClientPin(ctap).set_pin, "4321")


def test_it_tells_how_many_tries_are_left(ctap: Ctap2) -> None:
    refused(CtapError.ERR.PIN_INVALID, ClientPin(ctap).get_pin_token, "9999", ASSERT, PARTY)
    assert ClientPin(ctap).get_pin_retries() == (7, False)


def test_it_is_found_by_nobody_who_looks_for_keys() -> None:
    assert list(SoftAuthenticator.list_devices()) == []

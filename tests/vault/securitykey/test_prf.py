"""The secret is WebAuthn's PRF: hmac-secret under SHA-256("WebAuthn PRF" || 0 || salt), for who gave the PIN."""

from hashlib import sha256

import pytest
from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.webauthn import (
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRequestOptions,
    PublicKeyCredentialType,
    UserVerificationRequirement,
)

from ecrin.base.encoding import unb64url
from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.ports import Params
from vault.securitykey.conftest import PIN, PLACE, Desk, Person


class Types(UserInteraction):
    def request_pin(self, permissions: object, rp_id: str | None) -> str:
        return PIN


def raw(key: SoftAuthenticator, params: Params, salt: bytes, verification: UserVerificationRequirement) -> bytes:
    """Ask for hmac-secret itself, which no browser lets pages do."""
    collector = DefaultClientDataCollector("https://notes.example.com")
    client = Fido2Client(key, collector, Types(), [HmacSecretExtension(allow_hmac_secret=True)])
    allowed = PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=unb64url(params["credential"]))
    options = PublicKeyCredentialRequestOptions(
        challenge=bytes(32),
        rp_id="notes.example.com",
        allow_credentials=[allowed],
        user_verification=verification,
        extensions={"hmacGetSecret": {"salt1": salt}},
    )
    found: bytes = client.get_assertion(options).get_response(0).client_extension_results.hmac_get_secret.output1
    return found


async def test_the_salt_is_hashed_as_webauthn_says(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    salt = sha256(b"WebAuthn PRF\0" + unb64url(made.params["salt"])).digest()
    assert raw(key, made.params, salt, UserVerificationRequirement.REQUIRED) == secret


async def test_who_has_the_key_and_no_pin_gets_another_secret(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    salt = sha256(b"WebAuthn PRF\0" + unb64url(made.params["salt"])).digest()
    assert raw(key, made.params, salt, UserVerificationRequirement.DISCOURAGED) != secret


@pytest.mark.parametrize("part", ["salt", "credential"])
async def test_a46_another_salt_or_credential_is_another_secret_or_none(desk: Desk, part: str) -> None:
    made, secret = await desk.enrolled()
    other, _ = await desk.enrolled()
    swapped = {**made.params, part: other.params[part]}
    room = await desk.slot.secret(PLACE, swapped, Person(PIN))
    assert room.view != secret
    room.close()

"""Talking to security keys, by python-fido2: all that blocks, and waits for a person, is in here and runs in a thread.

A secret is the output of WebAuthn's PRF extension (WebAuthn Level 3 §10.1.4), which is CTAP's hmac-secret (CTAP 2.1
§12.5) under a salt of its own, SHA-256 of "WebAuthn PRF", a zero byte, and our salt: so a browser with the same
credential gets the same secret. Nobody checks the signature of an answer: a key that lies only makes another secret.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from fido2 import webauthn
from fido2.client import DefaultClientDataCollector, Fido2Client, WebAuthnClient
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.hid import CtapHidDevice
from fido2.webauthn import UserVerificationRequirement

from ecrin.vault.device.errors import SecurityKeyUnavailable
from ecrin.vault.memory import SecretRoom, forget
from ecrin.vault.slots import fido_windows
from ecrin.vault.slots.fido_talk import Talk, told

Find = Callable[[], Iterable[CtapDevice]]
SALT = 32  # bytes
SECRET = 32
_ALGORITHMS = (-7, -8)  # ES256, EdDSA: what keys have
_TYPE = webauthn.PublicKeyCredentialType.PUBLIC_KEY


class Keys:
    """The security keys that `find` returns (by default those on USB), for one call of a relying party, a domain."""

    def __init__(self, find: Find | None, rp: str, talk: Talk) -> None:
        self._find = find
        self._rp = rp
        self._talk = talk
        self._collector = DefaultClientDataCollector(f"https://{rp}")

    def enrol(self, user: bytes, out: memoryview) -> tuple[bytes, bytes]:
        """Make a credential, write its secret into `out`, and return its id and salt.

        Raises `SecurityKeyUnavailable` unless just one key is there, and gives its secrets to its owner alone.
        """
        salt = secrets.token_bytes(SALT)
        with told(self._talk), self._client(_only) as client:
            made = client.make_credential(self._creation(user, salt), self._talk.turn())
            prf = made.client_extension_results.prf
            if not getattr(prf, "enabled", False):
                raise SecurityKeyUnavailable("The security key gives out no secrets (hmac-secret).")
            if prf.results is not None:  # some keys evaluate already here, but only an opening proves the slot
                forget(prf.results.first)
            self._evaluate(client, made.raw_id, salt, out)
            self._check_locked(client, made.raw_id, salt, out)
            return made.raw_id, salt

    def evaluate(self, credential: bytes, salt: bytes, out: memoryview) -> None:
        """Write the secret of a credential into `out`; raises `SecurityKeyUnavailable` if no key here has it."""
        with told(self._talk), self._client(lambda devices: self._holder(devices, credential)) as client:
            self._evaluate(client, credential, salt, out)

    @contextmanager
    def _client(self, choose: Callable[[Sequence[CtapDevice]], CtapDevice]) -> Iterator[WebAuthnClient]:
        if self._find is None and (native := fido_windows.client(self._collector)):
            yield native
            return
        devices = list((self._find or CtapHidDevice.list_devices)())
        try:
            yield Fido2Client(choose(devices), self._collector, self._talk)
        finally:
            for device in devices:
                device.close()

    def _holder(self, devices: Sequence[CtapDevice], credential: bytes) -> CtapDevice:
        """Return the key that has the credential, before anybody types the PIN of another one into it."""
        unsure = []
        for device in devices:
            has = _has(device, self._rp, credential)
            if has:
                return device
            if has is None:
                unsure.append(device)
        if not unsure:
            raise SecurityKeyUnavailable
        return unsure[0]

    def _creation(self, user: bytes, salt: bytes) -> webauthn.PublicKeyCredentialCreationOptions:
        """Ask for a credential that is not discoverable: it takes no room on the key, and the key alone names nobody.

        The salt is only evaluated later; python-fido2's client for Windows overlooks a PRF extension without one.
        """
        return webauthn.PublicKeyCredentialCreationOptions(
            rp=webauthn.PublicKeyCredentialRpEntity(id=self._rp, name=self._rp),
            user=webauthn.PublicKeyCredentialUserEntity(id=user, name=self._rp, display_name=self._rp),
            challenge=secrets.token_bytes(32),
            pub_key_cred_params=[
                webauthn.PublicKeyCredentialParameters(type=_TYPE, alg=algorithm) for algorithm in _ALGORITHMS
            ],
            authenticator_selection=webauthn.AuthenticatorSelectionCriteria(
                authenticator_attachment=webauthn.AuthenticatorAttachment.CROSS_PLATFORM,
                resident_key=webauthn.ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            extensions={"prf": {"eval": {"first": salt}}},
        )

    def _evaluate(self, client: WebAuthnClient, credential: bytes, salt: bytes, out: memoryview) -> None:
        if not self._evaluated(client, credential, salt, out, UserVerificationRequirement.REQUIRED):
            raise SecurityKeyUnavailable("The security key did not ask who it is.")

    def _evaluated(
        self,
        client: WebAuthnClient,
        credential: bytes,
        salt: bytes,
        out: memoryview,
        verification: UserVerificationRequirement,
    ) -> bool:
        """Write the secret into `out`; return whether the key has asked who it is."""
        options = webauthn.PublicKeyCredentialRequestOptions(
            challenge=secrets.token_bytes(32),
            rp_id=self._rp,
            allow_credentials=[webauthn.PublicKeyCredentialDescriptor(type=_TYPE, id=credential)],
            user_verification=verification,
            hints=[webauthn.PublicKeyCredentialHint.SECURITY_KEY],
            extensions={"prf": {"eval": {"first": salt}}},
        )
        answer = client.get_assertion(options, self._talk.turn()).get_response(0)
        results = getattr(answer.client_extension_results.prf, "results", None)
        if results is None or len(results.first) != SECRET:
            raise SecurityKeyUnavailable("The security key gives out no secrets (hmac-secret).")
        out[:] = results.first
        forget(results.first)
        return answer.response.authenticator_data.is_user_verified()

    def _check_locked(self, client: WebAuthnClient, credential: bytes, salt: bytes, secret: memoryview) -> None:
        """Refuse a key that gives the same secret to whoever has it, without a PIN: CTAP 2.0 asked for no more.

        Since CTAP 2.1 (§12.5) there is another one for them, so it is only tried, with one more touch, on older keys.
        """
        if not isinstance(client, Fido2Client) or "FIDO_2_1" in client.info.versions:
            return
        room = SecretRoom(SECRET)
        try:
            asked = self._evaluated(client, credential, salt, room.view, UserVerificationRequirement.DISCOURAGED)
            if not asked and hmac.compare_digest(room.view, secret):
                raise SecurityKeyUnavailable("This security key gives its secrets without a PIN.", hint=_NEWER)
        finally:
            room.close()


_NEWER = "Use a key for CTAP 2.1; with this one, whoever takes it needs no PIN."


def _only(devices: Sequence[CtapDevice]) -> CtapDevice:
    """Return the key to enrol."""
    able = [device for device in devices if _gives_secrets(device)]
    if not able:
        raise SecurityKeyUnavailable("No security key that gives out secrets (hmac-secret) is plugged in.")
    if len(able) > 1:
        raise SecurityKeyUnavailable(
            "More than one security key is plugged in.", hint="Leave only the one in that is to be enrolled."
        )
    return able[0]


def _gives_secrets(device: CtapDevice) -> bool:
    try:
        return "hmac-secret" in Ctap2(device).info.extensions
    except (ValueError, CtapError):  # a key from before CTAP 2
        return False


def _has(device: CtapDevice, rp: str, credential: bytes) -> bool | None:
    """Return whether a key has a credential, without touch or PIN (CTAP 2.1 §6.2, `up` off); None if it won't say."""
    try:
        allowed = [{"type": _TYPE, "id": credential}]
        Ctap2(device).get_assertions(rp, bytes(32), allowed, options={"up": False})
    except ValueError:  # a key from before CTAP 2
        return False
    except CtapError as error:
        return False if error.code == CtapError.ERR.NO_CREDENTIALS else None
    return True

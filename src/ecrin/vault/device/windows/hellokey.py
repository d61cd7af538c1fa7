"""A way into the vault by Windows Hello's own key: what it signs is the secret.

`KeyCredentialManager` keeps an RSA key for each slot and uses it after Hello's prompt (finger, face or PIN). The slot's
challenge is fixed and in the file; its signature by PKCS#1 v1.5 is always the same (RFC 8017 §8.2), and HKDF makes the
secret of it. Other programs of the user may ask for the same signature, each by a prompt. New fingers do not end the
slot: Hello does not tell of them; resetting Hello does.
"""

import secrets
from contextlib import suppress
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ecrin.base.encoding import b64url, unb64url
from ecrin.crypto.kdf import Buffer, derive_into
from ecrin.errors import InvalidRequest
from ecrin.vault.device.errors import DeviceError, Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.device.windows.answers import of_key
from ecrin.vault.device.windows.api import translated, window_in_front
from ecrin.vault.device.windows.chip import has_tpm
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asking, Enrolled, Hold, Params, Place

SECRET = 32  # bytes
_CHALLENGE = 32  # bytes
_ATTESTED = (0, 3)  # KeyCredentialAttestationStatus: success; a chip whose certificate cannot be fetched now


class HelloKey:
    """A slot whose secret is Hello's signature."""

    kind = "windows-hello"

    def hold(self, params: Params) -> Hold:
        """Return HARDWARE if the key was attested to be in a chip when it was made; else Windows keeps it in a file."""
        return Hold.HARDWARE if params.get("chip") is True else Hold.KEY_STORE

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Make a key and let it sign: Hello asks the user. Raises as `secret`, and `Unsupported` without Hello."""
        challenge = secrets.token_bytes(_CHALLENGE)
        with translated():
            hello = _hello()
            if not await hello.KeyCredentialManager.is_supported_async():
                raise Unsupported("Windows Hello is not set up.", hint="Set a PIN in the sign-in options of Windows.")
            replace = hello.KeyCredentialCreationOption.REPLACE_EXISTING
            key = _opened(await _asked(hello.KeyCredentialManager, "request_create", name(place), replace))
            try:
                signature = await _signed(key, challenge)
                check(bytes(key.retrieve_public_key()), challenge, signature)
                chip = int((await key.get_attestation_async()).status) in _ATTESTED
            except BaseException:
                with suppress(DeviceError):
                    await self.withdraw(place, {})
                raise
        return Enrolled({"challenge": b64url(challenge), "chip": chip}, secret_of(place, challenge, signature))

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Return the secret, after Hello's prompt; raises `ItemMissing` if Hello was reset, and what `of_key` says."""
        challenge = challenge_of(params)
        with translated():
            key = _opened(await _hello().KeyCredentialManager.open_async(name(place)))
            return secret_of(place, challenge, await _signed(key, challenge))

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove the key; one that is not there is no error."""
        with translated():
            manager = _hello().KeyCredentialManager
            if int((await manager.open_async(name(place))).status) == 0:
                await manager.delete_async(name(place))

    async def is_there(self) -> bool:
        """Return whether Hello is set up for this user, on a machine with a TPM 2.0."""
        try:
            with translated():
                return bool(await _hello().KeyCredentialManager.is_supported_async()) and has_tpm()
        except DeviceError:
            return False


def name(place: Place) -> str:
    """Return the name of a slot's key in Hello."""
    return f"{place.app_id} {place.item}"


def challenge_of(params: Params) -> bytes:
    """Return what the key signs; raises `VaultDamaged`."""
    try:
        challenge = unb64url(str(params["challenge"]))
    except (KeyError, InvalidRequest):
        challenge = b""
    if len(challenge) != _CHALLENGE:
        raise VaultDamaged("A slot of Windows Hello has other params.")
    return challenge


def check(public: bytes, challenge: bytes, signature: Buffer) -> None:
    """Raise `Unsupported` unless this is a signature that is the same each time: RSA with PKCS#1 v1.5 and SHA-256."""
    try:
        key = load_der_public_key(public)
        if isinstance(key, RSAPublicKey):
            return key.verify(cast("bytes", signature), challenge, PKCS1v15(), SHA256())  # a copy would be the secret
    except (ValueError, InvalidSignature):
        pass
    raise Unsupported("The key of Windows Hello does not sign the same way each time.")


def secret_of(place: Place, challenge: bytes, signature: bytearray) -> SecretRoom:
    """Return a slot's secret, in a room that the caller closes; the signature is wiped."""
    room = SecretRoom(SECRET)
    derive_into(signature, challenge, b"ecrin windows-hello" + place.vault_id + place.slot_id, room.view)
    signature[:] = bytes(len(signature))
    return room


def _hello() -> Any:
    return library("winrt.windows.security.credentials", "winrt-Windows.Security.Credentials")


def _opened(result: Any) -> Any:
    if (error := of_key(int(result.status))) is not None:
        raise error
    return result.credential


async def _asked(of: Any, call: str, *arguments: Any) -> Any:
    """Make a call that shows a prompt: over the window in front, which not every Windows can be told."""
    if window := window_in_front():
        with suppress(AttributeError, ImportError):  # a Windows without the call, a machine without winrt-Windows.UI
            return await getattr(of, f"{call}_for_window_async")((window,), *arguments)  # Windows.UI.WindowId
    return await getattr(of, f"{call}_async")(*arguments)


async def _signed(key: Any, challenge: bytes) -> bytearray:
    result = await _asked(key, "request_sign", challenge)
    if (error := of_key(int(result.status))) is not None:
        raise error
    return bytearray(result.result)

"""How tokens are written: signed, or, for the Node Admin SDK in emulator mode and in `ecrin dev` only, unsigned."""

from collections.abc import Mapping
from typing import Any, Protocol

from ecrin.base.clock import Instant
from ecrin.crypto.jose import unsigned
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring


class TokenFormat(Protocol):
    """Writes and reads tokens of a purpose (ID token or session cookie)."""

    def encode(self, purpose: Purpose, claims: Mapping[str, Any], now: Instant) -> str:
        """Return the token."""
        ...

    def decode(self, purpose: Purpose, token: str, now: Instant) -> Mapping[str, Any]:
        """Return the claims; raises a `CryptoError` if it is not one of ours. Who it is for is not checked here."""
        ...


class SignedFormat:
    """RS256 under the instance's key sets (RFC 7515)."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def encode(self, purpose: Purpose, claims: Mapping[str, Any], now: Instant) -> str:
        """Return the token, signed with the key that signs now."""
        return self._keyring.signer(purpose, now).sign(claims)

    def decode(self, purpose: Purpose, token: str, now: Instant) -> Mapping[str, Any]:
        """Return the claims of a token that one of the published keys signed."""
        return self._keyring.verifier(purpose, now).verify(token)


class UnsafeUnsignedFormat:
    """Algorithm "none": anybody can write such a token. Loopback development only."""

    def encode(self, purpose: Purpose, claims: Mapping[str, Any], now: Instant) -> str:
        """Return the token with an empty signature."""
        return unsigned.encode(claims)

    def decode(self, purpose: Purpose, token: str, now: Instant) -> Mapping[str, Any]:
        """Return the claims, whoever wrote them."""
        return unsigned.decode(token)

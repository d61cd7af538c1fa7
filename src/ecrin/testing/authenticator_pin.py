"""The door of `SoftAuthenticator`: PIN/UV protocol 2, tokens, and PINs that are counted and block (CTAP 2.1 §6.5)."""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256, CoseKey
from fido2.ctap import CtapError
from fido2.ctap2.pin import ClientPin, PinProtocol, PinProtocolV2

Message = Mapping[Any, Any]
ERR = CtapError.ERR
CURVE = ec.SECP256R1()
RETRIES = 8
IN_A_ROW = 3
PROTOCOL: PinProtocol = PinProtocolV2()
_KDF: Any = PinProtocolV2().kdf
_KEY: type[CoseKey] = ES256


class Door:
    """Who gave the PIN or the finger, and what for. `state` is the key's memory; the rest ends when it is taken out."""

    def __init__(self, state: dict[str, Any], pin: str) -> None:
        self.state = state
        state.setdefault("pin", sha256(pin.encode()).hexdigest()[:32] if pin else "")
        state.setdefault("retries", RETRIES)
        self._agreement = ec.generate_private_key(CURVE)
        self._token, self._permissions, self._party = b"", 0, ""
        self._failures = 0

    def answer(self, message: Message, finger: bool | None) -> Message:
        """Answer a clientPIN command."""
        match message[2]:
            case ClientPin.CMD.GET_PIN_RETRIES:
                return {3: self.state["retries"], 4: self._failures >= IN_A_ROW}
            case ClientPin.CMD.GET_KEY_AGREEMENT:
                return {1: {**_KEY.from_cryptography_key(self._agreement.public_key()), 3: -25}}
            case ClientPin.CMD.GET_TOKEN_USING_PIN:
                shared = self.shared(message[3])
                self._check(PROTOCOL.decrypt(shared, message[6]))
            case ClientPin.CMD.GET_TOKEN_USING_UV if finger is not None:
                shared = self.shared(message[3])
                if not finger:
                    raise CtapError(ERR.UV_INVALID)
            case _:
                raise CtapError(ERR.INVALID_SUBCOMMAND)
        self._token, self._permissions, self._party = secrets.token_bytes(32), message[9], message[10]
        return {2: PROTOCOL.encrypt(shared, self._token)}

    def passed(self, proof: bytes | None, hashed: bytes, party: str, permission: int) -> bool:
        """Return whether a command comes with the proof of a token for its party and purpose, or with none."""
        if proof is None:
            return False
        known = self._token and hmac.compare_digest(PROTOCOL.authenticate(self._token, hashed), proof)
        if not known or not self._permissions & permission or self._party != party:
            raise CtapError(ERR.PIN_AUTH_INVALID)
        return True

    def shut(self) -> None:
        """End the token: it is good for one touch (§6.5.2.1)."""
        self._permissions = 0

    def shared(self, peer: Message) -> bytes:
        """Return the secret shared with who sent this public key."""
        x, y = (int.from_bytes(peer[at], "big") for at in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, CURVE).public_key()
        return bytes(_KDF(self._agreement.exchange(ec.ECDH(), public)))

    def _check(self, hashed: bytes) -> None:
        """Count first, then compare (§6.5.5.7.1)."""
        if not self.state["pin"]:
            raise CtapError(ERR.PIN_NOT_SET)
        if not self.state["retries"]:
            raise CtapError(ERR.PIN_BLOCKED)
        if self._failures >= IN_A_ROW:
            raise CtapError(ERR.PIN_AUTH_BLOCKED)
        self.state["retries"] -= 1
        self._failures += 1
        if not hmac.compare_digest(hashed, bytes.fromhex(self.state["pin"])):
            raise CtapError(self._refused())
        self.state["retries"], self._failures = RETRIES, 0

    def _refused(self) -> CtapError.ERR:
        self._agreement = ec.generate_private_key(CURVE)
        if not self.state["retries"]:
            return ERR.PIN_BLOCKED
        return ERR.PIN_AUTH_BLOCKED if self._failures >= IN_A_ROW else ERR.PIN_INVALID

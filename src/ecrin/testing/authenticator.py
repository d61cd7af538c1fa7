"""A security key in software: CTAP 2.1 with PIN/UV protocol 2 and hmac-secret, for the tests of those who use keys.

It is handed to python-fido2, or to `SecurityKeySlot(find=lambda: [key])`, in place of a real one, and does what the
specification says of the part it has: credentials that are not discoverable, ES256, PINs that block. It proves what
talks to keys, and no key of any maker; what it keeps is protected by nothing.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from threading import Event
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256, CoseKey
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.hid import CAPABILITY
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

from ecrin.testing.authenticator_pin import CURVE, ERR, PROTOCOL, Door, Message

_KEY: type[CoseKey] = ES256
FLAG = AuthenticatorData.FLAG
AAGUID = bytes(16)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SoftAuthenticator(CtapDevice):
    """A key that remembers itself in `state`, which is JSON: the same state is the same key, in any process.

    `pin` is set on a new key, if given. `finger` is what its sensor sees: True its owner's, False another, None that it
    has no sensor. While `touch` is False nobody touches it, for `patience` seconds. `touches` counts those it got.
    """

    def __init__(
        self,
        state: dict[str, Any] | None = None,
        *,
        pin: str = "",
        versions: Sequence[str] = ("FIDO_2_0", "FIDO_2_1"),
        extensions: Sequence[str] = ("hmac-secret",),
    ) -> None:
        self.state = {} if state is None else state
        self.state.setdefault("master", secrets.token_hex(32))
        self.state.setdefault("signed", 0)
        self.finger: bool | None = None
        self.touch, self.touches, self.patience = True, 0, 30.0
        self._versions, self._extensions = list(versions), list(extensions)
        self._door = Door(self.state, pin)

    def replug(self) -> None:
        """Take the key out and plug it in again."""
        self._door = Door(self.state, "")

    @property
    def capabilities(self) -> int:
        """Say that it speaks CTAP 2."""
        return CAPABILITY.CBOR

    @classmethod
    def list_devices(cls) -> Iterator[CtapDevice]:
        """Return none: there are only those that a test makes."""
        return iter(())

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        """Answer a command as a key does: a status byte, and CBOR if it is zero."""
        message: Any = cbor.decode(data[1:]) if len(data) > 1 else {}
        try:
            answer = self._answer(data[0], message, event or Event(), on_keepalive or (lambda _: None))
        except CtapError as error:
            return bytes([error.code])
        return b"\0" + cbor.encode(answer)

    def _answer(self, command: int, message: Message, event: Event, keep: Callable[[STATUS], None]) -> Message:
        match command:
            case Ctap2.CMD.GET_INFO:
                return self._info()
            case Ctap2.CMD.CLIENT_PIN:
                return self._door.answer(message, self.finger)
            case Ctap2.CMD.MAKE_CREDENTIAL:
                return self._make(message, event, keep)
            case Ctap2.CMD.GET_ASSERTION:
                return self._assert(message, event, keep)
        raise CtapError(ERR.INVALID_COMMAND)

    def _info(self) -> Message:
        options = {"rk": False, "up": True, "clientPin": bool(self.state["pin"]), "pinUvAuthToken": True}
        if self.finger is not None:
            options["uv"] = True
        return {1: self._versions, 2: self._extensions, 3: AAGUID, 4: options, 5: 1200, 6: [PROTOCOL.VERSION], 7: 8}

    # §6.1 and §6.2: credentials are their own record, sealed under the key's master secret for one relying party.

    def _make(self, message: Message, event: Event, keep: Callable[[STATUS], None]) -> Message:
        party = sha256(message[2]["id"].encode()).digest()
        if ES256.ALGORITHM not in [param["alg"] for param in message[4]]:
            raise CtapError(ERR.UNSUPPORTED_ALGORITHM)
        verified = self._door.passed(message.get(8), message[1], message[2]["id"], ClientPin.PERMISSION.MAKE_CREDENTIAL)
        if not verified and (self.state["pin"] or self.finger is not None):
            raise CtapError(ERR.PUAT_REQUIRED)
        self._touched(event, keep)
        seed, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        id_ = nonce + AESGCM(self._master).encrypt(nonce, seed, party)
        key = _KEY.from_cryptography_key(_signer(seed).public_key())
        extensions = {"hmac-secret": True} if self._wants_secret(message.get(6)) else None
        attested = AttestedCredentialData.create(AAGUID, id_, key)
        return {1: "none", 2: self._data(party, verified, extensions, attested), 3: {}}

    def _assert(self, message: Message, event: Event, keep: Callable[[STATUS], None]) -> Message:
        party = sha256(message[1].encode()).digest()
        verified = self._door.passed(message.get(6), message[2], message[1], ClientPin.PERMISSION.GET_ASSERTION)
        found = [(allowed["id"], seed) for allowed in message.get(3, []) if (seed := self._seed(allowed["id"], party))]
        silent = message.get(5, {}).get("up") is False
        if not silent:
            self._touched(event, keep)
        if not found:
            raise CtapError(ERR.NO_CREDENTIALS)
        id_, seed = found[0]
        asked = message.get(4, {}).get("hmac-secret")
        extensions = {"hmac-secret": self._secret(seed, verified, asked)} if asked and not silent else None
        data = self._data(party, verified, extensions, present=not silent)
        signature = _signer(seed).sign(data + message[2], ec.ECDSA(SHA256()))
        return {1: {"type": "public-key", "id": id_}, 2: data, 3: signature}

    @property
    def _master(self) -> bytes:
        return bytes.fromhex(self.state["master"])

    def _seed(self, id_: bytes, party: bytes) -> bytes | None:
        try:
            return AESGCM(self._master).decrypt(id_[:12], id_[12:], party)
        except (InvalidTag, ValueError):
            return None

    def _data(
        self, party: bytes, verified: bool, extensions: Message | None, attested: bytes = b"", *, present: bool = True
    ) -> AuthenticatorData:
        self.state["signed"] += 1
        flags = FLAG(0)
        for flag, holds in ((FLAG.UP, present), (FLAG.UV, verified), (FLAG.AT, attested), (FLAG.ED, extensions)):
            flags |= flag if holds else FLAG(0)
        data: AuthenticatorData = AuthenticatorData.create(party, flags, self.state["signed"], attested, extensions)
        return data

    def _touched(self, event: Event, keep: Callable[[STATUS], None]) -> None:
        keep(STATUS.UPNEEDED)
        if not self.touch:
            raise CtapError(ERR.KEEPALIVE_CANCEL if event.wait(self.patience) else ERR.USER_ACTION_TIMEOUT)
        self.touches += 1
        self._door.shut()

    # §12.5: hmac-secret.

    def _wants_secret(self, extensions: Message | None) -> bool:
        return "hmac-secret" in self._extensions and bool((extensions or {}).get("hmac-secret"))

    def _secret(self, seed: bytes, verified: bool, asked: Message) -> bytes:
        """Return the secret, encrypted; before CTAP 2.1 it is the same with and without a PIN."""
        shared = self._door.shared(asked[1])
        if not hmac.compare_digest(PROTOCOL.authenticate(shared, asked[2]), asked[3]):
            raise CtapError(ERR.PIN_AUTH_INVALID)
        salts = PROTOCOL.decrypt(shared, asked[2])
        if len(salts) not in (32, 64):
            raise CtapError(ERR.INVALID_LENGTH)
        with_pin = verified or not any(version.startswith("FIDO_2_1") for version in self._versions)
        random = _hmac(seed, b"with pin" if with_pin else b"without")
        return PROTOCOL.encrypt(shared, b"".join(_hmac(random, salts[at : at + 32]) for at in range(0, len(salts), 32)))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _signer(seed: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_hmac(seed, b"signer")) % (_ORDER - 1) + 1, CURVE)

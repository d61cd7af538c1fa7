"""What an attacker can make: tokens with any header, signed with any key, ours included where a test grants it."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from ecrin.auth.tokens.rules import CUSTOM_TOKEN_AUDIENCE
from ecrin.governance.serviceaccounts import store
from ecrin.governance.serviceaccounts.model import TOKEN_PATH, ServiceAccountKey, email_of
from ecrin.storage.keyring.model import Purpose
from harness import Instance

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
BACKEND = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def segment(value: Any) -> str:
    """A segment of a token: JSON of a value, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def header_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_header(token))


def private_key(instance: Instance, purpose: Purpose) -> rsa.RSAPrivateKey:
    """The instance's own signing key, so that nothing but the form of a token is wrong."""
    key = next(k for k, state in instance.app.base.keyring.inventory() if k.purpose == purpose and state == "active")
    return _loaded(key.material.reveal())


@cache
def _loaded(pkcs8: bytes) -> rsa.RSAPrivateKey:
    loaded = load_der_private_key(pkcs8, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def rs256(header: Any, claims: Any, key: rsa.RSAPrivateKey) -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def ps256(header: Any, claims: Any, key: rsa.RSAPrivateKey) -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return f"{signed}.{segment(key.sign(signed.encode(), pss, hashes.SHA256()))}"


def es256(header: Any, claims: Any) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims, key, algorithm="ES256", headers=header | {"alg": "ES256"})


def hs256(header: Any, claims: Any, key: bytes) -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def none(header: Any, claims: Any, signature: str = "") -> str:
    return f"{segment(header)}.{segment(claims)}.{signature}"


@dataclass
class Backend:
    """A backend of an app, with a service account key of a project."""

    instance: Instance
    key: ServiceAccountKey
    private: rsa.RSAPrivateKey = BACKEND

    @classmethod
    async def of(cls, instance: Instance) -> "Backend":
        """A backend with a key of its own; its two halves are the same each time, as making them is slow."""
        project = instance.project.id
        spki = BACKEND.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        key = ServiceAccountKey(secrets.token_hex(20), project, email_of(project), spki, instance.clock.now())
        await instance.app.base.database.write(lambda tx: store.insert(tx, key))
        await instance.app.governance.service_accounts.load()
        return cls(instance, key)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self.private, algorithm="RS256", headers=header)

    def custom_claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a custom token, some changed; None takes one away."""
        return self._claims(CUSTOM_TOKEN_AUDIENCE, {"uid": "ann"} | changes)

    def custom_token(self, **changes: Any) -> str:
        return self.sign(self.custom_claims(**changes), kid=self.key.id)

    def assertion(self, **changes: Any) -> str:
        """A service account's assertion (RFC 7523 §3), some claims changed; None takes one away."""
        return self.sign(self._claims(f"http://127.0.0.1:9099{TOKEN_PATH}", changes))

    async def access_token(self) -> str:
        form = {"grant_type": JWT_BEARER, "assertion": self.assertion()}
        reply = await self.instance.http.post(TOKEN_PATH, data=form)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["access_token"])

    def _claims(self, audience: str, changes: dict[str, Any]) -> dict[str, Any]:
        now = self.instance.clock.now() // 1000
        plain = {"iss": self.key.email, "sub": self.key.email, "aud": audience, "iat": now, "exp": now + 3600}
        return {name: value for name, value in (plain | changes).items() if value is not None}

"""The public key documents: a JWK set (RFC 7517) and Google's map of certificates. Public halves only, ever."""

from collections.abc import Iterable

from ecrin.base.encoding import b64url
from ecrin.crypto.jose.rsa import public_key
from ecrin.crypto.keyset import Key


def jwks(keys: Iterable[Key]) -> dict[str, list[dict[str, str]]]:
    """Return the JWK set of RSA public keys, in their order: kty, n, e, alg, use and kid of each (RFC 7518 §6.3.1).

    Raises `ValueError` for a key that has no RSA public half: symmetric keys are never published.
    """
    return {"keys": [_jwk(key) for key in keys]}


def x509_map(keys: Iterable[Key]) -> dict[str, str]:
    """Return certificates (PEM) by key id, the shape of Google's `robot/v1/metadata/x509` documents.

    Raises `ValueError` for a key without a certificate: a verifier would miss it in silence.
    """
    return {key.id: _certificate(key) for key in keys}


def _jwk(key: Key) -> dict[str, str]:
    numbers = public_key(key.public).public_numbers()
    return {"kty": "RSA", "n": _uint(numbers.n), "e": _uint(numbers.e), "alg": "RS256", "use": "sig", "kid": key.id}


def _certificate(key: Key) -> str:
    if not key.certificate:
        raise ValueError("The key has no certificate.")
    return key.certificate


def _uint(number: int) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))

"""What a token signed by a service account must look like (RFC 7523 §3; protocol sheet §2.4). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecrin.base.clock import HOUR, SECOND, Instant
from ecrin.crypto.jose.claims import check
from ecrin.crypto.jose.strict import parse
from ecrin.crypto.jose.verify import Rs256Verifier
from ecrin.errors import KeyUnknown, SignatureInvalid
from ecrin.governance.serviceaccounts.model import ServiceAccountKey

MAX_LIFETIME = HOUR + 60 * SECOND


def verify(token: str, keys: Sequence[ServiceAccountKey], audience: str, now: Instant) -> ServiceAccountKey:
    """Return the key that signed a token in the service account's own name, for this audience, for an hour at most.

    Node's Admin SDK names no `kid`, so the keys of the issuer are tried in turn. Raises `SignatureInvalid`,
    `KeyUnknown` and `TokenOutdated`.
    """
    claims = parse(token).claims
    own = [key for key in keys if key.email == claims.get("iss")]
    for key in own:
        if _signed_by(key, token):
            _check(claims, key, audience, now)
            return key
    raise KeyUnknown


def _signed_by(key: ServiceAccountKey, token: str) -> bool:
    try:
        Rs256Verifier({key.id: key.public}, default=key.id).verify(token)
    except (KeyUnknown, SignatureInvalid):
        return False
    return True


def _check(claims: Mapping[str, Any], key: ServiceAccountKey, audience: str, now: Instant) -> None:
    if claims.get("sub", key.email) != key.email:
        raise SignatureInvalid("The token speaks for somebody else.")
    check(claims, issuer=key.email, audience=audience, now=now)
    if (claims["exp"] - claims["iat"]) * SECOND > MAX_LIFETIME:
        raise SignatureInvalid("The token is valid for more than an hour.")

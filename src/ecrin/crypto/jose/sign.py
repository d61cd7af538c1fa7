"""RS256 signatures (RFC 7518 §3.3) with the key object made once: parsing a private key costs 100 signatures."""

from collections.abc import Mapping

from joserfc import jws
from joserfc.jwk import RSAKey

from ecrin.base.encoding import b64url, canonical_json
from ecrin.crypto.jose.rsa import private_key
from ecrin.crypto.jose.strict import MAX_CLAIMS_DEPTH, MAX_TOKEN, nested_deeper
from ecrin.errors import InvalidRequest


class Rs256Signer:
    """Signs claims with one private key (PKCS8 DER); raises `ValueError` if the bytes are no such key."""

    __slots__ = ("_algorithm", "_header", "_key", "kid")

    def __init__(self, kid: str, private_pkcs8_der: bytes) -> None:
        self.kid = kid
        self._key = RSAKey.import_key(private_key(private_pkcs8_der))
        self._algorithm = jws.JWSRegistry(algorithms=["RS256"]).get_alg("RS256")
        self._header = b64url(canonical_json({"alg": "RS256", "kid": kid, "typ": "JWT"}))

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return a compact JWS (RFC 7515 §7.1) whose header is exactly alg, kid and typ.

        Raises `InvalidRequest` for claims that our own `strict` would refuse to read: not JSON, too deep, too long.
        """
        signed = f"{self._header}.{b64url(_payload(claims))}"
        token = f"{signed}.{b64url(self._algorithm.sign(signed.encode(), self._key))}"
        if len(token) > MAX_TOKEN:
            raise InvalidRequest("The claims are too long for a token.")
        return token


def _payload(claims: Mapping[str, object]) -> bytes:
    try:
        payload = canonical_json(claims)
    except (TypeError, ValueError, RecursionError):
        raise InvalidRequest("The claims are not JSON.") from None
    if nested_deeper(payload, MAX_CLAIMS_DEPTH):
        raise InvalidRequest("The claims nest too deep for a token.")
    return payload

"""Verification of RS256 tokens by keys that are here already: nothing is ever fetched, and the key decides.

The algorithm belongs to the key and not to the token (RFC 8725 §3.1): it is bound once, when the keys are given, and
the header may only agree with it. What is verified is the very parse that is returned, so nobody sees two tokens.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import RSAKey

from ecrin.crypto.jose.rsa import public_key
from ecrin.crypto.jose.strict import parse
from ecrin.errors import KeyUnknown, SignatureInvalid


class Rs256Verifier:
    """Verifies tokens with RSA public keys (SPKI DER) by key id.

    `default` is the id of the key for tokens that name none, as the Node Admin SDK signs them; without it they are
    refused. `remember` is how many tokens that verified are known again by their SHA-256, so that a device which shows
    the same one all hour costs one RSA operation; whether it still holds is for `claims` each time. Raises `ValueError`
    for bytes that are no RSA public key and `KeyUnknown` for a default that is not there.
    """

    __slots__ = ("_algorithm", "_default", "_keys", "_known", "_remember")

    def __init__(self, keys: Mapping[str, bytes], *, default: str | None = None, remember: int = 0) -> None:
        if default is not None and default not in keys:
            raise KeyUnknown
        self._algorithm = jws.JWSRegistry(algorithms=["RS256"]).get_alg("RS256")
        self._default = default
        self._keys = {kid: RSAKey.import_key(public_key(spki)) for kid, spki in keys.items()}
        self._remember = remember
        self._known: OrderedDict[bytes, Mapping[str, Any]] = OrderedDict()

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that one of the keys signed; who it is for and until when is for `claims`.

        Raises `KeyUnknown` for a well-formed token of a key that is not here, `SignatureInvalid` for all else.
        """
        if not self._remember:
            return self._verified(token)
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        self._known[name] = claims = self._verified(token)
        if len(self._known) > self._remember:
            self._known.popitem(last=False)
        return claims

    def _verified(self, token: str) -> Mapping[str, Any]:
        parsed = parse(token)
        if parsed.header["alg"] != self._algorithm.name:
            raise SignatureInvalid("The token is not signed with the algorithm of our keys.")
        kid = parsed.header.get("kid", self._default)
        if kid is None:
            raise SignatureInvalid("The token names no key.")
        key = self._keys.get(kid)
        if key is None:
            raise KeyUnknown
        if not self._algorithm.verify(parsed.signed, parsed.signature, key):
            raise SignatureInvalid
        return parsed.claims

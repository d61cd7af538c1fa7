"""Whom a token is from and for, and when it holds: the registered claims of RFC 7519 §4.1.

A signature alone says little: tokens of all projects are signed by one keyset, and `aud` and `iss` keep them apart.
"""

from collections.abc import Mapping

from ecrin.base.clock import SECOND, Instant
from ecrin.errors import SignatureInvalid

SKEW_SECONDS = 60
_YEAR_10000 = 253_402_300_800


class TokenOutdated(SignatureInvalid):
    """The token was good and its time is over."""

    code = "TOKEN_OUTDATED"
    sentence = "The token has expired."
    hint = "Get a new one; if it is new, compare the clocks."


def check(
    claims: Mapping[str, object],
    *,
    issuer: str,
    audience: str,
    now: Instant,
    skew_seconds: int = SKEW_SECONDS,
    max_age_seconds: int | None = None,
) -> None:
    """Accept claims of this issuer for this audience that hold at `now`; `iss`, `aud`, `iat` and `exp` must be there.

    `skew_seconds` is how far the clocks may differ, `max_age_seconds` how long ago (`iat`) a token may have been issued
    whatever its `exp` says. Raises `SignatureInvalid` with a detail for claims that never held here, `TokenOutdated`
    for those that do no longer.
    """
    if claims.get("iss") != issuer:
        raise SignatureInvalid("The token is of another issuer.")
    if claims.get("aud") not in (audience, [audience]):
        raise SignatureInvalid("The token is for another audience.")
    skew = skew_seconds * SECOND
    issued, expires = _date(claims, "iat"), _date(claims, "exp")
    if issued > now + skew or ("nbf" in claims and _date(claims, "nbf") > now + skew):
        raise SignatureInvalid("The token is not valid yet.")
    if expires <= now - skew:
        raise TokenOutdated
    if max_age_seconds is not None and issued + max_age_seconds * SECOND <= now - skew:
        raise TokenOutdated("The token was issued too long ago.")


def _date(claims: Mapping[str, object], name: str) -> float:
    """Return a NumericDate (RFC 7519 §2: seconds, with or without fraction) in milliseconds."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _YEAR_10000:
        raise SignatureInvalid(f"The token has no usable {name}.")
    return value * SECOND

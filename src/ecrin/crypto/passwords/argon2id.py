"""Argon2id (RFC 9106) as PHC strings: `$argon2id$v=19$m=KiB,t=passes,p=lanes$salt$hash`.

The C code releases the GIL, so a hash belongs into a thread. What is hashed is the NFKC form of the password in UTF-8
(NIST SP 800-63B §3.1.1.2): the same password typed on another keyboard is the same bytes.
"""

import base64
import binascii
import re
import secrets
import unicodedata

from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret

from ecrin.crypto.passwords.errors import PasswordHashUnreadable
from ecrin.crypto.profiles import Profile
from ecrin.errors import InvalidRequest, Overloaded, PasswordMismatch

PREFIX = "$argon2id$"
SALT_BYTES = 16
HASH_BYTES = 32
MAX_PASSWORD = 4096
MAX_MEMORY_KIB = 1024 * 1024
MAX_TIME_COST = 100
MAX_PARALLELISM = 64

_NUMBER = "([1-9][0-9]{0,6})"
_PHC = re.compile(
    rf"\$argon2id\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}\$([A-Za-z0-9+/]{{11,86}})\$([A-Za-z0-9+/]{{16,86}})"
)


def hash_password(password: str, profile: Profile, *, salt: bytes | None = None) -> str:
    """Return the PHC string of a password; `salt` (16 bytes, random by default) is for test vectors.

    Raises `InvalidRequest` for a password that is over 4096 characters or not text, `Overloaded` if there is no memory.
    """
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    cost = profile.time_cost, profile.memory_kib, profile.parallelism
    try:
        return hash_secret(_normal(password), salt, *cost, HASH_BYTES, Type.ID).decode("ascii")
    except HashingError as error:
        raise Overloaded(f"Argon2 could not work: {error}.") from None


def verify_password(phc: str, password: str) -> None:
    """Accept the password that was hashed to `phc`.

    Raises `PasswordMismatch` for another password, `PasswordHashUnreadable` for a string that is no Argon2id hash or
    asks for more than 1 GiB, 100 passes or 64 lanes; else as `hash_password`.
    """
    _cost(phc)
    try:
        verify_secret(phc.encode("ascii"), _normal(password), Type.ID)
    except VerifyMismatchError:
        raise PasswordMismatch from None
    except VerificationError as error:
        raise Overloaded(f"Argon2 could not work: {error}.") from None


def needs_rehash(phc: str, profile: Profile) -> bool:
    """Return whether `phc` was made at another cost or size than `profile`; raises `PasswordHashUnreadable`."""
    memory_kib, time_cost, parallelism, salt, digest = _cost(phc)
    return Profile(memory_kib, time_cost, parallelism) != profile or (salt, digest) != (SALT_BYTES, HASH_BYTES)


def _cost(phc: str) -> tuple[int, int, int, int, int]:
    """Return memory, passes, lanes and the lengths of salt and hash of a string that the C code will accept."""
    match = _PHC.fullmatch(phc)
    if match is None:
        raise PasswordHashUnreadable
    memory_kib, time_cost, parallelism = (int(number) for number in match.groups()[:3])
    if (
        not 8 * parallelism <= memory_kib <= MAX_MEMORY_KIB
        or time_cost > MAX_TIME_COST
        or parallelism > MAX_PARALLELISM
    ):
        raise PasswordHashUnreadable("The stored password hash asks for more work than this server does.")
    return memory_kib, time_cost, parallelism, _size(match[4]), _size(match[5])


def _size(text: str) -> int:
    """Return how many bytes unpadded, canonical base64 stands for."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise PasswordHashUnreadable from None
    if base64.b64encode(data).decode().rstrip("=") != text:
        raise PasswordHashUnreadable
    return len(data)


def _normal(password: str) -> bytes:
    if len(password) > MAX_PASSWORD:  # before NFKC, whose cost grows faster than its input
        raise InvalidRequest("The password has more than 4096 characters.")
    try:
        return unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("The password is not Unicode text.") from None

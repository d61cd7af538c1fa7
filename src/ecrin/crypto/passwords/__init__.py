"""Password hashes: a scheme a file, chosen by the prefix of the stored string; new hashes are always Argon2id."""

from ecrin.crypto.passwords import argon2id
from ecrin.crypto.passwords.argon2id import hash_password
from ecrin.crypto.passwords.errors import PasswordHashUnreadable
from ecrin.crypto.profiles import CHEAPEST, INTERACTIVE, Profile

__all__ = [
    "CHEAPEST",
    "INTERACTIVE",
    "PasswordHashUnreadable",
    "Profile",
    "hash_password",
    "needs_rehash",
    "verify_password",
]

_VERIFY = {argon2id.PREFIX: argon2id.verify_password}


def verify_password(stored: str, password: str) -> None:
    """Accept the password that a stored hash of any known scheme was made from.

    Takes as long as the hash costs: call it in a thread. Raises `PasswordMismatch` for another password and
    `PasswordHashUnreadable` for a hash of no known scheme.
    """
    for prefix, verify in _VERIFY.items():
        if stored.startswith(prefix):
            return verify(stored, password)
    raise PasswordHashUnreadable("The stored password hash is of no scheme that this version knows.")


def needs_rehash(stored: str, profile: Profile) -> bool:
    """Return whether the next sign-in should replace a stored hash: another scheme than ours, or another cost."""
    return not stored.startswith(argon2id.PREFIX) or argon2id.needs_rehash(stored, profile)

"""What goes wrong with a stored hash, as opposed to a wrong password."""

from ecrin.errors import CryptoError


class PasswordHashUnreadable(CryptoError):
    """A stored hash is of no known scheme, damaged, or asks for more work than we do; the password was not tried."""

    code = "PASSWORD_HASH_UNREADABLE"
    status = 500
    sentence = "The stored password hash cannot be read."
    hint = "Reset the password of this account, or restore its row from a backup."

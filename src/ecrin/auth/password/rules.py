"""What a password must be (NIST SP 800-63B §3.1.1.2: a minimum length, no composition rules). Pure."""

import unicodedata

from ecrin.auth.errors import MissingPassword, PasswordTooLong, WeakPassword

MAX_BYTES = 4096


def checked_password(password: str, min_length: int) -> str:
    """Return the password; raises `MissingPassword`, `WeakPassword` (length in characters) and `PasswordTooLong`."""
    if not password:
        raise MissingPassword
    if len(password) > MAX_BYTES or len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PasswordTooLong
    if len(unicodedata.normalize("NFKC", password)) < min_length:
        raise WeakPassword(f"Password should be at least {min_length} characters")
    return password

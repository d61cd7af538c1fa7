"""Identifiers, drawn from the operating system's generator unless a test draws them.

`Draw` takes a number of bytes and returns that many random ones; `secrets.token_bytes` is the default everywhere.
"""

import secrets
from collections.abc import Callable

Draw = Callable[[int], bytes]

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
LOCAL_ID_LENGTH = 28


def alphanumeric(length: int, draw: Draw = secrets.token_bytes) -> str:
    """Return `length` uniformly drawn letters and digits (bytes from 248 up are drawn again, so no bias)."""
    letters: list[str] = []
    while len(letters) < length:
        letters += [ALPHANUMERIC[byte % 62] for byte in draw(2 * length) if byte < 248]
    return "".join(letters[:length])


def local_id(draw: Draw = secrets.token_bytes) -> str:
    """Return a new user id: 28 letters and digits, as Firebase clients know them (protocol sheet §3)."""
    return alphanumeric(LOCAL_ID_LENGTH, draw)

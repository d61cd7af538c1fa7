"""What Electron's updater 0.0.6 makes of a sealed bundle (protocol sheet §11.1).

It is told the SHA-256 of the sealed archive, in hex. But first it reads that as base64 and tries to open it with the
session key; where the padding happens to be right, once in 256 times, it compares with what comes out, and never
installs the bundle. Such a session key is not used.
"""

import base64
import secrets
from collections.abc import Callable

from ecrin.base.ids import Draw
from ecrin.errors import DecryptionFailed
from ecrin.updates.sealing.session import SessionKey, draw


def misread(name: str, session: SessionKey) -> bool:
    """Return whether it would take the hash of an archive (64 hex digits) for a sealed one."""
    try:
        b"".join(session.open([base64.b64decode(name)]))
    except DecryptionFailed:
        return False
    return True


def readable(name_under: Callable[[SessionKey], str], random: Draw = secrets.token_bytes) -> SessionKey:
    """Return a new session key; `name_under` gives the hash of the archive when it is sealed under one."""
    while misread(name_under(session := draw(random)), session):
        pass
    return session

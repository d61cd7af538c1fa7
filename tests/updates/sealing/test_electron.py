"""A session key under which Electron's updater would misread the hash of the archive is drawn again."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ecrin.updates.sealing.electron import misread, readable
from ecrin.updates.sealing.session import SessionKey

PLAIN = b"an archive"


def name_under(session: SessionKey) -> str:
    return hashlib.sha256(b"".join(session.seal([PLAIN]))).hexdigest()


def opens(session: SessionKey) -> bool:
    """Whether the padding is right, looked at by hand."""
    cipher = Cipher(algorithms.AES128(session.key), modes.CBC(session.iv)).decryptor()
    plain = cipher.update(base64.b64decode(name_under(session))) + cipher.finalize()
    return 1 <= plain[-1] <= 16 and plain[-plain[-1] :] == bytes([plain[-1]]) * plain[-1]


def numbered(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()[:16]


SESSIONS = [SessionKey(numbered(n), numbered(n + 1)) for n in range(0, 6000, 2)]
UNLUCKY = next(n for n, session in enumerate(SESSIONS) if opens(session))


def test_a_hash_is_misread_exactly_where_its_padding_is_right() -> None:
    assert [misread(name_under(s), s) for s in SESSIONS] == [opens(s) for s in SESSIONS]


def test_an_unlucky_session_key_is_drawn_again() -> None:
    drawn = iter([numbered(n) for n in (2 * UNLUCKY, 2 * UNLUCKY + 1, 2 * UNLUCKY + 2, 2 * UNLUCKY + 3)])
    assert readable(name_under, lambda _: next(drawn)) == SESSIONS[UNLUCKY + 1]

"""Recovery codes ("Recovery" in docs/specs/vault-format.md): what is drawn, shown, and typed again years later. Pure.

A code has 30 characters of Crockford's base32, in 6 groups of 5: 28 are drawn (140 bits), 2 are a Reed-Solomon check of
them over GF(32), with the roots 1 and 2 and the polynomial x^5 + x^2 + 1. Of 30 characters it notices each one or two
that are wrong, so each two that changed places; of anything else, all but one in 1,024.
"""

import hmac
import secrets

from ecrin.base.ids import Draw
from ecrin.crypto.kdf import Buffer
from ecrin.vault.errors import CodeMistyped

ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DRAWN = 28
GROUP = 5
LENGTH = DRAWN + 2
_MEANT = {ord("O"): ord("0"), ord("I"): ord("1"), ord("L"): ord("1")}
_FIELD = 0b100101


def draw(random: Draw = secrets.token_bytes) -> bytearray:
    """Return a new code: 30 characters of the alphabet, for the caller to wipe."""
    symbols = bytearray(byte & 31 for byte in random(DRAWN))
    return bytearray(ALPHABET[symbol] for symbol in symbols + _check(symbols))


def grouped(code: Buffer) -> str:
    """Return a code as it is shown: its groups, with hyphens between them."""
    return "-".join(bytes(code[at : at + GROUP]).decode() for at in range(0, LENGTH, GROUP))


def read(typed: Buffer) -> bytearray:
    """Return the code that a person typed (UTF-8), for the caller to wipe.

    Small letters are as good as capitals; O is read as 0, I and L as 1; whatever is no ASCII letter or digit stands
    between groups and is left out. Raises `CodeMistyped` for a text that cannot be a code.
    """
    code = bytearray(_capital(byte) for byte in typed if byte < 128 and chr(byte).isalnum())
    symbols = bytearray(ALPHABET.find(byte) & 0xFF for byte in code)
    known = len(symbols) == LENGTH and max(symbols) < len(ALPHABET)
    whole = known and hmac.compare_digest(_check(memoryview(symbols)[:DRAWN]), memoryview(symbols)[DRAWN:])
    symbols[:] = bytes(len(symbols))
    if not whole:
        code[:] = bytes(len(code))
        raise CodeMistyped
    return code


def _capital(byte: int) -> int:
    capital = byte - 32 if byte >= ord("a") else byte
    return _MEANT.get(capital, capital)


def _check(drawn: Buffer) -> bytes:
    """Return the remainder of x^2 times their polynomial by (x - 1)(x - 2) = x^2 + 3x + 2."""
    high = low = 0
    for symbol in drawn:
        over = high ^ symbol
        high, low = low ^ _times(over, 3), _times(over, 2)
    return bytes((high, low))


def _times(one: int, other: int) -> int:
    """Multiply in GF(32)."""
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one <<= 1
        one ^= _FIELD if one & 32 else 0
        other >>= 1
    return product

"""Passcodes made long: Argon2id (RFC 9106) into memory that can be wiped.

Pure, but slow on purpose: call it in a thread. The cost stands in the slot's params, in the clear; it is bound to the
slot, so a smaller one only opens nothing. A greater one than the caps is refused before any memory is taken.
"""

import os
import secrets
import threading
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ecrin.base.encoding import b64url, unb64url
from ecrin.base.ids import Draw
from ecrin.crypto.profiles import Profile
from ecrin.errors import InvalidRequest
from ecrin.vault.errors import MemoryShort, VaultDamaged
from ecrin.vault.ports import Params

SALT_BYTES = 16
MAX_MEMORY_KIB = 1024 * 1024
MAX_TIME_COST = 100
MAX_PARALLELISM = 64
_alone: dict[int, threading.Lock] = {}  # by process: in a forked one it would be held by nobody who lets go of it
MAX_WORK_KIB = 4 * MAX_MEMORY_KIB  # over all passes: some seconds, so that a crafted file blocks nobody for long


def new_cost(profile: Profile, draw: Draw = secrets.token_bytes) -> dict[str, Any]:
    """Return the params of a new passcode: the profile's cost and a salt of 16 bytes."""
    return {
        "kdf": "argon2id",
        "memory_kib": profile.memory_kib,
        "time_cost": profile.time_cost,
        "parallelism": profile.parallelism,
        "salt": b64url(draw(SALT_BYTES)),
    }


def stretch(passcode: bytearray, params: Params, out: memoryview) -> None:
    """Fill `out` from a passcode; raises `VaultDamaged` for params of no cost that we ever wrote, `MemoryShort`."""
    memory_kib, time_cost, parallelism = (_whole(params.get(n)) for n in ("memory_kib", "time_cost", "parallelism"))
    if (
        params.get("kdf") != "argon2id"
        or not 8 * parallelism <= memory_kib <= MAX_MEMORY_KIB
        or not 1 <= time_cost <= MAX_TIME_COST
        or memory_kib * time_cost > MAX_WORK_KIB
        or not 1 <= parallelism <= MAX_PARALLELISM
    ):
        raise VaultDamaged("A slot asks for more work, or less, than any passcode does.")
    salt = _salt(params)
    try:
        with _alone.setdefault(os.getpid(), threading.Lock()):  # two at once wait for each other's OpenSSL threads
            Argon2id(
                salt=salt, length=len(out), iterations=time_cost, lanes=parallelism, memory_cost=memory_kib
            ).derive_into(passcode, out)  # type: ignore[arg-type]  # any buffer: the stubs say bytes alone
    except MemoryError:
        raise MemoryShort(f"A passcode takes {memory_kib // 1024} MiB of memory, and there is less.") from None


def _whole(value: object) -> int:
    return value if type(value) is int else 0


def _salt(params: Params) -> bytes:
    try:
        salt = unb64url(str(params.get("salt")))
    except InvalidRequest:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise VaultDamaged("A slot has no salt.")
    return salt

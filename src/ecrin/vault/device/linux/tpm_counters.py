"""Counters that only grow, in a TPM's non-volatile memory (TPM2_NV_Increment: part 3 of its Library Specification).

An index lies in the range that the TCG's registry gives to the owner and has no password, so any process that may open
the chip can make, read and increment it while the owner password is empty, as it is by default. It may also remove it;
but a counter made anew starts above all that the chip ever had, so nobody can make one stand lower.
"""

import secrets
from typing import Any

from ecrin.vault.device.errors import ChipUnavailable, ItemMissing
from ecrin.vault.device.linux.tpm_connection import HANDLE, NV_DEFINED, Connection, code

FIRST, LAST = 0x01800000, 0x01BFFFFF
INDEX_BYTES = 4
VALUE_BYTES = 8
POLICY_BYTES = 32
TRIES = 8


def create(on: Connection) -> tuple[bytes, int]:
    """Define a counter and let it take its first step: before, it stands at nothing and has another name."""
    for _ in range(TRIES):
        index = FIRST + secrets.randbelow(LAST - FIRST + 1)
        try:
            counter = on.esapi.nv_define_space(None, _public(on.lib, index))
        except on.lib.TSS2_Exception as error:
            if code(error) != NV_DEFINED:
                raise
            continue
        return _begun(on, index, counter)
    raise ChipUnavailable("The TPM has no free place for a counter.")


def read(on: Connection, handle: bytes) -> int | None:
    """Return what a counter stands at, or None if it is gone or another one is in its place."""
    counter = _found(on, handle)
    return None if counter is None else _value(on, counter)


def reach(on: Connection, handle: bytes, value: int) -> int:
    """Let a counter grow to `value` and return what it stands at; raises `ItemMissing` if it is gone."""
    counter = _found(on, handle)
    if counter is None:
        raise ItemMissing("The TPM does not have this counter.")
    for _ in range(_value(on, counter), value):
        on.esapi.nv_increment(counter)
    return _value(on, counter)


def remove(on: Connection, handle: bytes) -> None:
    """Remove a counter; one that is gone, or another one in its place, is left."""
    counter = _found(on, handle)
    if counter is not None:
        on.esapi.nv_undefine_space(counter)


def _begun(on: Connection, index: int, counter: Any) -> tuple[bytes, int]:
    try:
        on.esapi.nv_increment(counter)
        return index.to_bytes(INDEX_BYTES, "big") + on.name(counter), _value(on, counter)
    except on.lib.TSS2_Exception:
        on.esapi.nv_undefine_space(counter)
        raise


def _found(on: Connection, handle: bytes) -> Any:
    """Return the counter of a handle (its index and its name), or None if there is none, or another one."""
    index, name = int.from_bytes(handle[:INDEX_BYTES], "big"), handle[INDEX_BYTES:]
    if not FIRST <= index <= LAST:
        return None
    try:
        counter = on.esapi.tr_from_tpmpublic(index)
    except on.lib.TSS2_Exception as error:
        if code(error) == HANDLE:
            return None
        raise
    return counter if on.name(counter) == name else None


def _value(on: Connection, counter: Any) -> int:
    return int.from_bytes(bytes(on.esapi.nv_read(counter, VALUE_BYTES)), "big")


def _public(lib: Any, index: int) -> Any:
    """Return a counter's public area. Its policy permits nothing: drawn, it gives each counter a name of its own."""
    a = lib.TPMA_NV
    return lib.TPM2B_NV_PUBLIC(
        nvPublic=lib.TPMS_NV_PUBLIC(
            nvIndex=index,
            nameAlg=lib.TPM2_ALG.SHA256,
            attributes=a.AUTHREAD | a.AUTHWRITE | a.NO_DA | (lib.TPM2_NT.COUNTER << a.TPM2_NT_SHIFT),
            authPolicy=secrets.token_bytes(POLICY_BYTES),
            dataSize=VALUE_BYTES,
        )
    )

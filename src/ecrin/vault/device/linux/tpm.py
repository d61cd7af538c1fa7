"""The TPM 2.0 of a Linux machine: secrets sealed under a PIN that the chip checks and counts itself, and NV counters.

After the TPM 2.0 Library Specification, by tpm2-pytss (the extra `tpm`). Each call opens the chip, acts, leaves nothing
in it and closes it: other programs share it, ours one after the other. The settings of its lockout are the machine
owner's and are left alone.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.linux import tpm_counters, tpm_objects
from ecrin.vault.device.linux.tpm_connection import Connection, connected
from ecrin.vault.memory import SecretRoom
from ecrin.vault.threads import in_thread

DEVICE = "device:/dev/tpmrm0"

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Tpm:
    """The chip behind `tcti`, the way to it as tpm2-tss spells it: by default the kernel's resource manager.

    Raises `ChipUnavailable` where the library, the chip or the right to use it is missing, `ChipLockedOut` after too
    many wrong PINs of whatever app: the chip has one count for all.
    """

    name = "TPM 2.0"

    def __init__(self, tcti: str | None = None) -> None:
        self._tcti = tcti or DEVICE
        self._one = threading.Lock()  # not asyncio's: it may be called from several loops

    async def seal(self, secret: Buffer, pin: Buffer) -> bytes:
        """Return `secret` (1 to 128 bytes) sealed to this chip and to `pin` (32 bytes; empty: it asks for none)."""
        return await self._do(tpm_objects.seal, secret, pin)

    async def unseal(self, sealed: bytes, pin: Buffer) -> SecretRoom:
        """Return the secret in a room that the caller closes.

        Raises `SlotRefused` for another PIN, which the chip counts, and for what this chip did not seal.
        """
        return await self._do(tpm_objects.unseal, sealed, pin)

    async def counter_create(self) -> tuple[bytes, int]:
        """Make a counter; return its handle (38 bytes) and what it stands at: above all that were ever in this chip."""
        return await self._do(tpm_counters.create)

    async def counter_read(self, handle: bytes) -> int | None:
        """Return what a counter stands at, or None if it is gone or another one is in its place."""
        return await self._do(tpm_counters.read, handle)

    async def counter_reach(self, handle: bytes, value: int) -> int:
        """Let a counter grow to `value`, in steps of one that the chip writes each; return what it stands at.

        Raises `ItemMissing` if it is gone.
        """
        return await self._do(tpm_counters.reach, handle, value)

    async def counter_remove(self, handle: bytes) -> None:
        """Remove a counter; one that is not there is no error."""
        await self._do(tpm_counters.remove, handle)

    async def _do(self, verb: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await in_thread(partial(self._alone, lambda on: verb(on, *args, **kwargs)))

    def _alone(self, act: Callable[[Connection], _T]) -> _T:
        with self._one, connected(self._tcti) as on:
            return act(on)

"""One conversation with a TPM 2.0, and its answers as our errors (codes: part 2 of its Library Specification, 6.6)."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ecrin.vault.device.errors import ChipLockedOut, ChipUnavailable
from ecrin.vault.device.linux.tpm_turn import alone, device_file

HANDLE = 0x08B  # nothing is at this handle
AUTH_FAIL = 0x08E  # a wrong PIN, counted
BAD_AUTH = 0x0A2  # a wrong PIN or password, not counted
NV_SPACE = 0x14B
NV_DEFINED = 0x14C
NV_RATE = 0x920
LOCKOUT = 0x921

NO_LIBRARY = "Install it with: pip install 'ecrin[tpm]' (needs libtss2-dev)."
NO_DEVICE = "Switch the TPM on in the machine's firmware (it may be called fTPM or PTT), or use another way in."
NO_RIGHT = "Let the user open it: `sudo usermod -aG tss USER`, then sign in anew."
OWNED = "The owner of this machine has set a TPM owner password; ask for it to be lifted, or use another way."
NO_ROOM = "Remove counters that nobody needs any more (`tpm2_getcap handles-nv-index` lists them)."
NO_HURRY = "The chip slows writing down against wear; try again in a few seconds."
NO_ANSWER = "Try again; if it goes on, `tpm2_getcap properties-variable` shows what state the chip is in."


@dataclass(frozen=True, slots=True)
class Connection:
    """The library and its open ESAPI context; both are untyped."""

    lib: Any
    esapi: Any

    def name(self, handle: Any) -> bytes:
        """Return the name of an object or index: the hash of its public area behind the hash's id."""
        return bytes(self.esapi.tr_get_name(handle))

    def handles(self, first: int) -> set[int]:
        """Return the handles in use from `first` to the end of its kind."""
        found: set[int] = set()
        more = True
        while more:
            more, capability = self.esapi.get_capability(self.lib.TPM2_CAP.HANDLES, first, 64)
            page = [int(handle) for handle in capability.data.handles]
            found.update(page)
            first = max(page, default=first) + 1
        return found


@contextmanager
def connected(tcti: str) -> Iterator[Connection]:
    """Open the chip for one call; raises `ChipUnavailable` and, for whatever it answers in between, as `refusal`."""
    _check_device(tcti)  # first: who has no TPM need not build a library
    lib = _library()
    with alone(tcti):
        try:
            esapi = lib.ESAPI(tcti)
            try:
                yield Connection(lib, esapi)
            finally:
                esapi.close()
        except lib.TSS2_Exception as error:
            raise refusal(code(error)) from None


def code(error: Any) -> int:
    """Return which answer of the chip this is, without what it is about (handle, session or parameter); else the rc."""
    return int(error.error if error.rc >> 16 == 0 else error.rc)


def refusal(answer: int) -> ChipUnavailable | ChipLockedOut:
    """Return our error for an answer of the chip or of the way to it."""
    if answer == LOCKOUT:
        return ChipLockedOut()
    if answer in (AUTH_FAIL, BAD_AUTH):
        return ChipUnavailable("The TPM wants its owner's password for this.", hint=OWNED)
    if answer == NV_SPACE:
        return ChipUnavailable("The TPM has no room for another counter.", hint=NO_ROOM)
    if answer == NV_RATE:
        return ChipUnavailable("The TPM does not write so often.", hint=NO_HURRY)
    return ChipUnavailable(f"The TPM cannot be used: it or the way to it answers 0x{answer:X}.", hint=NO_ANSWER)


def _library() -> Any:
    os.environ.setdefault("TSS2_LOG", "all+none")  # else tpm2-tss writes each refusal to stderr
    try:
        return importlib.import_module("tpm2_pytss")
    except ImportError:
        raise ChipUnavailable(
            "The TPM needs the library tpm2-pytss, which is not installed.", hint=NO_LIBRARY
        ) from None


def _check_device(tcti: str) -> None:
    """Say what is missing: the library has one code for all of it."""
    path = device_file(tcti)
    if path and not os.access(path, os.F_OK):
        raise ChipUnavailable(f"This machine shows no TPM 2.0: there is no {path}.", hint=NO_DEVICE)
    if path and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise ChipUnavailable(f"This user may not open {path}.", hint=NO_RIGHT)

"""The standard streams: there is something behind each of them, and what cannot be written is said."""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from ecrin.errors import EcrinError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputLost(EcrinError):
    """The output cannot be written."""

    code = "OUTPUT_LOST"
    hint = "See where standard output leads, and what was done, before you run the command again."


class _Output(io.FileIO):
    """Standard output, whose errors are told from all others."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:  # whoever read it has seen enough
            raise
        except OSError as error:
            raise OutputLost(f"The output cannot be written: {error.strerror}.") from None


def prepare() -> None:
    """Open what the process was started without: a database must never be where somebody prints."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is not None and not sys.stdout.isatty():  # of a kind of its own on Windows
        sys.stdout = _told(sys.stdout)


def abandon() -> None:
    """Let what is left of the output go nowhere: the interpreter would try once more at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(out: TextIO) -> TextIO:
    raw = _Output(out.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=out.encoding, errors=out.errors)

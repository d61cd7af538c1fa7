"""Units as coroutines: how a unit is run to its end without an event loop (docs/adr/0001-storage-units.md)."""

from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from ecrin.errors import EcrinError

T = TypeVar("T")


class UnitSuspended(EcrinError):
    """A transaction unit awaited something other than its transaction; nothing was written."""

    code = "UNIT_SUSPENDED"
    hint = "This is a programming error: do the waiting before or after the unit, and hand its result in."


class UnitOver(EcrinError):
    """A transaction was used after its unit had ended, or a unit called for another unit."""

    code = "UNIT_OVER"
    hint = "This is a programming error: return rows from the unit, never the transaction itself."


def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Step a coroutine that never suspends and return its value.

    Raises whatever the coroutine raises, and `UnitSuspended` if it waits for anything: it is closed then.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    with suppress(RuntimeError):  # a coroutine that waits again while it is being closed
        coroutine.close()
    raise UnitSuspended

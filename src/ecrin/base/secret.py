"""Secrets that do not show: their text appears only where `reveal` is called."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes)


class Secret(Generic[T]):
    """A value whose `repr` and `str` hide it, so that logs and tracebacks cannot hold it.

    Given a function instead of the value, it is called for each `reveal`: a sealed column stays sealed until it is
    needed, and `reveal` raises what the function raises.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T | Callable[[], T]) -> None:
        self._value: T | Callable[[], T] = value

    def reveal(self) -> T:
        """Return the secret itself."""
        value = self._value
        return value if isinstance(value, str | bytes) else value()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return "Secret(…)"

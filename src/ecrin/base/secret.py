"""Secrets that do not show: their text appears only where `reveal` is called."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes)


@dataclass(frozen=True, slots=True)
class Secret(Generic[T]):
    """A value whose `repr` and `str` hide it, so that logs and tracebacks cannot hold it."""

    _value: T = field(repr=False)

    def reveal(self) -> T:
        """Return the secret itself."""
        return self._value

    def __str__(self) -> str:
        return "Secret(…)"

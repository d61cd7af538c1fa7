"""What a vault tells the app: listeners by event, called in the event loop's thread, in the order of their coming."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ecrin.errors import EcrinError
from ecrin.vault.device.model import Notice
from ecrin.vault.model import LockEvent, VaultConfig

T = TypeVar("T")


class Listeners(Generic[T]):
    """Those who hear of one event."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Call `listener` from now on; return what ends that."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def tell(self, event: T) -> None:
        """Call them all. What a listener raises is the app's own fault, and is raised when all have heard."""
        failures: list[Exception] = []
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  the others must hear of a lock too
                failures.append(error)
        if failures:
            raise failures[0]


@dataclass(slots=True)
class Events:
    """The events of a vault."""

    locked: Listeners[LockEvent] = field(default_factory=Listeners)
    unlocked: Listeners[None] = field(default_factory=Listeners)
    configured: Listeners[VaultConfig] = field(default_factory=Listeners)
    failed: Listeners[EcrinError] = field(default_factory=Listeners)
    notices: Listeners[Notice] = field(default_factory=Listeners)

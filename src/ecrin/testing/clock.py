"""A clock that stands still until a test moves it; it implements `ecrin.base.clock.Clock`."""

from ecrin.base.clock import SECOND, Instant

START = 1_800_000_000 * SECOND


class FakeClock:
    """Starts at a fixed instant."""

    def __init__(self, at: Instant = START) -> None:
        self.at = at

    def now(self) -> Instant:
        """Return the instant it stands at."""
        return self.at

    def tick(self, milliseconds: int) -> None:
        """Move it, forwards or backwards."""
        self.at += milliseconds

"""How a version spread over a fleet."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """When each device had a version, in seconds since the first of them had it, in order; and how many there are."""

    times: tuple[float, ...]
    devices: int

    @classmethod
    def of(cls, times: Sequence[float], devices: int) -> "Curve":
        """Return the curve of the instants at which devices had the version."""
        ordered = sorted(times)
        return cls(tuple(t - ordered[0] for t in ordered), devices)

    def reached(self, share: float) -> float | None:
        """Return the seconds until a share (0 to 1) of the fleet had it, None if that never was."""
        needed = max(1, -(-round(self.devices * share * 1000) // 1000))
        return self.times[needed - 1] if len(self.times) >= needed else None

    def share(self, seconds: float) -> float:
        """Return the share (0 to 1) of the fleet that had it so many seconds after the first."""
        return sum(t <= seconds for t in self.times) / self.devices

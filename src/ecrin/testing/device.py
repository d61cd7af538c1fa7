"""A device for tests, without hardware: its parts implement `ecrin.vault.device.ports`, and a test moves them."""

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from ecrin.testing.clock import START
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.model import Moment, Signal
from ecrin.vault.device.ports import Chip, DeviceClock, DevicePasscode, KeyStore, Platform, Screen, Sensor, Signals


class FakeDeviceClock:
    """A device clock that stands still until a test moves it. Times are in milliseconds."""

    def __init__(self, wall_ms: int = START, since_boot_ms: int = 60_000) -> None:
        self.boot = str(uuid.uuid4())
        self.wall_ms = wall_ms
        self.since_boot_ms = since_boot_ms

    def now(self) -> Moment:
        """Return the moment it stands at."""
        return Moment(self.boot, self.since_boot_ms, self.wall_ms)

    def advance(self, ms: int) -> None:
        """Let time pass; no timer of the process runs by it."""
        self.since_boot_ms += ms
        self.wall_ms += ms

    def sleep(self, ms: int) -> None:
        """Let the device sleep: the clock goes on, which is all that a process sees of it."""
        self.advance(ms)

    def set_wall(self, wall_ms: int) -> None:
        """Set the clock on the wall, forwards or backwards, as a user may; no time passes."""
        self.wall_ms = wall_ms

    def reboot(self, off_ms: int = 20_000) -> None:
        """Restart the device; it is off for that long, and up for a second."""
        self.boot = str(uuid.uuid4())
        self.since_boot_ms = 1_000
        self.wall_ms += off_ms + 1_000


class SimulatedSignals:
    """The user's presence, as a test says it is; `heard_by` counts the watchers."""

    def __init__(self, *, supported: bool = True) -> None:
        self.supported = supported
        self._idle_ms: int | None = 0
        self._watchers: list[Callable[[Signal], None]] = []

    def emit(self, signal: Signal) -> None:
        """Send a signal to all who watch, in the calling thread."""
        for heard in list(self._watchers):
            heard(signal)

    def idle_for(self, ms: int | None) -> None:
        """Say for how long nothing was touched; None: the device cannot tell."""
        self._idle_ms = ms

    @property
    def heard_by(self) -> int:
        """How many watch."""
        return len(self._watchers)

    async def watch(self, heard: Callable[[Signal], None]) -> Callable[[], None]:
        """Call `heard` for each signal; return what ends that. Raises `Unsupported` if the test said so."""
        if not self.supported:
            raise Unsupported
        self._watchers.append(heard)
        return lambda: self._watchers.remove(heard) if heard in self._watchers else None

    async def idle_ms(self) -> int:
        """Return what the test said; raises `Unsupported`."""
        if not self.supported or self._idle_ms is None:
            raise Unsupported
        return self._idle_ms


class SimulatedScreen:
    """A screen that can be hidden."""

    def __init__(self) -> None:
        self._hidden = False

    async def hide(self, hidden: bool) -> None:
        """Hide it, or not any more."""
        self._hidden = hidden

    async def is_hidden(self) -> bool:
        """Return whether it is."""
        return self._hidden


def simulated_platform(
    folder: Path,
    *,
    clock: DeviceClock | None = None,
    key_store: KeyStore | None = None,
    chip: Chip | None = None,
    sensor: Sensor | None = None,
    passcode: DevicePasscode | None = None,
    signals: Signals | None = None,
    screen: Screen | None = None,
    openers: Sequence[object] = (),
) -> Platform:
    """Return a device that keeps its data in `folder` and has everything but a chip; nothing is enrolled or set on it.

    For a device that lacks a part: `dataclasses.replace(platform, sensor=None)`.
    """
    return Platform(
        name="simulated",
        data_folder=folder,
        clock=clock or FakeDeviceClock(),
        key_store=key_store or MemoryKeyStore(),
        chip=chip,
        sensor=sensor or SimulatedSensor(),
        passcode=passcode or SimulatedPasscode(),
        signals=signals or SimulatedSignals(),
        screen=screen or SimulatedScreen(),
        openers=openers,
    )

"""One line per stage of a long command, on a terminal; where there is none, nothing."""

import math
import threading
import time
from collections.abc import Callable
from typing import TextIO

EVERY = 0.1  # seconds between two writes of a line
_UNITS = ("B", "KB", "MB", "GB", "TB")


class Progress:
    """Shows how far the stages of a command are: amount, rate, time remaining. Threads may report at once."""

    def __init__(self, out: TextIO, *, live: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()
        self._stage: _Stage | None = None

    def __call__(self, stage: str, total: int, unit: str = "B") -> Callable[[int], None]:
        """End the stage before and begin one of `total` units (bytes by default); what is returned takes more done."""
        self.end()
        begun = self._stage = _Stage(stage, total, unit, self._clock())
        self._show(begun.line(begun.start))

        def advance(more: int) -> None:
            with self._lock:
                begun.done += more
                now = self._clock()
                if self._stage is begun and now - begun.shown >= EVERY:
                    begun.shown = now
                    self._show(begun.line(now))

        return advance

    def end(self) -> None:
        """End the stage that is under way, whose last line stays."""
        with self._lock:
            stage, self._stage = self._stage, None
        if stage is not None:
            self._show(stage.summary(self._clock()), end="\n")

    def say(self, text: str) -> None:
        """Write a line that stays, terminal or not."""
        self.end()
        self._out.write(f"{text}\n")

    def _show(self, text: str, end: str = "") -> None:
        if self._live:
            self._out.write(f"\r\x1b[2K{text}{end}")
            self._out.flush()


class _Stage:
    """A stage and how much of it is done."""

    def __init__(self, name: str, total: int, unit: str, start: float) -> None:
        self.name, self.total, self.unit, self.start = name, total, unit, start
        self.shown = start
        self.done = 0

    def line(self, now: float) -> str:
        """Return amount, rate and time remaining."""
        rate = self.done / (now - self.start) if now > self.start else 0.0
        if not self.total:
            return self.name
        text = f"{self.name:<9} {self._amount(self.done)} of {self._amount(self.total)}"
        if rate <= 0:
            return text
        left = math.ceil(max(self.total - self.done, 0) / rate)
        return f"{text}, {self._amount(round(rate))}/s, {left} s left"

    def summary(self, now: float) -> str:
        """Return what was done in the end."""
        spent = now - self.start
        rate = f", {self._amount(round(self.done / spent))}/s" if spent > EVERY and self.done else ""
        return f"{self.name:<9} {self._amount(self.done)}{rate}, {spent:.1f} s"

    def _amount(self, number: int) -> str:
        return size(number) if self.unit == "B" else f"{number:,} {self.unit}"


def size(number: float) -> str:
    """Return bytes as people read them, in thousands."""
    for unit in _UNITS:
        if abs(number) < 1000 or unit == _UNITS[-1]:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError

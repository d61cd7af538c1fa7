"""Holding sleep up for a moment, so that what hears of it can still act: logind's delay locks (systemd-inhibit(1))."""

import asyncio
import os
from typing import TYPE_CHECKING

from ecrin.vault.device.linux import logind

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

GRACE_S = 0.5  # for a lock of the vault: logind waits for 5 s at most, unless it is set up otherwise


class SleepDelay:
    """A delay lock that is held while the machine is awake. Where logind refuses it, sleep is only heard of."""

    def __init__(self, bus: "MessageBus") -> None:
        self._bus = bus
        self._descriptor: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        """Take the lock, unless it is held."""
        if self._descriptor is None:
            self._descriptor = await logind.delay_sleep(self._bus)

    def hold_again(self) -> None:
        """Take it again after a sleep, or keep it if that did not come."""
        if self._timer is not None:
            self._timer.cancel()
        self._task = asyncio.get_running_loop().create_task(self.hold())

    def release_soon(self) -> None:
        """Give it back in a moment: the machine sleeps then."""
        self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._release)

    def end(self) -> None:
        """Give it back now, for good."""
        for pending in (self._timer, self._task):
            if pending is not None:
                pending.cancel()
        self._release()

    def _release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

"""When an open vault locks itself: by time, by the app's going to the background, by the desktop's lock and sleep.

A timer only wipes the keys in time. The lock does not hang on it: whoever uses the vault asks `due` first, and that
compares moments which go on while the machine sleeps (attack A47).
"""

import asyncio
from collections.abc import Awaitable, Callable

from ecrin.vault.device.errors import DeviceError
from ecrin.vault.device.model import Moment, Signal
from ecrin.vault.device.ports import DeviceClock, Signals
from ecrin.vault.model import LockReason, VaultConfig
from ecrin.vault.rules import Use, lock_due, next_look_ms

Lock = Callable[[LockReason], Awaitable[None]]
_LOCKING = {Signal.SCREEN_LOCKED, Signal.SLEEP}


class AutoLock:
    """Watches over one vault from `start`, when it is opened, to `stop`, when it is locked."""

    def __init__(self, clock: DeviceClock, lock: Lock) -> None:
        self._clock = clock
        self._lock = lock
        self._config = VaultConfig()
        self._use: Use | None = None
        self._background: Moment | None = None  # since when the app is away, also while the vault is locked
        self._timer: asyncio.TimerHandle | None = None
        self._locking: asyncio.Task[None] | None = None

    def start(self, config: VaultConfig) -> None:
        """Begin to watch; the vault counts as used now."""
        self._config = config
        self._use = Use(self._clock.now(), self._background)
        self._wind()

    def stop(self) -> None:
        """Watch no more."""
        self._use = None
        self._unwind()

    @property
    def watches(self) -> bool:
        """Whether a vault is open."""
        return self._use is not None

    def due(self, *, used: bool = True) -> LockReason | None:
        """Return why the vault has to be locked now, or None; then it counts as used, unless it only was looked at."""
        use = self._use
        if use is None or (self._config.lock_after_idle_ms is None and use.background is None):
            return None
        now = self._clock.now()
        reason = lock_due(self._config, use, now)
        if reason is None and used:
            use.last = now
        return reason

    def backgrounded(self) -> None:
        """Take in that the app went to the background."""
        self._background = self._background or self._clock.now()
        if self._use is not None:
            self._use.background = self._background
            self._wind()

    def foregrounded(self) -> LockReason | None:
        """Take in that the app is in front again; return why the vault has to be locked, or None."""
        reason, self._background = self.due(), None
        if self._use is not None and reason is None:
            self._use.background = None
            self._wind()
        return reason

    async def hear(self, signals: Signals | None) -> Callable[[], None] | None:
        """Lock at the desktop's lock and sleep; return what ends that, or None where nothing can be heard."""
        if signals is None:
            return None
        try:
            return await signals.watch(self._heard)
        except DeviceError:
            return None

    def _heard(self, signal: Signal) -> None:
        if signal in _LOCKING and self._config.lockable and self._config.lock_on_screen_lock:
            self._go(LockReason.SCREEN)
        elif self._use is not None:
            self._wind()  # awake again: the timer stood still

    def _wind(self) -> None:
        self._unwind()
        if self._use is None:
            return
        left = next_look_ms(self._config, self._use, self._clock.now())
        if left is not None:
            self._timer = asyncio.get_running_loop().call_later(left / 1000, self._look)

    def _unwind(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look(self) -> None:
        if self._use is None:
            return
        reason = lock_due(self._config, self._use, self._clock.now())
        if reason is None:
            self._wind()
        else:
            self._go(reason)

    def _go(self, reason: LockReason) -> None:
        if self._use is not None and (self._locking is None or self._locking.done()):
            self._locking = asyncio.ensure_future(self._locked(reason))

    async def _locked(self, reason: LockReason) -> None:
        try:
            await self._lock(reason)
        except Exception as error:  # noqa: BLE001  a listener's: nobody waits for this
            context = {"message": "A listener of the vault failed.", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

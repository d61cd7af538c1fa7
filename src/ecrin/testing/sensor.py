"""A biometric sensor and a device passcode for tests: they implement `ecrin.vault.device.ports`, a test is the user.

A touch may come before the prompt or while it waits. Nothing here has a clock: a lockout ends by `unlock`.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Iterable

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import (
    BiometricsLockedOut,
    BiometricsNotEnrolled,
    DeviceError,
    DevicePasscodeNotSet,
    NotRecognized,
)
from ecrin.vault.device.model import Biometry, Notice, Permission, PromptTexts, SensorState, Strength
from ecrin.vault.device.ports import Tell


class SimulatedSensor:
    """A sensor that knows fingers by their names; after `lockout` failed tries running it is locked."""

    def __init__(
        self,
        *enrolled: str,
        kinds: Iterable[Biometry] = (Biometry.FINGERPRINT,),
        strength: Strength = Strength.STRONG,
        permission: Permission = Permission.GRANTED,
        lockout: int = 5,
    ) -> None:
        self.kinds = frozenset(kinds)
        self.strength = strength
        self.permission = permission
        self.prompts: list[PromptTexts] = []
        self._lockout = lockout
        self._failures = 0
        self._templates = {finger: secrets.token_bytes(16) for finger in enrolled}
        self._user: deque[str | Notice | DeviceError] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._watchers: list[Callable[[], None]] = []

    def enrol(self, finger: str) -> None:
        """Enrol a finger, or the same one anew: that is another set too."""
        self._templates[finger] = secrets.token_bytes(16)
        self._changed()

    def remove(self, finger: str) -> None:
        """Remove a finger."""
        del self._templates[finger]
        self._changed()

    def touch(self, finger: str) -> None:
        """Touch the sensor: one try, of this prompt or of the next."""
        self._does(finger)

    def misread(self) -> None:
        """Touch it too shortly: that is no try."""
        self._does(Notice.RETRY_TOUCH)

    def end(self, error: DeviceError) -> None:
        """End the prompt another way, such as by `UserCanceled()`."""
        self._does(error)

    def unlock(self) -> None:
        """End a lockout, as the device's passcode does."""
        self._failures = 0
        self._changed()

    async def state(self) -> SensorState:
        """Return what the sensor is like."""
        mark = hashlib.sha256(b"".join(sorted(self._templates.values()))).digest() if self._templates else b""
        return SensorState(self.kinds, self.strength, self.permission, mark, self._failures >= self._lockout)

    async def verify(self, texts: PromptTexts, tell: Tell) -> None:
        """Wait for one try; raises as `Sensor.verify` does."""
        self._ready()
        self.prompts.append(texts)
        tell(Notice.TOUCH_SENSOR)
        while isinstance(done := await self._next(), Notice):
            tell(done)
        if isinstance(done, DeviceError):
            raise done
        self._judge(done)

    async def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` at each enrolment, removal and lockout; return what ends that."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed) if changed in self._watchers else None

    def _ready(self) -> None:
        if not self._templates:
            raise BiometricsNotEnrolled
        if self._failures >= self._lockout:
            raise BiometricsLockedOut

    def _judge(self, finger: str) -> None:
        if finger in self._templates:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= self._lockout:
            self._changed()
        raise NotRecognized

    def _does(self, act: str | Notice | DeviceError) -> None:
        self._user.append(act)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.get_loop().call_soon_threadsafe(_wake, waiting)

    async def _next(self) -> str | Notice | DeviceError:
        while not self._user:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._user.popleft()

    def _changed(self) -> None:
        for changed in list(self._watchers):
            changed()


class SimulatedPasscode:
    """The device's passcode; empty is none. `asks_itself` as on a system with a prompt of its own, which says yes."""

    def __init__(self, passcode: str = "", *, asks_itself: bool = False) -> None:
        self.asks_itself = asks_itself
        self.prompts: list[PromptTexts] = []
        self.outcome: DeviceError | None = None
        self._passcode = passcode.encode()

    def change(self, passcode: str) -> None:
        """Set another passcode; empty removes it."""
        self._passcode = passcode.encode()

    async def is_set(self) -> bool:
        """Return whether there is one."""
        return bool(self._passcode)

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Judge a passcode; raises `DevicePasscodeNotSet`, `NotRecognized`, and what a test put into `outcome`."""
        self.prompts.append(texts)
        if not self._passcode:
            raise DevicePasscodeNotSet
        if self.outcome is not None:
            raise self.outcome
        if not self.asks_itself and not hmac.compare_digest(self._passcode, bytes(passcode)):
            raise NotRecognized


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)

"""Who is there? By the sensor, or by the device's passcode where the options allow it; and a way to stop asking."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ecrin.vault.biometrics import rules
from ecrin.vault.biometrics.model import VerifiedBy, VerifyOptions
from ecrin.vault.device.errors import (
    AppCanceled,
    BiometricsUnavailable,
    DeviceError,
    DevicePasscodeNotSet,
    NotInteractive,
)
from ecrin.vault.device.judging import is_set, repeated
from ecrin.vault.device.model import SensorState
from ecrin.vault.device.ports import DevicePasscode, Platform, Sensor

T = TypeVar("T")


class Gate:
    """The sensor and the passcode of a device; see `Biometrics.verify`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._waiting: set[asyncio.Task[Any]] = set()
        self._canceled: set[asyncio.Task[Any]] = set()

    def sensor(self) -> Sensor:
        """Return the sensor; raises `BiometricsUnavailable` on a platform that never has one."""
        if self._platform.sensor is None:
            raise BiometricsUnavailable
        return self._platform.sensor

    async def state(self) -> SensorState:
        """Return what the sensor is like."""
        return await self.sensor().state()

    async def has_passcode(self) -> bool:
        """Return whether there is a passcode to ask for."""
        return await is_set(self._platform.passcode)

    async def verify(self, options: VerifyOptions) -> VerifiedBy:
        """Ask, until somebody is recognized or the options say that it is enough."""
        return await self._cancelable(self._verified(options))

    def cancel(self) -> None:
        """Take the prompts away."""
        for task in self._waiting:
            self._canceled.add(task)
            task.cancel()

    async def _cancelable(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        self._waiting.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if task in self._canceled:
                raise AppCanceled from None
            raise
        finally:
            self._waiting.discard(task)
            self._canceled.discard(task)

    async def _verified(self, options: VerifyOptions) -> VerifiedBy:
        try:
            await self._by_biometrics(options)
        except DeviceError as error:
            if not rules.takes_passcode(error, options):
                raise
        else:
            return VerifiedBy.BIOMETRICS
        await self._by_passcode(options)
        return VerifiedBy.DEVICE_PASSCODE

    async def _by_biometrics(self, options: VerifyOptions) -> None:
        sensor = self.sensor()
        if (error := rules.unfit(await sensor.state(), options)) is not None:
            raise error
        await repeated(lambda: sensor.verify(options.texts, options.tell), options.max_attempts, options.tell)

    async def _by_passcode(self, options: VerifyOptions) -> None:
        passcode = self._platform.passcode
        if passcode is None or not await passcode.is_set():
            raise DevicePasscodeNotSet
        await repeated(lambda: _asked(passcode, options), options.max_attempts, options.tell)


async def _asked(passcode: DevicePasscode, options: VerifyOptions) -> None:
    if passcode.asks_itself:
        return await passcode.verify(b"", options.texts)
    if options.ask is None:
        raise NotInteractive("Nobody asks for the device's passcode.", hint="Hand `ask` to the options.")
    typed = await options.ask()
    try:
        await passcode.verify(typed, options.texts)
    finally:
        typed[:] = bytes(len(typed))

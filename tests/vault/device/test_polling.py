"""Watching by asking: changes are told, once each, and errors of the device are answers."""

import asyncio
from collections.abc import Callable

from ecrin.testing.sensor import SimulatedSensor
from ecrin.vault.device.errors import BiometricsUnavailable, DeviceError
from ecrin.vault.device.model import SensorState
from ecrin.vault.device.polling import watch_by_asking


class Seen:
    """Counts the questions, and keeps what was told."""

    def __init__(self) -> None:
        self.sensor = SimulatedSensor("thumb")
        self.unplugged = False
        self.asked = 0
        self.told: list[SensorState | DeviceError] = []

    async def ask(self) -> SensorState:
        self.asked += 1
        if self.unplugged:
            raise BiometricsUnavailable
        return await self.sensor.state()

    async def look(self) -> None:
        """Wait until two more questions have been asked: the first of them may have begun before."""
        wanted = self.asked + 2
        async with asyncio.timeout(20):
            while self.asked < wanted:
                await asyncio.sleep(0)

    async def watch(self) -> Callable[[], None]:
        return await watch_by_asking(self.ask, self.told.append, 0.001)


async def test_what_stays_as_it_is_is_not_told() -> None:
    seen = Seen()
    end = await seen.watch()
    await seen.look()
    end()
    assert seen.told == []


async def test_each_change_is_told_once() -> None:
    seen = Seen()
    end = await seen.watch()
    seen.sensor.enrol("index")
    await seen.look()
    await seen.look()
    end()
    assert seen.told == [await seen.sensor.state()]


async def test_what_is_unplugged_and_comes_back_is_told_twice() -> None:
    seen = Seen()
    end = await seen.watch()
    seen.unplugged = True
    await seen.look()
    await seen.look()
    seen.unplugged = False
    await seen.look()
    end()
    assert [type(answer) for answer in seen.told] == [BiometricsUnavailable, SensorState]


async def test_after_the_end_nobody_asks() -> None:
    seen = Seen()
    end = await seen.watch()
    end()
    await asyncio.sleep(0.02)
    asked = seen.asked
    await asyncio.sleep(0.02)
    assert seen.asked == asked

"""Load: closed loops for throughput, an open loop for latency. Every reply is checked by the turn that asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.wire import Address, Connection

Turn = Callable[[Connection], Awaitable[object]]
WARM_UP = 0.3


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in a window of time; `processor` is the server's, in seconds, and `times` are per request."""

    requests: int
    seconds: float
    processor: float
    times: list[float]

    @property
    def rate(self) -> float:
        """Return requests per second of the clock."""
        return self.requests / self.seconds

    @property
    def per_processor(self) -> float:
        """Return requests per second of processor time: what other work on the machine disturbs least."""
        return self.requests / self.processor if self.processor else float("nan")


async def closed_loop(
    address: Address, turns: Sequence[Turn], seconds: float, processor: Callable[[], float]
) -> Window:
    """Take each turn again and again on a connection of its own, each time as soon as the last one is answered.

    Only what is answered within the window counts; a warm-up before it does not.
    """
    connections = [await Connection.open(address) for _ in turns]
    times: list[float] = []
    begin = time.perf_counter() + WARM_UP
    end = begin + seconds

    async def loop(connection: Connection, turn: Turn) -> None:
        while (asked := time.perf_counter()) < end:
            await turn(connection)
            if begin <= (answered := time.perf_counter()) < end:
                times.append(answered - asked)

    async def meter() -> float:
        await asyncio.sleep(begin - time.perf_counter())
        before = processor()
        await asyncio.sleep(end - time.perf_counter())
        return processor() - before

    metered = asyncio.create_task(meter())
    await asyncio.gather(*(loop(c, t) for c, t in zip(connections, turns, strict=True)))
    for connection in connections:
        connection.close()
    return Window(len(times), seconds, await metered, times)


async def open_loop(address: Address, turn: Turn, *, rate: float, seconds: float, connections: int = 16) -> list[float]:
    """Ask `rate` times a second whatever the server does; return the seconds from when each question was due.

    A question that finds no free connection waits, and its wait counts: a server that stalls cannot hide it.
    """
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    opened = [await Connection.open(address) for _ in range(connections)]
    for connection in opened:
        idle.put_nowait(connection)

    async def one(due: float) -> float:
        connection = await idle.get()
        await turn(connection)
        idle.put_nowait(connection)
        return time.perf_counter() - due

    begin = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = begin + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        tasks.append(asyncio.create_task(one(due)))
    times = await asyncio.gather(*tasks)
    for connection in opened:
        connection.close()
    return list(times)

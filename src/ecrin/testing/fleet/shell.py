"""The fleet with its network: a task a device, connections that they share, and what the server acknowledged."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from ecrin.testing.fleet.curve import Curve
from ecrin.testing.fleet.device import JSON, Device, Offer
from ecrin.testing.fleet.plan import Plan, draw
from ecrin.testing.fleet.wire import NOTHING, Address, Connection, Reply

CONNECTIONS = 64
TRIES = 5  # for each file of a download
POLL = 0.02  # seconds


class Fleet:
    """A running fleet; its devices live from `async with` to its end.

    `acknowledged` counts the events that the server said it has, by action and version; `installs` are the devices
    (lower case) whose `set` of a version it acknowledged; `trouble` counts what went wrong, by status or error.
    """

    def __init__(self, plan: Plan, address: Address, *, connections: int = CONNECTIONS) -> None:
        self.plan = plan
        self.devices = [Device(*draw(plan, number)) for number in range(plan.devices)]
        self.acknowledged: Counter[tuple[str, str]] = Counter()
        self.installs: dict[str, set[str]] = defaultdict(set)
        self.trouble: Counter[str] = Counter()
        self.checks = 0
        self._since: dict[str, list[float]] = defaultdict(list)
        self._connections = [Connection(address) for _ in range(connections)]
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        self._lives: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for connection in self._connections:
            self._idle.put_nowait(connection)
        self._lives = [asyncio.create_task(self._live(device)) for device in self.devices]
        return self

    async def __aexit__(self, *_: object) -> None:
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        for connection in self._connections:
            connection.close()

    def share(self, version: str) -> float:
        """Return the share (0 to 1) of the devices that run a version."""
        return self.versions()[version] / len(self.devices)

    def versions(self) -> Counter[str]:
        """Return how many devices run each version."""
        return Counter(device.version for device in self.devices)

    def waiting(self) -> int:
        """Return how many events are still on the devices."""
        return sum(len(device.queue) for device in self.devices)

    def curve(self, version: str) -> Curve:
        """Return how a version spread."""
        return Curve.of(self._since[version], len(self.devices))

    def went_back(self) -> list[list[str]]:
        """Return the histories of devices that ran a version again after another one."""
        return [device.history for device in self.devices if len(set(device.history)) < len(device.history)]

    async def until(self, reached: Callable[[], bool], *, within: float) -> None:
        """Wait until something is so; raises `TimeoutError` after `within` seconds, with the state of the fleet."""
        ends = time.monotonic() + within
        while not reached():
            if time.monotonic() > ends:
                raise TimeoutError(f"{dict(self.versions())}, waiting {self.waiting()}, {dict(self.trouble)}")
            self._raise()
            await asyncio.sleep(POLL)

    async def _live(self, device: Device) -> None:
        due = time.time() + device.facts.first
        while True:
            now = time.time()
            if now >= max(due, device.silent_until):
                await self._check(device)
                due = now + device.pause()
            if device.queue and now >= device.silent_until:
                await self._report(device)
            wakes = min(due, now + self.plan.flush) if device.queue else due
            await asyncio.sleep(max(wakes, device.silent_until) - time.time())

    async def _check(self, device: Device) -> None:
        reply = await self._exchange(device, "POST", "/updates", device.question())
        self.checks += 1
        if reply.status != 200:
            return
        offer = device.answered(json.loads(reply.body), time.time())
        if device.kind == "failed":
            self.trouble[json.loads(reply.body)["error"]] += 1
        if offer is not None:
            await self._install(device, offer)

    async def _install(self, device: Device, offer: Offer) -> None:
        complete = not self.plan.files or await self._download(device, offer)
        works = device.chance.random() >= self.plan.faults.get(offer.version, 0.0)
        device.downloaded(offer, complete=complete, works=works, now=time.time())
        if device.version == offer.version:
            self._since[offer.version].append(time.time())

    async def _download(self, device: Device, offer: Offer) -> bool:
        for url in offer.urls:
            for _ in range(TRIES):
                reply = await self._exchange(device, "GET", urlsplit(url).path)
                if reply.status == 200:
                    break
                await asyncio.sleep(self.plan.flush)
            else:
                return False
        return True

    async def _report(self, device: Device) -> None:
        batch = device.batch()
        reply = await self._exchange(device, "POST", "/stats", batch)
        if device.delivered(batch, reply.status) and reply.status == 200:
            self._acknowledge(device, batch, json.loads(reply.body))

    def _acknowledge(self, device: Device, batch: list[JSON], body: JSON) -> None:
        if body.get("status") != "ok" or len(body["results"]) != len(batch):
            self.trouble[str(body.get("error", "a batch without all its results"))] += 1
            return
        for event, result in zip(batch, body["results"], strict=True):
            if result["status"] != "ok":
                self.trouble[result["error"]] += 1
                continue
            self.acknowledged[event["action"], event["version_name"]] += 1
            if event["action"] == "set":
                self.installs[event["version_name"]].add(device.facts.device_id.lower())

    async def _exchange(self, device: Device, method: str, path: str, body: object = None) -> Reply:
        network, chance = self.plan.network, device.chance
        await asyncio.sleep(chance.random() * network.delay)
        lost, arrives = chance.random() < network.loss, chance.random() < 0.5
        reply = NOTHING if lost and not arrives else await self._send(method, path, body)
        reply = NOTHING if lost else reply
        if reply.status not in (200, 206):
            self.trouble[str(reply.status or "no reply")] += 1
        device.heard(reply.status, reply.retry_after, time.time())
        return reply

    async def _send(self, method: str, path: str, body: object) -> Reply:
        connection = await self._idle.get()
        try:
            return await connection.exchange(method, path, b"" if body is None else json.dumps(body).encode())
        finally:
            self._idle.put_nowait(connection)

    def _raise(self) -> None:
        """Let what broke in a device break the test."""
        for life in self._lives:
            if life.done() and not life.cancelled():
                life.result()

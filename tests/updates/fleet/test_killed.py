"""The server is killed twice under a fleet on a bad network: everybody gets there, nothing acknowledged is lost."""

import asyncio
import signal
import socket
from collections import Counter
from pathlib import Path

from ecrin.testing.fleet import Fleet, Network, Plan
from publishing import Publisher
from server_process import Server, start

APP = "com.example.fleet"
DEVICES = 400
WITHIN = 240.0  # seconds; for a machine that is busy with other work
PAGE = {"index.html": "<h1>Notes</h1>"}
NETWORK = Network(loss=0.05, delay=0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def publisher(server: Server) -> Publisher:
    token = (server.data / "operator-token").read_text().strip()
    return Publisher(server.url, token, "default", APP)


def counted(publisher: Publisher) -> Counter[tuple[str, str]]:
    """Return how many events the server has, by action and version."""
    found: Counter[tuple[str, str]] = Counter()
    for version in ("1.0.1", "1.1.0"):
        for point in publisher.stats("series", step="day", version=version)["points"]:
            found[point["action"], version] += point["count"]
    return found


async def killed_and_started(server: Server, port: int) -> Server:
    """Kill the server as a power failure would, and start it again on what is on disk."""
    await asyncio.to_thread(server.end, signal.SIGKILL)
    server.close()
    return await asyncio.to_thread(start, server.data, "serve", "--port", port)


async def test_a_server_that_is_killed_twice_loses_no_device_and_no_event(tmp_path: Path) -> None:
    port = free_port()
    server = await asyncio.to_thread(start, tmp_path / "data", "serve", "--port", port)
    try:
        with publisher(server) as operator:
            operator.create()
            operator.publish("1.0.1", PAGE)
            plan = Plan(APP, DEVICES, seed=23, every=3.0, flush=0.3, network=NETWORK, files=True)
            async with Fleet(plan, ("127.0.0.1", port)) as fleet:
                await fleet.until(lambda: fleet.share("1.0.1") > 0.5, within=WITHIN)
                server = await killed_and_started(server, port)
                await fleet.until(lambda: fleet.share("1.0.1") == 1.0, within=WITHIN)
                await asyncio.to_thread(operator.publish, "1.1.0", PAGE)
                await fleet.until(lambda: fleet.share("1.1.0") > 0.3, within=WITHIN)
                server = await killed_and_started(server, port)
                await fleet.until(lambda: fleet.share("1.1.0") == 1.0 and not fleet.waiting(), within=WITHIN)
            assert fleet.went_back() == []
            versions = {v["version"]: v for v in operator.stats("summary")["versions"]}
            assert versions["1.1.0"]["installs"] == len(fleet.installs["1.1.0"]) == DEVICES
            assert fleet.acknowledged - counted(operator) == Counter()
    finally:
        server.close()

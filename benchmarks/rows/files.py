"""A bundle of 5 MiB over loopback: how long it takes, and whether one of 20 MiB needs more memory."""

import os
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import capgo, machine
from benchmarks.bare import SIZE as ECHOED
from benchmarks.firebase import JSON
from benchmarks.result import Figure, judged, percentile
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Address, get, post

SIZE = 5 * 2**20
LARGER = 4 * SIZE
SECONDS = 0.010
FLAT = 24.0  # MB by which the peak with the larger bundle may be higher: a tenth of what it has more
AT_ONCE = 16


class Reader:
    """A client that reads into one buffer, so that it is not what is measured."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address)
        self._buffer = memoryview(bytearray(LARGER + SIZE))

    def read(self, request: bytes, size: int) -> float:
        """Return the seconds from the first byte sent to the last one of a reply whose body has `size` bytes."""
        begin = time.perf_counter()
        self._socket.sendall(request)
        held, whole = 0, 0
        while not whole or held < whole:
            got = self._socket.recv_into(self._buffer[held:])
            assert got, "the server closed the connection"
            held += got
            if not whole and (end := bytes(self._buffer[: min(held, 8192)]).find(b"\r\n\r\n")) >= 0:
                assert bytes(self._buffer[:12]) == b"HTTP/1.1 200", bytes(self._buffer[:200])
                whole = end + 4 + size
        return time.perf_counter() - begin

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def alone(address: Address, request: bytes, size: int, times: int) -> list[float]:
    """Return how long each of some reads takes, one after the other."""
    reader = Reader(address)
    reader.read(request, size)
    seconds = [reader.read(request, size) for _ in range(times)]
    reader.close()
    return seconds


def peak(server: Server, request: bytes, size: int) -> float:
    """Return the peak of memory (MB) while sixteen clients read."""
    machine.forget_peak(server.pid)
    with ThreadPoolExecutor(AT_ONCE) as clients:
        list(clients.map(lambda _: alone(server.address, request, size, 3), range(AT_ONCE)))
    return machine.peak(server.pid)


def published(operator: capgo.Operator, server: Server, version: str, size: int) -> tuple[bytes, int]:
    """Publish a bundle that cannot be compressed; return the request that reads it, and its size."""
    files = {**capgo.page("large"), "media.bin": os.urandom(size)}
    name = operator.publish(version, files, "production")
    return get(server.address, f"/files/{operator.app_id}/{name}"), len(capgo.zipped(files))


def measure(stage: Stage) -> list[Figure]:
    """Return the median beside an echo that sends as many bytes from memory, and the peaks of memory."""
    with stage.own_ecrin(stage.server_cores) as server, capgo.Operator(server) as operator:
        operator.create()
        mine = published(operator, server, "1.1.0", SIZE)
        larger = published(operator, server, "1.2.0", LARGER)
        bare, times = stage.bare(), 20 if stage.quick else 200
        echo = post(bare.address, "/", b"{}", JSON, {ECHOED.decode(): str(mine[1])})
        with machine.pinned(stage.own_cores):
            ours, peer = alone(server.address, *mine, times), alone(bare.address, echo, mine[1], times)
            idle = server.memory()
            for _ in range(2):
                peak(server, *larger)  # until every thread has the heap that it keeps
            peaks = peak(server, *mine), peak(server, *larger)
    return [_seconds(ours, peer), _memory(idle, *peaks)]


def _seconds(ours: list[float], peer: list[float]) -> Figure:
    median, other = statistics.median(ours), statistics.median(peer)
    return Figure(
        "files",
        "a bundle of 5 MiB over loopback",
        "ms",
        median * 1000,
        other * 1000,
        "bare uvicorn, from memory",
        median / other,
        f"< {SECONDS * 1000:.0f} ms",
        judged(holds=median < SECONDS),
        f"p99 {percentile(ours, 0.99) * 1000:.1f} ms; {SIZE / 2**20 / median:,.0f} MiB/s",
    )


def _memory(idle: float, small: float, large: float) -> Figure:
    return Figure(
        "files",
        f"peak memory, {AT_ONCE} bundles of 20 MiB at once / of 5 MiB",
        "MB",
        large,
        small,
        "5 MiB",
        large / small,
        budget=f"{FLAT:.0f} MB more at most",
        verdict=judged(holds=large - small < FLAT),
        note=f"{idle:.0f} MB before",
    )

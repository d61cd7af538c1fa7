"""What is refused must be refused soon and cheaply (attack A7): 10 MB of header, JSON nested a million deep."""

import base64
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import firebase, machine
from benchmarks.result import Figure, judged
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection, get, post

SECONDS = 0.050
FLAT = 4.0  # MB that the peak of memory may grow; what is sent is 1 to 13 MB, many times over
LARGE = 10 * 10**6
DEEP = 10**6


@dataclass(frozen=True, slots=True)
class Measured:
    """How long refusals took, from the first byte sent to the last of the reply, and what they did to memory (MB)."""

    seconds: list[float]
    statuses: set[int]
    grown: float


def _segment(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _raw(server: Server, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    path = f"/identitytoolkit.googleapis.com/v1/accounts:lookup?key={server.key}"
    return post(server.address, path, body, firebase.JSON, headers)


def _token(server: Server, *segments: str) -> bytes:
    return firebase.call(server, "lookup", idToken=".".join(segments))


def _claims(server: Server) -> bytes:
    header = _segment(json.dumps({"alg": "RS256", "kid": "x", "typ": "JWT"}))
    return _token(server, header, _segment('{"a":' + "[" * 4000 + "]" * 4000 + "}"), "AA")


def _jwe(server: Server) -> bytes:
    header = _segment('{"alg":"dir","enc":"A256GCM","zip":"DEF"}')
    return _token(server, header, "", "AAAA", "A" * 12_000, "AAAA")


# The last three are as large as the limits let through.
CASES: dict[str, Callable[[Server], bytes]] = {
    "ID token with a header of 10 MB": lambda server: _token(server, "A" * LARGE, "e30", "AA"),
    "HTTP header of 10 MB": lambda server: _raw(server, b"{}", {"authorization": "Bearer " + "A" * LARGE}),
    "JSON nested 1,000,000 deep": lambda server: _raw(server, b"[" * DEEP + b"]" * DEEP),
    "JSON nested 32,000 deep": lambda server: _raw(server, b"[" * 32_000 + b"]" * 32_000),
    "ID token whose claims nest 4,000 deep": _claims,
    "JWE with a compressed payload": _jwe,
}


async def refuse(server: Server, request: bytes, times: int) -> Measured:
    """Send a request again and again, on a new connection each time: a server may close one that it refused."""
    connection = await Connection.open(server.address)
    await connection.ask(get(server.address, "/healthz"))
    connection.close()
    machine.forget_peak(server.pid)
    before = machine.peak(server.pid)
    seconds, statuses = [], set()
    for _ in range(times):
        connection = await Connection.open(server.address)
        begin = time.perf_counter()
        status, _body = await connection.exchange(request)
        seconds.append(time.perf_counter() - begin)
        statuses.add(status)
        connection.close()
    return Measured(seconds, statuses, machine.peak(server.pid) - before)


def measure(stage: Stage) -> list[Figure]:
    """Return a line for each case; each has a fresh server, whose heap no other case has stretched."""
    figures = []
    for name, request in CASES.items():
        with stage.own_ecrin(stage.server_cores) as server:
            found = stage.run(refuse(server, request(server), 5 if stage.quick else 30))
        figures.append(_figure(name, found))
    return figures


def _figure(name: str, found: Measured) -> Figure:
    median = statistics.median(found.seconds)
    clean = all(400 <= status < 500 for status in found.statuses)
    return Figure(
        "refused",
        name,
        "ms",
        median * 1000,
        budget=f"< {SECONDS * 1000:.0f} ms, memory flat",
        verdict=judged(holds=clean and median < SECONDS and found.grown < FLAT),
        note=f"status {', '.join(map(str, sorted(found.statuses)))}; peak memory {found.grown:+.1f} MB",
        detail={"statuses": sorted(found.statuses), "peak_mb": found.grown, "slowest_ms": max(found.seconds) * 1000},
    )

"""A server under measurement: started in a process of its own, waited for, read, and stopped again."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import memory, pinned, processor
from benchmarks.wire import Address, get

STARTS_WITHIN = 120.0
STOPS_WITHIN = 15.0


class DidNotStart(Exception):
    """A server ended or did not answer in time; the message ends with what it wrote."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. `started_in` is in seconds, from the start of its process to its first 200."""

    name: str
    process: subprocess.Popen[bytes]
    address: Address
    log: Path
    started_in: float
    key: str = "any"

    @property
    def pid(self) -> int:
        """Return the process at the root of its tree."""
        return self.process.pid

    def processor(self) -> float:
        """Return the seconds of processor time it has used."""
        return processor(self.pid)

    def memory(self) -> float:
        """Return its resident memory in MB, whole tree."""
        return memory(self.pid)

    def stop(self) -> None:
        """End it, politely first."""
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def launch(
    name: str,
    command: Sequence[str],
    address: Address,
    *,
    ready: str,
    folder: Path,
    where: set[int],
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Start a server on the cores `where`, in `folder`, and return it once GET `ready` is a 200."""
    log = folder / f"{name}.log"
    with log.open("wb") as out, pinned(where):
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment or os.environ), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    while not _answers(address, ready):
        if process.poll() is not None or time.perf_counter() - begin > STARTS_WITHIN:
            process.kill()
            raise DidNotStart(f"{name} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.005)
    return Server(name, process, address, log, time.perf_counter() - begin)


def free_port() -> int:
    """Return a port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: Address, path: str) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(get(address, path))
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
